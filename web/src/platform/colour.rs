//! The colours of the style sheet as a canvas needs them: resolved for the theme of the moment.
//!
//! The value of a variable may be `light-dark(…)`, which a canvas does not understand. A property of an element that
//! uses the variable has the one colour that is shown.

use super::window;
use wasm_bindgen::JsCast;
use web_sys::{CssStyleDeclaration, HtmlElement};

/// A property that is not inherited and that the root element has no use for: asking with it styles nothing else anew.
const ASKED: &str = "column-rule-color";

fn root() -> Option<HtmlElement> {
    window()?.document()?.document_element()?.dyn_into().ok()
}

fn computed(element: &HtmlElement) -> Option<CssStyleDeclaration> {
    window()?.get_computed_style(element).ok().flatten()
}

fn value(style: Option<CssStyleDeclaration>, property: &str) -> String {
    let value = style.and_then(|style| style.get_property_value(property).ok());
    value.map(|value| value.trim().to_owned()).unwrap_or_default()
}

/// What a variable says, letter by letter; empty where the page has no style.
pub fn variable(name: &str) -> String {
    value(root().and_then(|root| computed(&root)), name)
}

/// The colour that a variable means now, such as `rgb(251, 250, 246)`; empty where the page has no style.
pub fn shown(name: &str) -> String {
    let Some(root) = root() else { return String::new() };
    let _ = root.style().set_property(ASKED, &format!("var({name})"));
    let colour = value(computed(&root), ASKED);
    let _ = root.style().remove_property(ASKED);
    colour
}

/// The colour of the page's ground, to notice another theme cheaply.
pub fn ground() -> String {
    let body = window().and_then(|window| window.document()?.body());
    value(body.and_then(|body| computed(&body)), "background-color")
}
