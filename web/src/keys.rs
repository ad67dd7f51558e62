//! Keys: what a person, or a presenter's remote, means by them.

use crate::model::{ActMsg, CompareMsg, Msg, Overlay, PageMsg, TimeMsg};

/// A key press, in the browser's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Press<'a> {
    /// The key: `a`, `ArrowLeft`, ` `.
    pub key: &'a str,
    /// With shift.
    pub shift: bool,
    /// With control, or the command key.
    pub control: bool,
    /// With alt.
    pub alt: bool,
    /// In a field that takes text.
    pub typing: bool,
    /// On a button or a link, which space and enter press.
    pub on_button: bool,
}

/// What the page shows as help: the key and the text's key, in this order.
pub const HELP: &[(&str, &str)] = &[
    ("Space", "keys.play"),
    ("→", "keys.forward"),
    ("←", "keys.back"),
    ("Shift →", "keys.notable"),
    ("Shift ←", "keys.back-notable"),
    ("PgDn PgUp .", "keys.remote"),
    ("Home End", "keys.ends"),
    ("+ −", "keys.speed"),
    ("U", "keys.until"),
    ("1 … 9", "keys.select"),
    ("M", "keys.menu"),
    ("K", "keys.kill"),
    ("R", "keys.restart"),
    ("P", "keys.pause"),
    ("C", "keys.cut"),
    ("Ctrl Z", "keys.undo"),
    ("W", "keys.why"),
    ("V", "keys.compare"),
    ("/ Ctrl K", "keys.palette"),
    ("F", "keys.present"),
    ("?", "keys.help"),
    ("Esc", "keys.close"),
];

/// The message for a key press; `None` leaves it to the browser.
pub fn message(press: Press<'_>) -> Option<Msg> {
    if press.key == "Escape" {
        return Some(PageMsg::Close.into());
    }
    if press.alt {
        return None;
    }
    if press.control {
        return match press.key {
            "k" | "K" => Some(PageMsg::Open(Overlay::Palette).into()),
            "z" | "Z" if !press.typing => Some(ActMsg::Undo.into()),
            _ => None,
        };
    }
    if press.typing || (press.on_button && matches!(press.key, " " | "Enter")) {
        return None;
    }
    time(press).or_else(|| other(press.key))
}

fn time(press: Press<'_>) -> Option<Msg> {
    let msg = match (press.key, press.shift) {
        (" ", _) => TimeMsg::Toggle,
        ("ArrowRight", false) => TimeMsg::Forward,
        ("ArrowLeft", false) => TimeMsg::Back,
        ("ArrowRight", true) | ("PageDown", _) => TimeMsg::ForwardNotable,
        ("ArrowLeft", true) | ("PageUp", _) => TimeMsg::BackNotable,
        (".", _) => TimeMsg::Toggle,
        ("Home", _) => TimeMsg::ToStart,
        ("End", _) => TimeMsg::ToEnd,
        ("+" | "=", _) => TimeMsg::Faster,
        ("-" | "_", _) => TimeMsg::Slower,
        _ => return None,
    };
    Some(msg.into())
}

fn other(key: &str) -> Option<Msg> {
    Some(match key {
        "u" | "U" => PageMsg::Open(Overlay::Until).into(),
        "/" => PageMsg::Open(Overlay::Palette).into(),
        "?" => PageMsg::Open(Overlay::Help).into(),
        "f" | "F" => PageMsg::TogglePresent.into(),
        "w" | "W" => PageMsg::Why.into(),
        "v" | "V" => CompareMsg::Toggle.into(),
        "m" | "M" | "ContextMenu" => PageMsg::MenuOfSelected.into(),
        "k" | "K" => ActMsg::Kill.into(),
        "r" | "R" => ActMsg::Restart.into(),
        "p" | "P" => ActMsg::Pause.into(),
        "c" | "C" => ActMsg::Cut.into(),
        digit => {
            let number = digit.parse::<u8>().ok().filter(|number| (1..=9).contains(number))?;
            PageMsg::SelectBroker(number).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(key: &str) -> Option<Msg> {
        message(Press { key, ..Press::default() })
    }

    #[test]
    fn the_keys_of_a_presenters_remote_step() {
        assert_eq!(pressed("PageDown"), Some(TimeMsg::ForwardNotable.into()));
        assert_eq!(pressed("PageUp"), Some(TimeMsg::BackNotable.into()));
        assert_eq!(pressed("."), Some(TimeMsg::Toggle.into()));
    }

    #[test]
    fn shift_makes_a_step_a_leap() {
        assert_eq!(pressed("ArrowRight"), Some(TimeMsg::Forward.into()));
        let leap = Press { key: "ArrowRight", shift: true, ..Press::default() };
        assert_eq!(message(leap), Some(TimeMsg::ForwardNotable.into()));
    }

    #[test]
    fn who_types_text_presses_no_keys_but_escape() {
        let typed = |key| message(Press { key, typing: true, ..Press::default() });
        assert_eq!([typed("k"), typed(" "), typed("ArrowLeft")], [None, None, None]);
        assert_eq!(typed("Escape"), Some(PageMsg::Close.into()));
    }

    #[test]
    fn space_on_a_button_presses_the_button() {
        let press = |key| message(Press { key, on_button: true, ..Press::default() });
        assert_eq!(press(" "), None);
        assert_eq!(press("ArrowRight"), Some(TimeMsg::Forward.into()));
    }

    #[test]
    fn control_keys_are_left_to_the_browser_except_two() {
        let press = |key| message(Press { key, control: true, ..Press::default() });
        assert_eq!(press("k"), Some(PageMsg::Open(Overlay::Palette).into()));
        assert_eq!(press("z"), Some(ActMsg::Undo.into()));
        assert_eq!([press("r"), press("p"), press("f")], [None, None, None]);
    }

    #[test]
    fn digits_select_brokers() {
        assert_eq!(pressed("3"), Some(PageMsg::SelectBroker(3).into()));
        assert_eq!([pressed("0"), pressed("10"), pressed("x")], [None, None, None]);
    }
}
