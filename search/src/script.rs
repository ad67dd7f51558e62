//! What was done to a run: deeds, at their times.
//!
//! A deed names a message by who sent what to whom about when, and the controller by its office, not by number and
//! name: so a script still says what it means after something else was taken out of it.

use kraftscope_core::history;
use kraftscope_core::id::{NodeId, PacketId, StepId};
use kraftscope_core::node::Command;
use kraftscope_core::scenario::{actions, print_genesis, words};
use kraftscope_core::sim::Sim;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::queue::{InFlight, Parcel};
use kraftscope_core::time::{Span, Time};

/// One message, by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketRef {
    /// Who sent it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// Kafka's API name; `Disconnect` for a broken connection.
    pub api: &'static str,
    /// Request or response.
    pub request: bool,
    /// When it was sent.
    pub sent_at: Time,
}

/// What is done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketAct {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives so much later.
    Delay(Span),
}

/// Something done to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// An action that names no message.
    Do(Action),
    /// To the active controller of that moment.
    Controller(Command),
    /// To a message.
    Packet(PacketRef, PacketAct),
}

/// An act and its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub time: Time,
    /// After how many events of that very instant.
    pub nth: u32,
    /// What.
    pub act: Act,
}

/// An action as it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The event that it became.
    pub event: StepId,
    /// When.
    pub time: Time,
    /// What.
    pub action: Action,
}

/// A run as scenario text: the genesis, everything that was done, and the event to look at.
pub fn text(sim: &Sim, done: &[Done], look_at: StepId) -> String {
    let names = history::names(sim);
    let mut text = print_genesis(&sim.world().genesis);
    text.push_str("----\n");
    for Done { event, time, action } in done {
        let time = words::show_span(Span(time.0));
        text.push_str(&format!("@{event} {time} {}\n", actions::show(action, &names)));
    }
    text.push_str(&format!("seek {look_at}\n"));
    text
}

fn api(packet: &InFlight) -> (&'static str, bool) {
    match &packet.parcel {
        Parcel::Message(_, message) => (message.api(), message.is_request()),
        Parcel::Disconnect => ("Disconnect", false),
    }
}

impl PacketRef {
    /// How this message is called.
    pub fn of(packet: &InFlight) -> PacketRef {
        let (api, request) = api(packet);
        PacketRef { from: packet.from, to: packet.to, api, request, sent_at: packet.sent_at }
    }

    /// The message in flight that is meant: of those between the two with that API, the one sent nearest in time.
    pub fn find(&self, sim: &Sim) -> Option<PacketId> {
        let alike = sim.queue().packets().filter(|(_, _, packet)| {
            packet.from == self.from && packet.to == self.to && api(packet) == (self.api, self.request)
        });
        let distance = |sent: Time| sent.0.abs_diff(self.sent_at.0);
        alike.min_by_key(|(_, id, packet)| (distance(packet.sent_at), *id)).map(|(_, id, _)| id)
    }
}

impl Act {
    /// The action that it is at this moment; `None` when there is nothing to do it to.
    pub fn resolve(&self, sim: &Sim) -> Option<Action> {
        match *self {
            Act::Do(action) => Some(action),
            Act::Controller(command) => {
                sim.world().active_controller().map(|controller| Action::Call(controller, command))
            }
            Act::Packet(which, what) => {
                let id = which.find(sim)?;
                Some(match what {
                    PacketAct::Drop => Action::Drop(id),
                    PacketAct::Duplicate => Action::Duplicate(id),
                    PacketAct::Delay(by) => Action::Delay(id, by),
                })
            }
        }
    }
}
