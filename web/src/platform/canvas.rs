//! Bars on a canvas: what the timeline needs of it.

use super::window;
use wasm_bindgen::JsCast;
use yew::NodeRef;

/// A filled rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Number of its colour in the list that comes with the bars.
    pub colour: usize,
    /// From 0, not seen, to 1.
    pub strength: f64,
}

/// Draws these bars and nothing else. `colours` are CSS variables such as `--ok`.
pub fn paint(node: &NodeRef, width: f64, height: f64, colours: &[&str], bars: &[Bar]) {
    let Some((window, canvas)) = window().zip(node.cast::<web_sys::HtmlCanvasElement>()) else { return };
    let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
    let context: web_sys::CanvasRenderingContext2d = context.unchecked_into();
    let ratio = window.device_pixel_ratio();
    let (wide, high) = ((width * ratio) as u32, (height * ratio) as u32);
    if canvas.width() != wide || canvas.height() != high {
        canvas.set_width(wide);
        canvas.set_height(high);
    }
    let style = window.get_computed_style(&canvas).ok().flatten();
    let colour = |name: &&str| {
        style.as_ref().and_then(|style| style.get_property_value(name).ok()).unwrap_or_default()
    };
    let colours: Vec<String> = colours.iter().map(colour).collect();
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);
    for (number, colour) in colours.iter().enumerate() {
        context.set_fill_style_str(colour.trim());
        for bar in bars.iter().filter(|bar| bar.colour == number) {
            context.set_global_alpha(bar.strength);
            context.fill_rect(bar.x, bar.y, bar.width, bar.height);
        }
    }
    context.set_global_alpha(1.0);
}
