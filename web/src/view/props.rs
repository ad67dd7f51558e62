//! Props that cost nothing to clone and nothing to compare.

use kraftscope_core::id::StepId;
use kraftscope_core::time::Time;
use std::ops::Deref;
use std::rc::Rc;

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
