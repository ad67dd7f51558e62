//! Settings for a part: `release`, `set` and `switch` as in a genesis, before the part starts.

use crate::config::Settings;
use crate::release::Release;
use crate::scenario::command::{Command, Verb};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// `release NAME`.
pub(super) const RELEASE: Verb =
    Verb { usage: "release NAME", about: "Settings and switches of this release, for what starts next." };
/// `set KEY VALUE`.
pub(super) const SET: Verb =
    Verb { usage: "set KEY VALUE", about: "One setting under Kafka's key, for what starts next." };
/// `switch NAME VALUE`.
pub(super) const SWITCH: Verb =
    Verb { usage: "switch NAME VALUE", about: "One historic behaviour, for what starts next." };

/// Carries out one of the three commands; false when it is another.
pub(super) fn run(settings: &mut Settings, command: &Command<'_>) -> Result<bool, String> {
    let word = |index| command.at(index).unwrap_or_default();
    match command.verb {
        "release" => {
            // A part whose voters are named by its start keeps them so; one that appends at once goes on to.
            let (voters_in_log, linger) =
                (settings.features.kraft_version_1, settings.controller_quorum_append_linger);
            *settings = Settings::of(release(word(0))?);
            settings.features.kraft_version_1 &= voters_in_log;
            settings.controller_quorum_append_linger = settings.controller_quorum_append_linger.min(linger);
        }
        "set" => settings.set(word(0), word(1)).map_err(|error| error.to_string())?,
        "switch" => settings.features.set(word(0), word(1))?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn release(name: &str) -> Result<Release, String> {
    Release::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Release::ALL.iter().map(|release| release.name()).collect();
        format!("'{name}' is no release: write one of {}", known.join(", "))
    })
}
