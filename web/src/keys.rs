//! Keys: what a person, or a presenter's remote, means by them.

use crate::model::Msg;

/// The message for a key, in the browser's names.
pub fn message(key: &str) -> Option<Msg> {
    Some(match key {
        " " => Msg::TogglePlay,
        "f" | "F" => Msg::TogglePresent,
        _ => return None,
    })
}
