//! The run that the page shows: the only part of the page that drives the core's history.

use kraftscope_core::id::StepId;
use kraftscope_core::release::Release;
use kraftscope_core::time::Time;
use kraftscope_core::view::ClusterView;
use std::rc::Rc;

/// A run and a cursor in it.
#[derive(Debug)]
pub struct Session {
    view: Rc<ClusterView>,
}

impl Session {
    /// The cluster on which the page opens.
    pub fn opening() -> Session {
        Session {
            view: Rc::new(ClusterView {
                now: Time::ZERO,
                event: StepId(0),
                release: Release::default(),
                controllers: Vec::new(),
                brokers: Vec::new(),
                partitions: Vec::new(),
                producers: Vec::new(),
                consumers: Vec::new(),
                flights: Vec::new(),
                timers: Vec::new(),
                links: Vec::new(),
            }),
        }
    }

    /// The picture at the cursor.
    pub fn view(&self) -> Rc<ClusterView> {
        Rc::clone(&self.view)
    }
}
