//! The page.
use yew::prelude::*;

/// The whole page.
#[component]
pub fn App() -> Html {
    html! { <main>{ "kraftscope" }</main> }
}

/// Mounts the page on the document's body.
pub fn start() {
    yew::Renderer::<App>::new().render();
}
