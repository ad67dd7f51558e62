//! Signs of buttons as inline pictures in the colour of the text.

use yew::prelude::*;

/// The paths by name, on a grid of 16 × 16.
fn path(name: &str) -> &'static str {
    match name {
        "to-start" => "M3 3h2v10H3zM13 3v10L6 8z",
        "back" => "M10.5 3 5 8l5.5 5V3z",
        "play" => "M4 2.5v11L13 8z",
        "pause" => "M3.5 3h3v10h-3zM9.5 3h3v10h-3z",
        "forward" => "M5.5 3 11 8l-5.5 5V3z",
        "notable" => "M3 3l7 5-7 5zM11 3h2v10h-2z",
        "menu" => "M2 3.5h12v1.6H2zM2 7.2h12v1.6H2zM2 10.9h12v1.6H2z",
        "close" => {
            "M3.3 4.4 4.4 3.3 8 6.9l3.6-3.6 1.1 1.1L9.1 8l3.6 3.6-1.1 1.1L8 9.1l-3.6 3.6-1.1-1.1L6.9 8z"
        }
        "undo" => "M6 2 2 6l4 4V7.2h3.5a2.4 2.4 0 0 1 0 4.8H5v1.8h4.5a4.2 4.2 0 0 0 0-8.4H6z",
        "auto" => "M8 1.5a6.5 6.5 0 1 0 0 13zM8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0z",
        "light" => {
            "M8 4.6a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 0 1 0-6.8zM7.2 0h1.6v3H7.2zM7.2 13h1.6v3H7.2zM0 7.2h3v1.6H0zM13 7.2h3v1.6h-3z"
        }
        "dark" => "M10 1a7 7 0 1 0 5 9.6A6 6 0 0 1 10 1z",
        "side" => "M1 2h14v12H1zM10.4 3.5v9h3.1v-9z",
        "more" => {
            "M3 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM8 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM13 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z"
        }
        "check" => "M6.3 12.6 2 8.3l1.3-1.3 3 3L12.7 3.4 14 4.7z",
        _ => "M2 2h12v12H2z",
    }
}

/// The picture of this name.
pub fn icon(name: &str) -> Html {
    html! {
        <svg class="sign" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d={path(name)} fill="currentColor" fill-rule="evenodd" />
        </svg>
    }
}
