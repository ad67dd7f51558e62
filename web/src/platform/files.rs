//! Texts that leave the page or come to it: clipboard, downloads, files, the address.

use super::window;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

fn document() -> Option<web_sys::Document> {
    window()?.document()
}

/// Puts `text` on the clipboard; a browser that refuses leaves it as it was.
pub fn copy(text: &str) {
    if let Some(window) = window() {
        // Absent where the page was not loaded safely, such as from a disk.
        let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into());
        if clipboard.is_ok_and(|clipboard| !clipboard.is_undefined()) {
            let refused = Closure::once(|_: JsValue| {});
            let _ = window.navigator().clipboard().write_text(text).catch(&refused);
            refused.forget();
        }
    }
}

/// Offers `text` as a file of that name.
pub fn download(name: &str, text: &str) {
    let _ = try_download(name, text);
}

fn try_download(name: &str, text: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&text.into());
    let blob = web_sys::Blob::new_with_str_sequence(&parts)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let document = document().ok_or(JsValue::NULL)?;
    let link: web_sys::HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&url)
}

/// Lets a person choose a file and hands its text to `take`.
pub fn pick(take: impl Fn(String) + 'static) {
    let Some(input) = document().and_then(|document| document.create_element("input").ok()) else { return };
    let input: web_sys::HtmlInputElement = input.unchecked_into();
    input.set_type("file");
    input.set_accept(".txt,text/plain");
    let take = std::rc::Rc::new(take);
    let chosen = input.clone();
    let on_change = Closure::once_into_js(move || {
        let Some(file) = chosen.files().and_then(|files| files.get(0)) else { return };
        let read = Closure::once_into_js(move |text: JsValue| take(text.as_string().unwrap_or_default()));
        // `File.text()` answers with a promise.
        let text = js_sys::Reflect::get(&file, &"text".into())
            .and_then(|text| js_sys::Function::from(text).call0(&file).map(js_sys::Promise::from));
        if let Ok(promise) = text {
            let then = js_sys::Reflect::get(&promise, &"then".into());
            let _ = then.and_then(|then| js_sys::Function::from(then).call1(&promise, &read));
        }
    });
    input.set_onchange(Some(on_change.unchecked_ref()));
    input.click();
}

/// What follows `#` in the address.
pub fn fragment() -> String {
    let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

/// What follows `?` in the address.
pub fn query() -> String {
    let search = window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    search.trim_start_matches('?').to_owned()
}

/// Writes what follows `#`, without a new entry in the browser's history.
pub fn set_fragment(fragment: &str) {
    let Some(history) = window().and_then(|window| window.history().ok()) else { return };
    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
}

/// The address with another fragment.
pub fn link(fragment: &str) -> String {
    let href = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let base = href.split(['#', '?']).next().unwrap_or_default();
    format!("{base}#{fragment}")
}

/// Calls `changed` whenever a person writes another fragment, or follows a link to one.
pub fn on_fragment(changed: impl Fn(String) + 'static) {
    let Some(window) = window() else { return };
    let listen = Closure::<dyn Fn()>::new(move || changed(fragment()));
    let _ = window.add_event_listener_with_callback("hashchange", listen.as_ref().unchecked_ref());
    listen.forget();
}

/// Calls `leaving` when the page goes away: a reload, another address, a closed tab.
pub fn on_leave(leaving: impl Fn() + 'static) {
    let Some(window) = window() else { return };
    let listen = Closure::<dyn Fn()>::new(leaving);
    let _ = window.add_event_listener_with_callback("pagehide", listen.as_ref().unchecked_ref());
    listen.forget();
}
