//! A bench for an active controller: a quorum of one voter, so that what is decided is committed at once, and a clock.
//!
//! Brokers are played by the case.

use super::clock::Clock;
use super::partition_change::{show_change, show_registration};
use crate::config::Settings;
use crate::id::{CallId, Correlation, DirectoryId, NodeId, Offset, ReplicaKey};
use crate::kraft::{Quorum, QuorumDisk};
use crate::metadata::controller::QuorumController;
use crate::node::{Command, Effect, Out, Outcome, Timer};
use crate::record::MetadataRecord;
use crate::scenario::plain;
use crate::scenario::words::Names;
use crate::time::{Span, Time};
use crate::voters::VoterSet;
use crate::wire::{Envelope, IsrAnswer, Message};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

const ME: NodeId = NodeId::controller(1);

#[derive(Debug)]
pub(super) struct Active {
    pub(super) clock: Clock,
    pub(super) controller: QuorumController,
    quorum: Quorum,
    out: Out,
    correlation: u32,
    /// Records below it have been told.
    told: Offset,
    replies: Vec<String>,
}

impl Active {
    /// An active controller that found these records in its log.
    pub(super) fn new(mut settings: Settings, found: &[MetadataRecord]) -> Active {
        // The only voter is named by its configuration: it writes no record about itself.
        settings.features.kraft_version_1 = false;
        let settings = Arc::new(settings);
        let me = ReplicaKey { id: ME, directory: DirectoryId(1) };
        let mut active = Active {
            clock: Clock::new(Time(1_000_000)),
            quorum: Quorum::new(me, VoterSet::of(&[me]), Arc::clone(&settings), QuorumDisk::default()),
            controller: QuorumController::new(settings),
            out: Out::new(1),
            correlation: 0,
            told: Offset(0),
            replies: Vec::new(),
        };
        let now = active.clock.now;
        active.quorum.boot(now, &mut active.out);
        active.quorum.append(now, found, &mut active.out);
        active.settle(&Names::default());
        active.told = active.quorum.log().end();
        active
    }

    /// Runs one input, and whatever follows from what it wrote.
    pub(super) fn input(
        &mut self,
        names: &Names,
        input: impl FnOnce(&mut QuorumController, Time, &mut Quorum, &mut Out),
    ) {
        input(&mut self.controller, self.clock.now, &mut self.quorum, &mut self.out);
        self.settle(names);
    }

    fn settle(&mut self, names: &Names) {
        loop {
            self.controller.on_progress(self.clock.now, &mut self.quorum, &mut self.out);
            let effects = core::mem::take(&mut self.out.effects);
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Send { message, .. } => self.replies.push(show_reply(&message, names)),
                    Effect::Reply(_, Outcome::Done) => self.replies.push(String::from("NONE")),
                    Effect::Reply(_, Outcome::Refused(error)) => {
                        self.replies.push(String::from(error.name()))
                    }
                    Effect::Arm(timer, range) => {
                        self.clock.arm(timer, *range.start());
                    }
                    Effect::Disarm(timer) => {
                        self.clock.disarm(timer);
                    }
                    Effect::Note(_) | Effect::Exit { .. } => {}
                }
            }
        }
    }

    /// A message of a broker arrives.
    pub(super) fn deliver(&mut self, names: &Names, from: NodeId, message: Message) {
        self.correlation += 1;
        let envelope = Envelope { from, to: ME, correlation: Correlation(self.correlation), message };
        self.input(names, |controller, now, quorum, out| controller.on_message(now, quorum, envelope, out));
    }

    /// A person asks for something.
    pub(super) fn call(&mut self, names: &Names, command: Command) {
        self.input(names, |controller, now, quorum, out| {
            controller.on_command(now, quorum, CallId(1), command, out);
        });
    }

    /// Lets time pass, firing what runs out.
    pub(super) fn advance(&mut self, names: &Names, span: Span) -> Result<(), String> {
        let mut passing = self.clock.pass(span);
        while let Some(timer) = self.clock.next(&mut passing)? {
            self.fire(names, timer);
        }
        Ok(())
    }

    /// Fires a timer now, armed or not.
    pub(super) fn fire(&mut self, names: &Names, timer: Timer) {
        self.clock.disarm(timer);
        if Quorum::handles(timer) {
            self.quorum.on_timer(self.clock.now, timer, &mut self.out);
            self.settle(names);
        } else {
            self.input(names, |controller, now, quorum, out| controller.on_timer(now, quorum, timer, out));
        }
    }

    /// The records written since the last call, but not the NoOps, then the replies.
    pub(super) fn told(&mut self, names: &Names) -> String {
        let (end, log) = (self.quorum.log().end(), self.quorum.log());
        let written = log.iter(self.told, end).map(|(_, entry)| entry.body);
        let mut lines: Vec<String> = written
            .filter(|record| !matches!(record, MetadataRecord::NoOp))
            .map(|record| show_record(&record, names))
            .collect();
        lines.append(&mut self.replies);
        self.told = end;
        lines.join("\n")
    }
}

fn show_record(record: &MetadataRecord, names: &Names) -> String {
    match record {
        MetadataRecord::Partition { partition, registration } => {
            let fields = show_registration(registration);
            format!("record Partition {} {}", names.show(*partition), fields.trim_start_matches("partition "))
        }
        MetadataRecord::PartitionChange { partition, change } => {
            format!("record PartitionChange {}{}", names.show(*partition), show_change(change))
        }
        other => format!("record {}", plain::record(other, names)),
    }
}

const fn yes(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}

fn show_reply(message: &Message, names: &Names) -> String {
    match message {
        Message::BrokerHeartbeatResponse(response) => format!(
            "BrokerHeartbeat {} caught-up={} fenced={} shut-down={}",
            response.error.name(),
            yes(response.is_caught_up),
            yes(response.is_fenced),
            yes(response.should_shut_down)
        ),
        Message::BrokerRegistrationResponse(response) if response.error.is_none() => {
            format!("BrokerRegistration NONE broker-epoch={}", response.broker_epoch)
        }
        Message::BrokerRegistrationResponse(response) => {
            format!("BrokerRegistration {}", response.error.name())
        }
        Message::AlterPartitionResponse(response) if response.error.is_none() => {
            let answers: Vec<String> =
                response.partitions.iter().map(|answer| show_answer(answer, names)).collect();
            answers.join("\n")
        }
        Message::AlterPartitionResponse(response) => format!("AlterPartition {}", response.error.name()),
        other => String::from(other.api()),
    }
}

fn show_answer(answer: &IsrAnswer, names: &Names) -> String {
    let partition = match names.0.get(usize::from(answer.partition.topic.0)) {
        Some(_) => names.show(answer.partition),
        None => format!("unknown-{}", answer.partition.partition),
    };
    if !answer.error.is_none() {
        return format!("AlterPartition {partition} {}", answer.error.name());
    }
    format!(
        "AlterPartition {partition} NONE leader={} leader-epoch={} isr={} partition-epoch={}",
        crate::scenario::command::show_broker(answer.leader),
        answer.leader_epoch,
        answer.isr,
        answer.partition_epoch
    )
}
