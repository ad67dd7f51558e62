//! Carries out what a node asked for: sends, timers, notes, replies.

use crate::id::{Correlation, NodeId, StepId};
use crate::net::Link;
use crate::node::{Effect, Out, Outcome, Timer};
use crate::note::Note;
use crate::sim::action::Rate;
use crate::sim::queue::{Armed, InFlight, Parcel};
use crate::sim::{Sim, Step};
use crate::time::{Span, Time};
use crate::wire::Message;
use core::ops::RangeInclusive;

impl Sim {
    pub(super) fn carry_out(&mut self, node: NodeId, out: &mut Out, step: &mut Step) {
        let mut exit = None;
        for effect in out.effects.drain(..) {
            match effect {
                Effect::Send { to, correlation, message } => {
                    self.send(node, to, correlation, message, step.event)
                }
                Effect::Arm(timer, range) => self.arm(node, timer, &range, step.event),
                Effect::Disarm(timer) => {
                    self.queue.disarm(node, timer);
                }
                Effect::Reply(call, outcome) => {
                    if let Outcome::Refused(error) = outcome {
                        step.notes.push(Note::CommandRefused { node, error });
                    }
                    step.replies.push((call, outcome));
                }
                Effect::Note(note) => step.notes.push(note),
                Effect::Exit { clean } => exit = Some(clean),
            }
        }
        if let Some(clean) = exit {
            self.exit(node, clean, step);
        }
    }

    fn arm(&mut self, node: NodeId, timer: Timer, range: &RangeInclusive<Span>, cause: StepId) {
        let armed_at = self.world.now;
        let drawn = self.streams.timers.within(range);
        let at = |span| armed_at + self.world.true_span(node, span);
        let armed = Armed {
            timer,
            due: at(drawn),
            armed_at,
            earliest: at(*range.start()),
            latest: at(*range.end()),
            cause,
        };
        self.queue.arm(node, armed);
    }

    fn send(&mut self, from: NodeId, to: NodeId, correlation: Correlation, message: Message, cause: StepId) {
        if let Some(meter) = &mut self.meter {
            meter.sent(from, to, &message);
        }
        let response = !message.is_request();
        let lost = self.will_be_lost(Link { from, to }, response);
        let packet = InFlight {
            from,
            to,
            sent_at: self.world.now,
            cause,
            lost,
            parcel: Parcel::Message(correlation, message),
        };
        if !self.rates.is_empty() && self.by_chance(Rate::Duplicate) {
            self.dispatch(packet.clone());
        }
        self.dispatch(packet);
    }

    fn by_chance(&mut self, rate: Rate) -> bool {
        let parts = self.rates.get(&rate).copied().unwrap_or(0);
        self.streams.faults.chance(parts)
    }

    fn will_be_lost(&mut self, link: Link, response: bool) -> bool {
        let on_link = self.net.state(link).loss;
        if on_link == 0 && self.rates.is_empty() {
            return false;
        }
        self.streams.faults.chance(on_link)
            || self.by_chance(Rate::Loss)
            || (response && self.by_chance(Rate::ResponseLoss))
    }

    /// Draws the moment of arrival and puts the packet on its way.
    pub(super) fn dispatch(&mut self, packet: InFlight) {
        let arrival = self.arrival(Link { from: packet.from, to: packet.to });
        self.messages += 1;
        self.queue.send(arrival, packet);
    }

    /// When something that is sent now arrives.
    pub(super) fn arrival(&mut self, link: Link) -> Time {
        let mut travel = self.streams.latency.within(&self.net.latency.range()) + self.net.state(link).delay;
        if !self.net.slow.is_empty() {
            travel = travel + self.net.slow.get(&link.to).copied().unwrap_or_default();
        }
        if !self.rates.is_empty() && self.by_chance(Rate::Delay) {
            travel = travel + self.streams.faults.within(&(Span::ZERO..=Span::secs(1)));
        }
        let mut arrival = self.world.now + travel;
        if !self.net.reorder {
            let last = self.last_arrival(link);
            arrival = arrival.max(*last);
            *last = arrival;
        }
        arrival
    }

    fn last_arrival(&mut self, link: Link) -> &mut Time {
        let side = self.world.slots.len();
        if self.last_arrival.is_empty() {
            self.last_arrival.resize(side * side, Time::ZERO);
        }
        let place = |id: NodeId| self.world.place(id).min(side - 1);
        let at = place(link.from) * side + place(link.to);
        &mut self.last_arrival[at]
    }
}
