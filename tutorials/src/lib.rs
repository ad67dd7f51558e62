//! The lessons: one Markdown file per chapter and language, and what is in them.
//!
//! A chapter is prose, scenario blocks that really run, Predict cards and goals. The files are part of the
//! program; a test plays every chapter in both languages. How to write one stands in CONTRIBUTING.md.
//!
//! Beside them stand the claims: sentences about Kafka that one reads often, with a verdict and runs that show it.

mod claims;
mod parse;
mod prose;

pub use claims::{Claim, ClaimRun, MARK, Shown, Verdict, claims};
pub use parse::{Answer, Goal, Lesson, LessonError, Predict, Step};
pub use prose::{Block, Run};

/// A language of the lessons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// One chapter's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Its folder: `01-partition`.
    pub name: &'static str,
    english: &'static str,
    chinese: &'static str,
}

macro_rules! chapters {
    ($($name:literal),+ $(,)?) => {
        &[$(Chapter {
            name: $name,
            english: include_str!(concat!("../chapters/", $name, "/en.md")),
            chinese: include_str!(concat!("../chapters/", $name, "/zh.md")),
        }),+]
    };
}

/// All chapters in their order.
pub const CHAPTERS: &[Chapter] = chapters![
    "01-partition",
    "02-election",
    "03-leader-dies",
    "04-isr",
    "05-acknowledged-and-lost",
    "06-epochs-all-the-way-down",
    "07-last-replica-standing",
    "08-unclean-election",
    "09-zombie-leader",
    "10-zookeeper",
    "11-zookeeper-to-kraft",
    "12-why-not-raft-per-partition",
    "13-zombie-controllers",
    "14-claims-checked",
];

macro_rules! runs {
    ($($name:literal),+ $(,)?) => {
        &[$(ClaimRun { name: $name, text: include_str!(concat!("../claims/", $name, ".txt")) }),+]
    };
}

/// The runs of all claims.
pub const CLAIMS: &[ClaimRun] = runs![
    "01-kraft",
    "01-zookeeper",
    "02-kraft",
    "02-zookeeper",
    "03-join-and-reassign",
    "04-followers-pull",
    "05-below-the-high-watermark",
    "05-stale-reads",
    "06-replicas-stay",
    "07-new-broker",
    "08-brokers-hold-the-logs",
    "08-groups-live-on-brokers",
    "09-the-leader-waits",
    "10-every-member-of-the-isr",
    "10-majority-of-the-quorum",
    "10-raft-partition",
    "11-read-twice",
    "12-sticky",
    "13-one-more-partition",
    "13-same-key",
    "14-isr-of-one",
    "14-isr-of-two",
    "15-kafkaraft",
    "15-kraft",
    "16-ask-followers",
    "17-follower-in-the-rack",
    "18-one-controller-decides",
    "19-idempotence",
    "19-retries-0",
    "20-retention",
    "20-truncated",
];

impl Chapter {
    /// The chapter of this name.
    pub fn named(name: &str) -> Option<&'static Chapter> {
        CHAPTERS.iter().find(|chapter| chapter.name == name)
    }

    /// Its file.
    pub const fn source(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        }
    }

    /// What stands in it. Errors name the line.
    pub fn lesson(&self, language: Language) -> Result<Lesson, LessonError> {
        parse::lesson(self.source(language))
    }
}
