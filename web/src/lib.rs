//! kraftscope's page: a shell around the stage.
//!
//! State lives in [`model`] and changes only in its `update`; [`store`] holds it, runs what an update asks of the
//! browser, and tells the root component to draw. [`player`] maps wall time to virtual time; the frame loop asks it
//! and lets the session step. [`session`] is the only user of the core's history. [`view`] draws with plain props;
//! [`platform`] is the browser.
//!
//! Reading order: `model`, `player`, `session`, `store`, `view::app`.

pub mod conditions;
pub mod hunt;
pub mod i18n;
pub mod keys;
pub mod layout;
pub mod marks;
pub mod menu;
pub mod model;
pub mod platform;
pub mod player;
pub mod scene;
pub mod select;
pub mod session;
pub mod share;
pub mod store;
pub mod view;
pub mod why;

use std::rc::Rc;

/// Mounts the page on the document's body.
pub fn start() {
    yew::set_custom_panic_hook(Box::new(platform::panic::on_panic));
    let store = Rc::new(store::Store::open());
    store.run();
    yew::Renderer::<view::app::App>::with_props(view::app::AppProps { store }).render();
}
