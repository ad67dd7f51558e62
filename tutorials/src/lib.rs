//! The lessons: one Markdown file per chapter and language, and what is in them.
//!
//! A chapter is prose, scenario blocks that really run, Predict cards and goals. The files are part of the
//! program; a test plays every chapter in both languages. How to write one stands in CONTRIBUTING.md.

mod parse;
mod prose;

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
