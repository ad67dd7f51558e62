//! The browser: the only part of the page besides the scene that names `web_sys`.
//!
//! Every function degrades to doing nothing where a browser refuses (no storage, no clipboard): a refusal is a
//! sentence on the page, never a panic.

mod bench;
pub mod colour;
pub mod dom;
pub mod files;
pub mod frame;
pub mod handle;
pub mod panic;
pub mod paper;
pub mod storage;
pub mod worker;

pub(crate) fn window() -> Option<web_sys::Window> {
    web_sys::window()
}

/// Milliseconds since the page was opened.
pub fn clock() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}
