//! The document: its language, its theme, and what was typed into a field.

use super::window;
use wasm_bindgen::JsCast;
use yew::{Event, InputEvent};

fn root() -> Option<web_sys::Element> {
    window()?.document()?.document_element()
}

/// Sets an attribute of the root element; an empty value removes it.
pub fn set_root(name: &str, value: &str) {
    if let Some(root) = root() {
        let _ = if value.is_empty() { root.remove_attribute(name) } else { root.set_attribute(name, value) };
    }
}

/// Whether a media query holds, such as `(prefers-reduced-motion: reduce)`.
pub fn media(query: &str) -> bool {
    window().and_then(|window| window.match_media(query).ok().flatten()).is_some_and(|list| list.matches())
}

/// The browser's first language, such as `zh-CN`.
pub fn language() -> String {
    window().and_then(|window| window.navigator().language()).unwrap_or_default()
}

/// The value of the input, select or text area that an event came from.
fn value(target: Option<web_sys::EventTarget>) -> String {
    let Some(target) = target else { return String::new() };
    if let Some(field) = target.dyn_ref::<web_sys::HtmlInputElement>() {
        return if field.type_() == "checkbox" { field.checked().to_string() } else { field.value() };
    }
    if let Some(field) = target.dyn_ref::<web_sys::HtmlSelectElement>() {
        return field.value();
    }
    target.dyn_ref::<web_sys::HtmlTextAreaElement>().map(|field| field.value()).unwrap_or_default()
}

/// What a field holds after typing into it.
pub fn typed(event: &InputEvent) -> String {
    value(event.target())
}

/// What a field holds after a change; a check box says `true` or `false`.
pub fn changed(event: &Event) -> String {
    value(event.target())
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    let element = window().and_then(|window| window.document()).and_then(|d| d.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// How far an element is scrolled, in pixels: from the left, from the top.
pub fn scroll_of(element: &yew::NodeRef) -> (f64, f64) {
    let place =
        |element: web_sys::Element| (f64::from(element.scroll_left()), f64::from(element.scroll_top()));
    element.cast::<web_sys::Element>().map(place).unwrap_or_default()
}

/// Gives an element other classes, past the virtual DOM: for what changes with every move of the pointer.
pub fn set_class(element: &yew::NodeRef, class: &str) {
    if let Some(element) = element.cast::<web_sys::Element>() {
        element.set_class_name(class);
    }
}

/// Sends a pointer's events to this element until it is released.
pub fn capture(element: &yew::NodeRef, pointer: i32) {
    if let Some(element) = element.cast::<web_sys::Element>() {
        let _ = element.set_pointer_capture(pointer);
    }
}
