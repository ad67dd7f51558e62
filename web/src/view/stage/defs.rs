//! Hatchings: for records above the high watermark, for what stands still.

use super::log::EPOCH_COLOURS;
use yew::prelude::*;

/// The patterns that the style sheet refers to.
#[component]
pub(super) fn Defs() -> Html {
    html! {
        <defs>
            { for (0..EPOCH_COLOURS).map(hatch) }
            <pattern id="st-paused" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <path class="st-paused-line" d="M0 0V12" />
            </pattern>
        </defs>
    }
}

fn hatch(epoch: u32) -> Html {
    html! {
        <pattern id={format!("st-hatch-{epoch}")} width="5" height="5" patternUnits="userSpaceOnUse"
                 patternTransform="rotate(45)" class={format!("st-e{epoch}")}>
            <rect class="st-hatch-ground" width="5" height="5" />
            <path class="st-hatch-line" d="M1 0V5" />
        </pattern>
    }
}
