//! The document: its language, its theme, and what was typed into a field.

use super::window;
use crate::keys::Press;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::{Event, InputEvent, NodeRef};

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

/// Moves the focus to the element with this id once the page has been drawn.
pub fn focus_soon(id: &'static str) {
    let Some(window) = window() else { return };
    let later = Closure::once_into_js(move || focus(id));
    let _ = window.request_animation_frame(later.unchecked_ref());
}

/// How far an element was scrolled down, and how high its visible part is, in CSS pixels.
pub fn scrolled(event: &Event) -> (f64, f64) {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element
        .map_or((0.0, 0.0), |element| (f64::from(element.scroll_top()), f64::from(element.client_height())))
}

/// Whether the focus of a key press is in a field that takes text, and whether it is on a button or a link.
pub fn focus_kind(event: &yew::KeyboardEvent) -> (bool, bool) {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return (false, false);
    };
    let tag = element.tag_name();
    let typing = match tag.as_str() {
        "INPUT" => {
            element.get_attribute("type").is_none_or(|kind| !matches!(kind.as_str(), "checkbox" | "range"))
        }
        "TEXTAREA" | "SELECT" => true,
        _ => element.has_attribute("contenteditable"),
    };
    (typing, matches!(tag.as_str(), "BUTTON" | "A" | "SUMMARY"))
}

/// Writes text into an element, unless it stands there already.
pub fn set_text(node: &NodeRef, text: &str) {
    if let Some(element) = node.get()
        && element.text_content().as_deref() != Some(text)
    {
        element.set_text_content(Some(text));
    }
}

/// Sets a style of an element.
pub fn set_style(node: &NodeRef, name: &str, value: &str) {
    if let Some(element) = node.cast::<web_sys::HtmlElement>() {
        let _ = element.style().set_property(name, value);
    }
}

/// The width of an element in CSS pixels.
pub fn width(node: &NodeRef) -> f64 {
    node.cast::<web_sys::Element>().map_or(0.0, |element| f64::from(element.client_width()))
}

/// Where a pointer is within an element, from its left edge in CSS pixels.
pub fn x_within(node: &NodeRef, event: &yew::MouseEvent) -> f64 {
    let left =
        node.cast::<web_sys::Element>().map_or(0.0, |element| element.get_bounding_client_rect().left());
    f64::from(event.client_x()) - left
}

/// How far an element is scrolled, in pixels: from the left, from the top.
pub fn scroll_of(element: &NodeRef) -> (f64, f64) {
    let place =
        |element: web_sys::Element| (f64::from(element.scroll_left()), f64::from(element.scroll_top()));
    element.cast::<web_sys::Element>().map(place).unwrap_or_default()
}

/// Gives an element other classes, past the virtual DOM: for what changes with every move of the pointer.
pub fn set_class(element: &NodeRef, class: &str) {
    if let Some(element) = element.cast::<web_sys::Element>() {
        element.set_class_name(class);
    }
}

/// Sends a pointer's events to this element until it is released.
pub fn capture(element: &NodeRef, pointer: i32) {
    if let Some(element) = element.cast::<web_sys::Element>() {
        let _ = element.set_pointer_capture(pointer);
    }
}

/// Calls `pressed` for every key press anywhere on the page; what it returns says whether the press was taken.
pub fn on_key(pressed: impl Fn(&Press<'_>) -> bool + 'static) {
    let Some(window) = window() else { return };
    let listen = Closure::<dyn Fn(yew::KeyboardEvent)>::new(move |event: yew::KeyboardEvent| {
        let (typing, on_button) = focus_kind(&event);
        let key = event.key();
        let press = Press {
            key: &key,
            shift: event.shift_key(),
            control: event.ctrl_key() || event.meta_key(),
            alt: event.alt_key(),
            typing,
            on_button,
        };
        if !event.default_prevented() && pressed(&press) {
            event.prevent_default();
        }
    });
    let _ = window.add_event_listener_with_callback("keydown", listen.as_ref().unchecked_ref());
    listen.forget();
}

/// Puts an element at a place of the window, moved so that it stays within; the middle when there is no place.
pub fn place(node: &NodeRef, x: f64, y: f64) {
    let Some((window, element)) = window().zip(node.cast::<web_sys::HtmlElement>()) else { return };
    let size =
        |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    let (wide, high) = (size(window.inner_width()), size(window.inner_height()));
    let own = element.get_bounding_client_rect();
    let (x, y) =
        if x == 0.0 && y == 0.0 { ((wide - own.width()) / 2.0, (high - own.height()) / 2.0) } else { (x, y) };
    let fit = |at: f64, own: f64, whole: f64| at.min(whole - own - 8.0).max(8.0);
    set_style(node, "left", &format!("{}px", fit(x, own.width(), wide)));
    set_style(node, "top", &format!("{}px", fit(y, own.height(), high)));
}

/// Moves the focus among the buttons of a list, from the one that a key was pressed on.
pub fn focus_sibling(event: &yew::KeyboardEvent, by: i32) {
    let Some(from) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let item = |element: &web_sys::Element| element.closest("li").ok().flatten();
    let mut at = item(&from);
    while let Some(here) = at {
        at = if by > 0 { here.next_element_sibling() } else { here.previous_element_sibling() };
        let button = at.as_ref().and_then(|item| item.query_selector("button").ok().flatten());
        if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = button.focus();
            return;
        }
    }
}

/// Scrolls an element to this place from its top, in CSS pixels.
pub fn scroll_to(node: &NodeRef, top: f64) {
    if let Some(element) = node.cast::<web_sys::Element>() {
        element.set_scroll_top(top as i32);
    }
}

/// Scrolls the panel around an element so that the element stands `below` CSS pixels under the panel's upper edge.
pub fn scroll_panel_to(node: &NodeRef, below: f64) {
    let Some(element) = node.cast::<web_sys::Element>() else { return };
    let Ok(Some(panel)) = element.closest(".side") else { return };
    let off = element.get_bounding_client_rect().top() - panel.get_bounding_client_rect().top();
    panel.set_scroll_top((f64::from(panel.scroll_top()) + off - below) as i32);
}

/// Calls `changed` whenever the window has another size.
pub fn on_resize(changed: impl Fn() + 'static) {
    let Some(window) = window() else { return };
    let listen = Closure::<dyn Fn()>::new(changed);
    let _ = window.add_event_listener_with_callback("resize", listen.as_ref().unchecked_ref());
    listen.forget();
}
