//! A small canvas for figures that are not the stage, and what a figure needs to know of its element: where a
//! pointer is within it, a wheel that must not move the page.
//!
//! Colours are asked for by the name of their CSS variable and read once per theme.

use super::{colour, window};
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{AddEventListenerOptions, CanvasRenderingContext2d, HtmlCanvasElement, WheelEvent};
use yew::{MouseEvent, NodeRef};

/// A canvas that fills its element.
#[derive(Debug)]
pub struct Paper {
    canvas: HtmlCanvasElement,
    ctx: CanvasRenderingContext2d,
    /// CSS pixels.
    size: (f64, f64),
    ratio: f64,
    ground: String,
    colours: BTreeMap<&'static str, String>,
}

impl Paper {
    /// The paper of this canvas element; `None` where there is no canvas.
    pub fn of(canvas: &NodeRef) -> Option<Paper> {
        let canvas = canvas.cast::<HtmlCanvasElement>()?;
        let ctx = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
        let colours = BTreeMap::new();
        Some(Paper { canvas, ctx, size: (0.0, 0.0), ratio: 1.0, ground: colour::ground(), colours })
    }

    /// Makes the canvas as large as it is shown. Returns width and height in CSS pixels.
    pub fn fit(&mut self) -> (f64, f64) {
        self.size = (f64::from(self.canvas.client_width()), f64::from(self.canvas.client_height()));
        self.ratio = window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(1.0, 3.0);
        self.canvas.set_width((self.size.0 * self.ratio) as u32);
        self.canvas.set_height((self.size.1 * self.ratio) as u32);
        self.size
    }

    /// Whether the theme is another one than when the colours were read; forgets them if so.
    pub fn theme_changed(&mut self) -> bool {
        let ground = colour::ground();
        let changed = ground != self.ground;
        if changed {
            self.ground = ground;
            self.colours.clear();
        }
        changed
    }

    /// Empties it.
    pub fn clear(&self) {
        let _ = self.ctx.set_transform(self.ratio, 0.0, 0.0, self.ratio, 0.0, 0.0);
        self.ctx.clear_rect(0.0, 0.0, self.size.0, self.size.1);
    }

    /// From now on boxes have the colour of this CSS variable.
    pub fn ink(&mut self, variable_name: &'static str) {
        let colour = self.colours.entry(variable_name).or_insert_with(|| colour::shown(variable_name));
        self.ctx.set_fill_style_str(colour);
    }

    /// Fills a box: left, top, width, height in CSS pixels.
    pub fn fill(&self, x: f64, y: f64, width: f64, height: f64) {
        self.ctx.fill_rect(x, y, width, height);
    }
}

/// A place within an element, and the element's size, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Within {
    /// From the left edge.
    pub x: f64,
    /// From the top edge.
    pub y: f64,
    /// Width of the element.
    pub width: f64,
    /// Height of the element.
    pub height: f64,
}

/// Where a pointer is within an element.
pub fn within(node: &NodeRef, event: &MouseEvent) -> Within {
    place(node, f64::from(event.client_x()), f64::from(event.client_y()))
}

fn place(node: &NodeRef, x: f64, y: f64) -> Within {
    let Some(element) = node.cast::<web_sys::Element>() else { return Within::default() };
    let area = element.get_bounding_client_rect();
    Within { x: x - area.left(), y: y - area.top(), width: area.width(), height: area.height() }
}

/// A turn of the wheel, or two fingers on a pad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Where.
    pub at: Within,
    /// Pixels to the right.
    pub right: f64,
    /// Pixels down.
    pub down: f64,
}

/// Listens to the wheel over an element until it is dropped; the page neither scrolls nor zooms meanwhile.
#[derive(Debug)]
pub struct WheelWatch {
    element: web_sys::Element,
    listener: Closure<dyn FnMut(WheelEvent)>,
}

impl WheelWatch {
    /// Calls `turned` for every turn over the element.
    pub fn of(node: &NodeRef, turned: impl Fn(Turn) + 'static) -> Option<WheelWatch> {
        let element = node.cast::<web_sys::Element>()?;
        let node = node.clone();
        let listener = Closure::<dyn FnMut(WheelEvent)>::new(move |event: WheelEvent| {
            event.prevent_default();
            let at = place(&node, f64::from(event.client_x()), f64::from(event.client_y()));
            let line = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 16.0 } else { 1.0 };
            // With shift a mouse wheel turns sideways; some browsers say so themselves, some do not.
            let sideways = event.shift_key() && event.delta_x() == 0.0;
            let (right, down) =
                if sideways { (event.delta_y(), 0.0) } else { (event.delta_x(), event.delta_y()) };
            turned(Turn { at, right: right * line, down: down * line });
        });
        let options = AddEventListenerOptions::new();
        options.set_passive(false);
        let handle = listener.as_ref().unchecked_ref();
        element
            .add_event_listener_with_callback_and_add_event_listener_options("wheel", handle, &options)
            .ok()?;
        Some(WheelWatch { element, listener })
    }
}

impl Drop for WheelWatch {
    fn drop(&mut self) {
        let _ =
            self.element.remove_event_listener_with_callback("wheel", self.listener.as_ref().unchecked_ref());
    }
}

/// Sets an attribute past the virtual DOM, unless it has that value.
pub fn set_attribute(node: &NodeRef, name: &str, value: &str) {
    if let Some(element) = node.cast::<web_sys::Element>()
        && element.get_attribute(name).as_deref() != Some(value)
    {
        let _ = element.set_attribute(name, value);
    }
}
