//! The same cluster under other conditions: another mode, release, or setting.
//!
//! A genesis loses what a mode cannot have (spare controllers, groups without a coordinator), and a release that a mode
//! never had becomes the nearest one that it had.

use crate::config::Settings;
use crate::mode::{Mode, ReplicationPlane};
use crate::release::Release;
use crate::sim::genesis::Genesis;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::Serialize;

/// What is compared: one line of text, which a file may bear behind a `#`.
///
/// `compare modes zookeeper kraft`, `compare releases 0.10.2 4.1`, `compare set min.insync.replicas 1 2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Differ {
    /// Modes.
    Modes(Vec<Mode>),
    /// Releases.
    Releases(Vec<Release>),
    /// Values of a setting.
    Setting(String, Vec<String>),
}

/// What the line begins with.
const HEADER: &str = "compare ";

impl Differ {
    /// What the first lines of a text, its comments, ask to compare, if they do.
    pub fn of_text(text: &str) -> Option<Differ> {
        let comments = text.lines().map_while(|line| line.trim().strip_prefix('#'));
        comments.into_iter().find_map(|line| Differ::parse(line.trim()))
    }

    /// Reads what [`Differ`]'s `Display` writes.
    pub fn parse(line: &str) -> Option<Differ> {
        let mut words = line.strip_prefix(HEADER)?.split_whitespace();
        match words.next()? {
            "modes" => words.map(Mode::parse).collect::<Option<Vec<Mode>>>().map(Differ::Modes),
            "releases" => words.map(Release::parse).collect::<Option<Vec<Release>>>().map(Differ::Releases),
            "set" => {
                let key = words.next()?.to_string();
                Some(Differ::Setting(key, words.map(ToString::to_string).collect()))
            }
            _ => None,
        }
    }

    /// The variants, in order.
    pub fn variants(&self) -> Vec<Variant> {
        match self {
            Differ::Modes(modes) => Variant::all(modes, &[], &[]),
            Differ::Releases(releases) => Variant::all(&[], releases, &[]),
            Differ::Setting(key, values) => Variant::all(&[], &[], &[(key.clone(), values.clone())]),
        }
    }
}

impl fmt::Display for Differ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        match self {
            Differ::Modes(modes) => {
                f.write_str("modes")?;
                modes.iter().try_for_each(|mode| write!(f, " {mode}"))
            }
            Differ::Releases(releases) => {
                f.write_str("releases")?;
                releases.iter().try_for_each(|release| write!(f, " {release}"))
            }
            Differ::Setting(key, values) => {
                write!(f, "set {key}")?;
                values.iter().try_for_each(|value| write!(f, " {value}"))
            }
        }
    }
}

/// What a run differs in from the one that the text describes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Variant {
    /// Another mode.
    pub mode: Option<Mode>,
    /// Another release: all settings get its defaults, and then what the text has changed.
    pub release: Option<Release>,
    /// Other values: `min.insync.replicas` = `1`.
    pub settings: Vec<(String, String)>,
}

impl Variant {
    /// What it is called: `zookeeper`, `0.10.2`, `min.insync.replicas=1`; the mode when it differs in nothing.
    pub fn name(&self, base: &Genesis) -> String {
        let mode = self.mode.map(|mode| mode.to_string());
        let played = self.release_of(base);
        let release = (self.release.is_some() || played != base.settings.release).then(|| played.to_string());
        let settings = self.settings.iter().map(|(key, value)| format!("{key}={value}"));
        let parts: Vec<String> = mode.into_iter().chain(release).chain(settings).collect();
        if parts.is_empty() { base.mode.to_string() } else { parts.join(" ") }
    }

    /// The release that is played: the one that is asked for, or the nearest to the text's that knows the mode.
    fn release_of(&self, base: &Genesis) -> Release {
        let known = Release::of_mode(self.mode.unwrap_or(base.mode));
        let release = self.release.unwrap_or(base.settings.release);
        match (self.release, self.mode, known.first(), known.last()) {
            (None, Some(_), Some(first), Some(last)) if !known.contains(&release) => {
                release.clamp(*first, *last)
            }
            _ => release,
        }
    }

