//! The colours of the canvas: the same CSS variables as everything else, read once per theme.

use crate::platform::colour::{shown, variable};
use kraftscope_core::wire::Family;

/// Colours by what they mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Theme {
    pub(super) paper: String,
    pub(super) ink: String,
    pub(super) quiet: String,
    pub(super) line: String,
    pub(super) bad: String,
    pub(super) accent: String,
    pub(super) timer: String,
    pub(super) timer_low: String,
    pub(super) timer_range: String,
    families: [String; 7],
    pub(super) font: String,
}

const FAMILIES: [(Family, &str); 7] = [
    (Family::Raft, "--family-raft"),
    (Family::Heartbeat, "--family-heartbeat"),
    (Family::Fetch, "--family-fetch"),
    (Family::Produce, "--family-produce"),
    (Family::Consume, "--family-consume"),
    (Family::Admin, "--family-admin"),
    (Family::ZooKeeper, "--family-zookeeper"),
];

impl Theme {
    /// The colours as they are now; empty ones where the page has no style.
    pub(super) fn read() -> Theme {
        Theme {
            paper: shown("--paper"),
            ink: shown("--ink"),
            quiet: shown("--ink-2"),
            line: shown("--line"),
            bad: shown("--bad"),
            accent: shown("--accent"),
            timer: shown("--timer"),
            timer_low: shown("--timer-low"),
            timer_range: shown("--timer-range"),
            families: FAMILIES.map(|(_, name)| shown(name)),
            font: variable("--font"),
        }
    }

    /// The colour of a message.
    pub(super) fn family(&self, family: Family) -> &str {
        let place = FAMILIES.iter().position(|(known, _)| *known == family).unwrap_or(0);
        &self.families[place]
    }
}
