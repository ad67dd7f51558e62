//! Small pieces of SVG, so that the components read as what they draw.

use crate::layout::{Point, Rect};
use yew::prelude::*;

/// A number for an attribute: one decimal at most.
pub(super) fn n(value: f64) -> AttrValue {
    let rounded = (value * 10.0).round() / 10.0;
    AttrValue::from(rounded.to_string())
}

/// A rectangle with rounded corners.
pub(super) fn frame(area: Rect, radius: f64, class: impl Into<Classes>) -> Html {
    html! {
        <rect class={class.into()} x={n(area.x)} y={n(area.y)} width={n(area.w.max(0.0))} height={n(area.h.max(0.0))}
              rx={n(radius)} />
    }
}

/// A line of words that starts at `at`.
pub(super) fn words(at: Point, size: f64, class: impl Into<Classes>, text: impl Into<AttrValue>) -> Html {
    html! {
        <text class={class.into()} x={n(at.x)} y={n(at.y)} font-size={n(size)}>{ text.into() }</text>
    }
}

/// A line of words in two tones: the browser sets the second behind the first.
pub(super) fn two_tones(at: Point, size: f64, first: (&'static str, String), second: (f64, String)) -> Html {
    let (class, text) = first;
    let (small, quiet) = second;
    html! {
        <text class={class} x={n(at.x)} y={n(at.y)} font-size={n(size)}>
            { text }
            if !quiet.is_empty() {
                <tspan class="st-quiet" dx={n(size * 0.5)} font-size={n(small)}>{ quiet }</tspan>
            }
        </text>
    }
}

/// A line of words around the middle `at`.
pub(super) fn centred(at: Point, size: f64, class: impl Into<Classes>, text: impl Into<AttrValue>) -> Html {
    html! {
        <text class={class.into()} x={n(at.x)} y={n(at.y)} font-size={n(size)} text-anchor="middle">
            { text.into() }
        </text>
    }
}

/// A line of words that ends at `at`.
pub(super) fn ending(at: Point, size: f64, class: impl Into<Classes>, text: impl Into<AttrValue>) -> Html {
    html! {
        <text class={class.into()} x={n(at.x)} y={n(at.y)} font-size={n(size)} text-anchor="end">
            { text.into() }
        </text>
    }
}

/// Moves what is inside.
pub(super) fn at(point: Point) -> AttrValue {
    AttrValue::from(format!("translate({} {})", n(point.x), n(point.y)))
}

/// A path moved to `place` and scaled.
pub(super) fn sign(path: &'static str, place: Point, scale: f64, class: impl Into<Classes>) -> Html {
    html! {
        <path class={class.into()} d={path}
              transform={format!("translate({} {}) scale({scale})", n(place.x), n(place.y))} />
    }
}