    /// The cluster in this variant.
    ///
    /// # Errors
    /// What cannot be, and why.
    pub fn of(&self, base: &Genesis) -> Result<Genesis, String> {
        let mut genesis = base.clone();
        let release = self.release_of(base);
        if release != base.settings.release {
            let changed: Vec<(&'static str, String)> = base.settings.changed();
            genesis.settings = Settings::of(release);
            for (key, value) in changed {
                genesis.settings.set(key, &value).map_err(|error| error.to_string())?;
            }
        }
        if let Some(mode) = self.mode {
            genesis = genesis.in_mode(mode);
            if mode.replication() == ReplicationPlane::Raft {
                genesis.consumers.iter_mut().for_each(|consumer| consumer.group = None);
            }
        }
        for (key, value) in &self.settings {
            set(&mut genesis, key, value)?;
        }
        genesis.validate().map_err(|error| error.0)?;
        Ok(genesis)
    }

    /// Every combination: modes with releases with the values of each setting.
    pub fn all(modes: &[Mode], releases: &[Release], settings: &[(String, Vec<String>)]) -> Vec<Variant> {
        let mut variants = alloc::vec![Variant::default()];
        let spread = |variants: Vec<Variant>, ways: Vec<Variant>| -> Vec<Variant> {
            if ways.is_empty() {
                return variants;
            }
            let join = |one: &Variant, way: &Variant| Variant {
                mode: way.mode.or(one.mode),
                release: way.release.or(one.release),
                settings: one.settings.iter().chain(&way.settings).cloned().collect(),
            };
            variants.iter().flat_map(|one| ways.iter().map(move |way| join(one, way))).collect()
        };
        let by_mode = modes.iter().map(|&mode| Variant { mode: Some(mode), ..Variant::default() });
        variants = spread(variants, by_mode.collect());
        let by_release =
            releases.iter().map(|&release| Variant { release: Some(release), ..Variant::default() });
        variants = spread(variants, by_release.collect());
        for (key, values) in settings {
            let one = |value: &String| Variant {
                settings: alloc::vec![(key.clone(), value.clone())],
                ..Variant::default()
            };
            variants = spread(variants, values.iter().map(one).collect());
        }
        variants
    }
}

/// A setting of the cluster holds for its topics, too, where they have their own value.
fn set(genesis: &mut Genesis, key: &str, value: &str) -> Result<(), String> {
    match key {
        "min.insync.replicas" => genesis.topics.iter_mut().for_each(|topic| topic.min_insync_replicas = None),
        "unclean.leader.election.enable" => {
            genesis.topics.iter_mut().for_each(|topic| topic.unclean_leader_election_enable = None);
        }
        _ => {}
    }
    genesis.settings.set(key, value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_changes_what_it_names_and_nothing_else() {
        let base = Genesis::default();
        let variant = Variant { mode: Some(Mode::ZooKeeper), ..Variant::default() };
        let other = variant.of(&base).expect("a cluster");
        assert_eq!((other.zookeepers, other.controllers, other.seed), (3, 0, base.seed));
        assert_eq!(variant.name(&base), "zookeeper 3.9", "the last release that has it");
        let setting = alloc::vec![(String::from("min.insync.replicas"), String::from("1"))];
        let one = Variant { settings: setting, ..Variant::default() }.of(&base).expect("a cluster");
        assert_eq!(one.settings.min_insync_replicas, 1);
        assert!(one.topics.iter().all(|topic| topic.min_insync_replicas.is_none()));
    }

    #[test]
    fn what_is_compared_reads_back_as_it_was_printed() {
        let lines = [
            "compare modes zookeeper kraft kafkaraft",
            "compare releases 0.10.2 4.1",
            "compare set min.insync.replicas 1 2",
        ];
        for line in lines {
            assert_eq!(Differ::parse(line).map(|differ| differ.to_string()).as_deref(), Some(line));
        }
        assert_eq!(
            Differ::of_text("# A script.\n# compare releases 1.1 4.0\nseed 1"),
            Differ::parse("compare releases 1.1 4.0")
        );
        assert_eq!(Differ::of_text("seed 1\n# compare modes kraft"), None);
        assert_eq!(Differ::parse("compare modes paxos"), None);
    }

    #[test]
    fn variants_are_every_combination_of_what_is_asked_for() {
        let values = [(String::from("acks"), ["1", "all"].map(String::from).to_vec())];
        let all = Variant::all(&[Mode::ZooKeeper, Mode::KRaft], &[], &values);
        let names: Vec<String> = all.iter().map(|variant| variant.name(&Genesis::default())).collect();
        assert_eq!(
            names,
            ["zookeeper 3.9 acks=1", "zookeeper 3.9 acks=all", "kraft acks=1", "kraft acks=all"]
        );
        assert_eq!(Variant::all(&[], &[], &[]), [Variant::default()]);
    }
}
