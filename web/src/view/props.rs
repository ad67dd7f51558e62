//! Props that cost nothing to clone and nothing to compare, and the callbacks of buttons.

use crate::model::Msg;
use crate::store::Store;
use kraftscope_core::id::StepId;
use kraftscope_core::time::Time;
use std::ops::Deref;
use std::rc::Rc;
use yew::{Callback, Event, InputEvent, MouseEvent};

/// A shared value that equals only itself: a component is drawn anew when it is given another one.
#[derive(Debug)]
pub struct Same<T>(pub Rc<T>);

impl<T> Same<T> {
    /// Shares `value`.
    pub fn new(value: T) -> Same<T> {
        Same(Rc::new(value))
    }
}

impl<T> Clone for Same<T> {
    fn clone(&self) -> Same<T> {
        Same(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Same<T>) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Same<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// One link of a chain of causes, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyLink {
    /// The event; a click goes there.
    pub event: StepId,
    /// When it happened.
    pub time: Time,
    /// What happened.
    pub sentence: String,
    /// Why it must be so; empty when there is nothing to add.
    pub why: String,
    /// The KIP or the Kafka class of the rule; empty for a person's action.
    pub source: &'static str,
}

/// Where messages go. Equal to itself only, so that a component with it is not drawn anew for nothing.
#[derive(Clone, Debug)]
pub struct Send(Rc<Store>);

impl PartialEq for Send {
    fn eq(&self, other: &Send) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Send {
    /// Messages go to this store.
    pub const fn new(store: Rc<Store>) -> Send {
        Send(store)
    }

    /// The store, for components that draw outside the virtual DOM.
    pub const fn store(&self) -> &Rc<Store> {
        &self.0
    }

    /// Sends a message now.
    pub fn now(&self, msg: impl Into<Msg>) {
        self.0.dispatch(msg.into());
    }

    /// Sends this message on a click.
    pub fn on_click(&self, msg: impl Into<Msg>) -> Callback<MouseEvent> {
        let (store, msg) = (Rc::clone(&self.0), msg.into());
        Callback::from(move |_| store.dispatch(msg.clone()))
    }

    /// Sends what `make` makes of the text of a field, when it has changed and is left.
    pub fn on_change<M: Into<Msg>>(&self, make: impl Fn(String) -> M + 'static) -> Callback<Event> {
        let store = Rc::clone(&self.0);
        Callback::from(move |event: Event| store.dispatch(make(crate::platform::dom::changed(&event)).into()))
    }

    /// Sends what `make` makes of the text of a field with every letter.
    pub fn on_input<M: Into<Msg>>(&self, make: impl Fn(String) -> M + 'static) -> Callback<InputEvent> {
        let store = Rc::clone(&self.0);
        Callback::from(move |event: InputEvent| {
            store.dispatch(make(crate::platform::dom::typed(&event)).into())
        })
    }
}
