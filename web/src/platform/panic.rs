//! When the program itself fails: a message from plain DOM with the last saved run, instead of a dead page.
//!
//! Nothing of the page's own state is touched, because it may be the very thing that is broken; what was saved
//! last in the browser's storage is offered to be copied and downloaded. The words stand here and not in the
//! language files, because those need the program to work.

use super::{storage, window};
use std::sync::atomic::{AtomicBool, Ordering};
use wasm_bindgen::JsCast;

const TEXT: [(&str, &str); 4] = [
    (
        "kraftscope met an error of its own and stopped. Your run is not lost: this is what was saved last.",
        "kraftscope 自身发生错误并已停止。您的运行没有丢失：以下是最近一次保存的内容。",
    ),
    ("Start again with this run", "用这次运行重新开始"),
    ("Start with a new cluster", "用新集群重新开始"),
    ("What went wrong (please report it)", "出错原因（请报告）"),
];

static FAILED: AtomicBool = AtomicBool::new(false);

/// Whether the program has panicked: nothing of it may run any more.
pub fn has_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

/// Shows the message, and writes the panic to the console.
pub fn on_panic(info: &std::panic::PanicHookInfo<'_>) {
    FAILED.store(true, Ordering::Relaxed);
    let message = info.to_string();
    error(&message);
    // A panic while the message is built must not hide the first one.
    let _ = show(&message);
}

fn error(message: &str) {
    let console = js_sys::Reflect::get(&js_sys::global(), &"console".into());
    let error = console.as_ref().ok().and_then(|console| js_sys::Reflect::get(console, &"error".into()).ok());
    if let Some(error) = error.and_then(|error| error.dyn_into::<js_sys::Function>().ok()) {
        let _ = error.call1(&wasm_bindgen::JsValue::NULL, &message.into());
    }
}

fn show(message: &str) -> Option<()> {
    let document = window()?.document()?;
    if document.get_element_by_id("panic").is_some() {
        return Some(());
    }
    let chinese = storage::load("lang").is_some_and(|lang| lang == "zh");
    let text = |i: usize| if chinese { TEXT[i].1 } else { TEXT[i].0 };
    let overlay = document.create_element("div").ok()?;
    overlay.set_id("panic");
    let _ = overlay.set_attribute("class", "panic");
    let _ = overlay.set_attribute("role", "alertdialog");
    let _ = overlay.set_attribute("data-testid", "panic");
    let add = |tag: &str, content: &str| {
        let element = document.create_element(tag).ok()?;
        element.set_text_content(Some(content));
        overlay.append_child(&element).ok()?;
        Some(element)
    };
    add("p", text(0))?;
    let saved = storage::load("session").unwrap_or_default();
    let area = add("textarea", &saved)?;
    let _ = area.set_attribute("readonly", "");
    let _ = area.set_attribute("data-testid", "panic-session");
    let link = add("a", text(1))?;
    let _ = link.set_attribute("href", "?");
    let fresh = add("a", text(2))?;
    let _ = fresh.set_attribute("href", "?new");
    let download = add("a", "kraftscope.txt")?;
    let encoded = String::from(js_sys::encode_uri_component(&saved));
    let _ = download.set_attribute("href", &format!("data:text/plain;charset=utf-8,{encoded}"));
    let _ = download.set_attribute("download", "kraftscope.txt");
    add("p", text(3))?;
    add("pre", message)?;
    document.body()?.append_child(&overlay).ok()?;
    Some(())
}
