//! Disturbs a run as its plan says: looks at every step, and answers with acts.
//!
//! Time goes in periods, some quiet, each with its own subset of the plan's faults. Within a stormy period faults
//! come at the plan's pace, messages are disturbed at the plan's rate, and a moment of interest (a high watermark
//! has just moved, an election has just begun, an ISR change is under way) is followed by a fault with the plan's
//! odds. Everything that breaks is mended later by a recovery that is fixed when it breaks.
//!
//! Keeps: the driver decides by the plan's seed and by what it sees, never by anything outside the run.

mod links;
mod messages;
mod moments;
mod nodes;
mod operator;
mod tolerance;
mod voters;

use crate::fault::Fault;
use crate::luck::Luck;
use crate::plan::FaultPlan;
use crate::script::Act;
use kraftscope_core::id::NodeId;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::{Span, Time};
use tolerance::Tolerance;

/// How much later than by a half a timer may run out on a clock that goes wrong.
pub(crate) const LATENESS: Span = Span::secs(1);

/// How long a timer takes on a clock that runs late, when this is what it should take.
pub(crate) const fn slowed(span: Span) -> Span {
    Span(span.0 + span.0 / 2)
}

/// Decides what breaks and what recovers.
#[derive(Clone, Debug)]
pub struct Driver {
    plan: FaultPlan,
    luck: Luck,
    started: bool,
    stormy: bool,
    period_end: Time,
    next_fault: Time,
    /// What this period may use.
    present: Vec<(Fault, u32)>,
    /// In the order of their times.
    recoveries: Vec<(Time, Act)>,
    /// The earliest of the three above.
    next: Time,
    /// The message count at which the next message is disturbed.
    next_message: u64,
    tolerance: Tolerance,
}

impl Driver {
    /// A driver that follows this plan.
    pub fn new(plan: FaultPlan) -> Driver {
        Driver {
            luck: Luck::stream(plan.seed, 102),
            started: false,
            stormy: false,
            period_end: Time::ZERO,
            next_fault: Time::ZERO,
            present: Vec::new(),
            recoveries: Vec::new(),
            next: Time::ZERO,
            next_message: u64::MAX,
            tolerance: Tolerance::new(plan.demand),
            plan,
        }
    }

    /// The plan.
    pub const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// What is done after `step`.
    pub fn after(&mut self, sim: &Sim, step: &Step, acts: &mut Vec<Act>) {
        if !self.started {
            self.started = self.plan.from_start || sim.is_set_up();
            if !self.started {
                return;
            }
        }
        if sim.now() >= self.next {
            self.on_time(sim, acts);
        }
        if sim.messages() >= self.next_message {
            self.disturb_message(sim, step, acts);
        }
        if self.stormy && self.plan.moments > 0 && !step.notes.is_empty() {
            self.on_moment(sim, step, acts);
        }
    }

    fn on_time(&mut self, sim: &Sim, acts: &mut Vec<Act>) {
        let now = sim.now();
        let due = self.recoveries.partition_point(|(time, _)| *time <= now);
        acts.extend(self.recoveries.drain(..due).map(|(_, act)| act));
        if now >= self.period_end {
            self.begin_period(sim);
        }
        if self.stormy && now >= self.next_fault {
            let (low, high) = self.plan.pace;
            self.next_fault = now + self.luck.span(low, high);
            if let Some(fault) = self.luck.weighted(&self.present) {
                self.fault(fault, None, sim, acts);
            }
        }
        self.schedule();
    }

    fn begin_period(&mut self, sim: &Sim) {
        let (low, high) = self.plan.period;
        self.period_end = sim.now() + self.luck.span(low, high);
        self.next_fault = sim.now();
        self.stormy = !self.luck.percent(self.plan.quiet);
        let luck = &mut self.luck;
        self.present = self.plan.faults.iter().copied().filter(|_| luck.percent(60)).collect();
        self.revive(sim);
        self.plan_message(sim);
    }

    /// Mends later what is broken by `act`.
    fn recover(&mut self, sim: &Sim, act: Act) {
        let at = sim.now() + self.luck.outage();
        let place = self.recoveries.partition_point(|(time, _)| *time <= at);
        self.recoveries.insert(place, (at, act));
    }

    fn schedule(&mut self) {
        let recovery = self.recoveries.first().map_or(self.period_end, |(time, _)| *time);
        let fault = if self.stormy { self.next_fault } else { self.period_end };
        self.next = recovery.min(fault).min(self.period_end);
    }

    /// Lets this fault happen, at `near` if that is possible.
    fn fault(&mut self, fault: Fault, near: Option<NodeId>, sim: &Sim, acts: &mut Vec<Act>) {
        match fault {
            Fault::Crash
            | Fault::PowerLoss
            | Fault::Blackout
            | Fault::ReplaceDisk
            | Fault::DiskError
            | Fault::Shutdown
            | Fault::Pause => self.node_fault(fault, near, sim, acts),
            Fault::Voters => self.voter_fault(sim, acts),
            Fault::Cut | Fault::Slow | Fault::Zombie => self.link_fault(fault, near, sim, acts),
            Fault::Loss | Fault::ResponseLoss | Fault::Duplicate | Fault::Delay | Fault::StaleControl => {
                self.message_fault(fault, near, sim, acts)
            }
            Fault::Reorder
            | Fault::Clock
            | Fault::Resign
            | Fault::Fence
            | Fault::Operator
            | Fault::Reassign
            | Fault::Unclean => {
                self.operator_fault(fault, near, sim, acts);
            }
            Fault::Client => self.client_fault(sim, acts),
        }
    }
}
