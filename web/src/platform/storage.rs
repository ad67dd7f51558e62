//! What the browser keeps for the page: small texts by name.

use super::window;

fn storage() -> Option<web_sys::Storage> {
    window()?.local_storage().ok().flatten()
}

/// What was kept under this name.
pub fn load(name: &str) -> Option<String> {
    storage()?.get_item(&format!("kraftscope.{name}")).ok().flatten()
}

/// Keeps `text` under this name; returns whether the browser did.
pub fn save(name: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(&format!("kraftscope.{name}"), text).is_ok())
}

/// Forgets what was kept under this name.
pub fn forget(name: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(&format!("kraftscope.{name}"));
    }
}
