//! The pointer: what is under it, and what a click, a long press, a drag or a right click means.

use super::StageProps;
use crate::layout::Point;
use crate::platform::dom;
use crate::scene::{Drag, Scene};
use crate::select::{Ask, Selection, Spot};
use kraftscope_core::sim::action::Action;
use kraftscope_core::time::Span;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// A finger that rests for so many milliseconds opens the menu.
const LONG: f64 = 500.0;
/// And moves less than so many pixels.
const STEADY: f64 = 10.0;

/// The stage's handlers.
pub(super) struct Pointer {
    pub(super) moved: Callback<PointerEvent>,
    pub(super) left: Callback<PointerEvent>,
    pub(super) down: Callback<PointerEvent>,
    pub(super) up: Callback<PointerEvent>,
    pub(super) cancelled: Callback<PointerEvent>,
    pub(super) click: Callback<MouseEvent>,
    pub(super) double: Callback<MouseEvent>,
    pub(super) menu: Callback<MouseEvent>,
    pub(super) scroll: Callback<Event>,
}

/// What the pointer is doing.
#[derive(Clone, Copy, Debug, Default)]
struct Doing {
    /// Where and when it went down.
    down: Option<(Point, f64)>,
    drag: Option<Drag>,
    hovered: Option<Selection>,
    /// The click that follows has been used up.
    spent: bool,
}

/// Everything a handler needs.
#[derive(Clone)]
struct Hand {
    props: StageProps,
    scene: Rc<RefCell<Scene>>,
    scroller: NodeRef,
    doing: Rc<RefCell<Doing>>,
}

#[hook]
pub(super) fn use_pointer(props: &StageProps, scene: &Rc<RefCell<Scene>>, scroller: &NodeRef) -> Pointer {
    let doing = use_mut_ref(Doing::default);
    let hand = Hand { props: props.clone(), scene: Rc::clone(scene), scroller: scroller.clone(), doing };
    Pointer {
        moved: hand.on(Hand::moved),
        left: hand.on(|hand, _| hand.hover(None)),
        down: hand.on(Hand::down),
        up: hand.on(Hand::up),
        cancelled: hand.on(|hand, _| hand.let_go()),
        click: hand.on(Hand::click),
        double: hand.on(Hand::double),
        menu: hand.on(Hand::menu),
        scroll: hand.on(|hand, _| {
            let (x, y) = dom::scroll_of(&hand.scroller);
            hand.scene.borrow_mut().scroll_to(Point::new(x, y));
        }),
    }
}

impl Hand {
    fn on<E: 'static>(&self, handle: impl Fn(&Hand, E) + 'static) -> Callback<E> {
        let hand = self.clone();
        Callback::from(move |event| handle(&hand, event))
    }

    /// The smallest thing under the pointer.
    fn target(&self, event: &MouseEvent) -> Option<Selection> {
        let scene = self.scene.borrow();
        let at = scene.locate(event.client_x(), event.client_y())?;
        if let Some(flight) = scene.hit(at, scene.time()) {
            return Some(Selection::Flight(flight));
        }
        if let Some((ring, _)) = scene.ring_at(at) {
            return Some(Selection::Timer(ring.node, ring.timer));
        }
        scene.layout()?.hit(at, &self.props.view)
    }

    fn moved(&self, event: PointerEvent) {
        let drag = self.doing.borrow().drag;
        if let Some(drag) = drag {
            let scene = self.scene.borrow();
            let due = scene
                .locate(event.client_x(), event.client_y())
                .and_then(|at| scene.moment_on(&drag, at))
                .map_or(drag.due, |(due, _)| due);
            drop(scene);
            let drag = Drag { due, ..drag };
            self.doing.borrow_mut().drag = Some(drag);
            self.scene.borrow_mut().drag(Some(drag));
            return;
        }
        if event.pointer_type() == "mouse" {
            self.hover(self.target(&event));
        }
    }

    fn hover(&self, what: Option<Selection>) {
        if self.doing.borrow().hovered == what {
            return;
        }
        self.doing.borrow_mut().hovered = what;
        let flight = match what {
            Some(Selection::Flight(id)) => Some(id),
            _ => None,
        };
        self.scene.borrow_mut().hover(flight);
        let class = match what {
            Some(Selection::Timer(..)) => "st-scroll is-over is-over-timer",
            Some(_) => "st-scroll is-over",
            None => "st-scroll",
        };
        dom::set_class(&self.scroller, class);
        self.props.on.emit(Ask::Hover(what));
    }

    fn down(&self, event: PointerEvent) {
        let place = Point::new(f64::from(event.client_x()), f64::from(event.client_y()));
        let mut doing = self.doing.borrow_mut();
        doing.down = Some((place, event.time_stamp()));
        doing.spent = false;
        if event.button() != 0 {
            return;
        }
        let scene = self.scene.borrow();
        let ring = scene.locate(event.client_x(), event.client_y()).and_then(|at| scene.ring_at(at));
        doing.drag = ring.map(|(ring, _)| Drag { node: ring.node, timer: ring.timer, due: ring.due });
        if doing.drag.is_some() {
            dom::capture(&self.scroller, event.pointer_id());
        }
    }

    fn up(&self, event: PointerEvent) {
        let place = Point::new(f64::from(event.client_x()), f64::from(event.client_y()));
        let (down, drag) = {
            let mut doing = self.doing.borrow_mut();
            (doing.down.take(), doing.drag.take())
        };
        let Some((from, since)) = down else { return };
        let moved = from.distance(place) > STEADY;
        if let Some(drag) = drag {
            self.scene.borrow_mut().drag(None);
            if moved {
                self.doing.borrow_mut().spent = true;
                // Whole milliseconds: what a hand can mean, and what a script should say.
                let micros = drag.due.since(self.scene.borrow().time());
                let span = Span::millis(micros.as_millis().max(1));
                self.props.on.emit(Ask::Act(Action::SetTimer(drag.node, drag.timer, span)));
            }
            return;
        }
        let long = event.time_stamp() - since >= LONG;
        if event.pointer_type() == "touch" && long && !moved {
            self.doing.borrow_mut().spent = true;
            self.open_menu(&event);
        }
    }

    /// The browser took the pointer away, to scroll: nothing was meant by it.
    fn let_go(&self) {
        *self.doing.borrow_mut() = Doing::default();
        self.scene.borrow_mut().drag(None);
    }

    fn click(&self, event: MouseEvent) {
        if std::mem::take(&mut self.doing.borrow_mut().spent) || event.detail() == 0 {
            return;
        }
        let target = self.target(&event);
        self.props.on.emit(Ask::Select(target));
    }

    /// A timer that is double-clicked runs out now.
    fn double(&self, event: MouseEvent) {
        if let Some(Selection::Timer(node, timer)) = self.target(&event) {
            self.props.on.emit(Ask::Act(Action::Fire(node, timer)));
        }
    }

    fn menu(&self, event: MouseEvent) {
        event.prevent_default();
        if !self.doing.borrow().spent {
            self.open_menu(&event);
        }
    }

    fn open_menu(&self, event: &MouseEvent) {
        if let Some(target) = self.target(event) {
            let spot = Spot { x: f64::from(event.client_x()), y: f64::from(event.client_y()) };
            self.props.on.emit(Ask::Menu(target, spot));
        }
    }
}
