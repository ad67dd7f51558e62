//! The canvas, its size and its resolution.

use super::theme::Theme;
use crate::layout::Point;
use crate::platform::colour;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ResizeObserver};
use yew::NodeRef;

/// The theme is looked at again after so many frames.
const LOOK_EVERY: u32 = 20;

/// A canvas as large as the part of the stage that is seen.
#[derive(Debug)]
pub(super) struct Surface {
    canvas: HtmlCanvasElement,
    pub(super) ctx: CanvasRenderingContext2d,
    pub(super) theme: Theme,
    /// The part of the content that is seen begins here.
    pub(super) scroll: Point,
    /// Size in CSS pixels.
    pub(super) width: f64,
    pub(super) height: f64,
    /// Device pixels per CSS pixel.
    pub(super) ratio: f64,
    frames: Cell<u32>,
}

impl Surface {
    /// The surface of this canvas element; `None` where there is no canvas.
    pub(super) fn of(canvas: &NodeRef) -> Option<Surface> {
        let canvas = canvas.cast::<HtmlCanvasElement>()?;
        let ctx = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
        let mut surface = Surface {
            canvas,
            ctx,
            theme: Theme::read(),
            scroll: Point::default(),
            width: 0.0,
            height: 0.0,
            ratio: 1.0,
            frames: Cell::new(0),
        };
        surface.fit();
        Some(surface)
    }

    /// Makes the canvas as large as it is shown.
    pub(super) fn fit(&mut self) {
        let ratio = crate::platform::window().map_or(1.0, |window| window.device_pixel_ratio());
        self.width = f64::from(self.canvas.client_width());
        self.height = f64::from(self.canvas.client_height());
        self.ratio = ratio.clamp(1.0, 3.0);
        self.canvas.set_width((self.width * self.ratio) as u32);
        self.canvas.set_height((self.height * self.ratio) as u32);
    }

    /// Empties the canvas and moves its origin to that of the stage's content.
    pub(super) fn begin(&self) {
        let r = self.ratio;
        let _ = self.ctx.set_transform(r, 0.0, 0.0, r, 0.0, 0.0);
        self.ctx.clear_rect(0.0, 0.0, self.width, self.height);
        let _ = self.ctx.translate(-self.scroll.x, -self.scroll.y);
    }

    /// A place in the window as a place of the content.
    pub(super) fn locate(&self, x: f64, y: f64) -> Point {
        let area = self.canvas.get_bounding_client_rect();
        Point::new(x - area.x() + self.scroll.x, y - area.y() + self.scroll.y)
    }

    /// Now and then looks whether the theme is another one, and reads it if so.
    pub(super) fn theme_changed(&mut self) -> bool {
        let frames = self.frames.get() + 1;
        self.frames.set(frames % LOOK_EVERY);
        if frames < LOOK_EVERY || colour::ground() == self.theme.paper {
            return false;
        }
        self.theme = Theme::read();
        true
    }
}

/// Reports the size of an element, now and whenever it changes, until it is dropped.
#[derive(Debug)]
pub struct SizeWatch {
    observer: ResizeObserver,
    _report: Closure<dyn FnMut()>,
}

impl SizeWatch {
    /// Watches `element`; `None` where the browser cannot.
    pub fn of(element: &NodeRef, report: impl Fn(f64, f64) + 'static) -> Option<SizeWatch> {
        let element = element.cast::<web_sys::Element>()?;
        let watched = element.clone();
        let report = Closure::new(move || {
            report(f64::from(watched.client_width()), f64::from(watched.client_height()));
        });
        let observer = ResizeObserver::new(report.as_ref().unchecked_ref()).ok()?;
        observer.observe(&element);
        Some(SizeWatch { observer, _report: report })
    }
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
