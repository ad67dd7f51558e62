//! The colours of the canvas: the same CSS variables as everything else, read once per theme.

use kraftscope_core::wire::Family;
use wasm_bindgen::JsCast;

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
    families: [String; 6],
    pub(super) font: String,
}

const FAMILIES: [(Family, &str); 6] = [
    (Family::Raft, "--family-raft"),
    (Family::Heartbeat, "--family-heartbeat"),
    (Family::Fetch, "--family-fetch"),
    (Family::Produce, "--family-produce"),
    (Family::Consume, "--family-consume"),
    (Family::Admin, "--family-admin"),
];

impl Theme {
    /// The colours as they are now; empty ones where the page has no style.
    pub(super) fn read() -> Theme {
        let style = crate::platform::window()
            .and_then(|window| Some((window.clone(), window.document()?.document_element()?)))
            .and_then(|(window, root)| window.get_computed_style(&root).ok().flatten());
        let value = |name: &str| {
            let value = style.as_ref().and_then(|style| style.get_property_value(name).ok());
            value.map(|value| value.trim().to_owned()).unwrap_or_default()
        };
        Theme {
            paper: value("--paper"),
            ink: value("--ink"),
            quiet: value("--ink-2"),
            line: value("--line"),
            bad: value("--bad"),
            accent: value("--accent"),
            timer: value("--timer"),
            timer_low: value("--timer-low"),
            timer_range: value("--timer-range"),
            families: FAMILIES.map(|(_, name)| value(name)),
            font: value("--font"),
        }
    }

    /// The colour of the page's ground, to notice another theme cheaply.
    pub(super) fn ground() -> String {
        let window = crate::platform::window();
        let body = window.and_then(|window| window.document()?.document_element());
        let style = body.and_then(|root| {
            crate::platform::window()?.get_computed_style(root.unchecked_ref()).ok().flatten()
        });
        let value = style.and_then(|style| style.get_property_value("--paper").ok());
        value.map(|value| value.trim().to_owned()).unwrap_or_default()
    }

    /// The colour of a message.
    pub(super) fn family(&self, family: Family) -> &str {
        let place = FAMILIES.iter().position(|(known, _)| *known == family).unwrap_or(0);
        &self.families[place]
    }
}
