//! A bench for one partition on one broker: its clock, its timers, and every message that it sends, as text.
//!
//! The other brokers, the controller and the clients are played by the case. The partition is `t-0`; brokers 0 to 9
//! are registered and unfenced, broker 3 under broker epoch 1003. Timers run out at the end of their range.

use super::clock::Clock;
use super::data_messages;
use crate::config::{Rack, Settings};
use crate::id::{
    BrokerEpoch, Correlation, Incarnation, LeaderEpoch, NodeId, Offset, Text, TopicId, TopicPartition,
};
use crate::metadata::image::Image;
use crate::node::{Effect, Out, Timer};
use crate::record::{Entry, MetadataRecord, PartitionChange, PartitionRegistration, Record};
use crate::replication::{Ctx, Partition, ReplicaDisk, ReplicaLog, ReplicaManager};
use crate::scenario::words;
use crate::time::{Span, Time};
use crate::wire::{Envelope, Message};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The partition.
pub(super) const TP: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
/// Who decides.
pub(super) const CONTROLLER: NodeId = NodeId::controller(1);
/// Who produces.
pub(super) const PRODUCER: NodeId = NodeId::producer(1);
/// Who reads.
pub(super) const CONSUMER: NodeId = NodeId::consumer(1);
/// When the case begins.
const START: Time = Time(1_000_000_000);

#[derive(Debug)]
struct Asked {
    to: NodeId,
    correlation: Correlation,
    api: &'static str,
}

#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) manager: ReplicaManager,
    pub(super) image: Image,
    me: NodeId,
    settings: Settings,
    pub(super) clock: Clock,
    asked: Vec<Asked>,
    next: u32,
    value: u32,
    began: Time,
    lines: Vec<String>,
    state: String,
}

/// The broker epoch of a broker.
pub(super) const fn epoch_of(broker: NodeId) -> BrokerEpoch {
    BrokerEpoch(1000 + broker.0 as u64)
}

/// Records of these runs, numbered from `value`.
pub(super) fn entries(runs: &[(u32, u64)], value: &mut u32) -> Vec<Entry<Record>> {
    let mut made = Vec::new();
    for &(epoch, count) in runs {
        for _ in 0..count {
            made.push(Entry {
                epoch: LeaderEpoch(epoch),
                body: Record::new(Text::default(), PRODUCER, *value),
            });
            *value = value.wrapping_add(1);
        }
    }
    made
}

fn image_of(registration: PartitionRegistration) -> Image {
    let mut image = Image::default();
    for broker in (0..10).map(NodeId::broker) {
        let (incarnation, broker_epoch) = (Incarnation(u32::from(broker.0)), epoch_of(broker));
        image.apply(&MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced: false });
    }
    let name = Text::new("t").unwrap_or_default();
    image.apply(&MetadataRecord::Topic { topic: TP.topic, name });
    image.apply(&MetadataRecord::Partition { partition: TP, registration });
    image
}

impl Hosted {
    /// Broker `me` starts with this log on its disk, everything flushed, and replays this registration.
    pub(super) fn start(
        me: NodeId,
        settings: Settings,
        registration: PartitionRegistration,
        log: &[(u32, u64)],
        hw: u64,
    ) -> Hosted {
        let (mut replica, mut value) = (ReplicaLog::default(), 0);
        for entry in entries(log, &mut value) {
            replica.append(entry, START);
        }
        replica.log.flush();
        replica.checkpointed_hw = Offset(hw);
        let disk = ReplicaDisk { replicas: BTreeMap::from([(TP, replica)]) };
        let mut hosted = Hosted {
            manager: ReplicaManager::new(me, Arc::new(settings), disk),
            image: image_of(registration),
            me,
            settings,
            clock: Clock::new(START),
            asked: Vec::new(),
            next: 1000,
            value,
            began: START,
            lines: Vec::new(),
            state: String::new(),
        };
        hosted.boot();
        hosted
    }

    fn boot(&mut self) {
        self.state = data_messages::show_state(None, self.log());
        self.drive(|manager, now, _, _, out| manager.boot(now, out));
        self.publish();
    }

    /// The broker starts again from its disk; `clean` after a clean shutdown.
    pub(super) fn restart(&mut self, clean: bool) {
        if clean {
            self.manager.shut_down_cleanly();
        }
        let disk = self.manager.disk.clone();
        self.clock.disarm_all();
        self.manager = ReplicaManager::new(self.me, Arc::new(self.settings), disk);
        self.boot();
    }

    /// The broker replays what the image says of the partition.
    pub(super) fn publish(&mut self) {
        self.drive(|manager, now, image, ctx, out| manager.apply(now, image, &[TP], ctx, out));
    }

    /// The controller changes the partition, and the broker replays it.
    pub(super) fn change(&mut self, change: PartitionChange) {
        self.image.apply(&MetadataRecord::PartitionChange { partition: TP, change });
        self.publish();
    }

    /// In which rack the consumer stands.
    pub(super) fn client_rack(&self) -> Option<Rack> {
        self.settings.client_rack.get(CONSUMER.number())
    }

    /// The registration of the partition.
    pub(super) fn registration(&self) -> Option<&PartitionRegistration> {
        self.image.partitions.get(&TP)
    }

    /// The partition as the broker has it.
    pub(super) fn partition(&self) -> Option<&Partition> {
        self.manager.partition(TP)
    }

    /// The broker's log.
    pub(super) fn log(&self) -> Option<&ReplicaLog> {
        self.manager.disk.replicas.get(&TP)
    }

    /// The next serial numbers for `count` records.
    pub(super) fn values(&mut self, runs: &[(u32, u64)]) -> Vec<Entry<Record>> {
        entries(runs, &mut self.value)
    }

    /// What was told since the last call.
    pub(super) fn told(&mut self) -> String {
        self.began = self.clock.now;
        core::mem::take(&mut self.lines).join("\n")
    }

    fn tell(&mut self, line: &str) {
        let after = self.clock.now.since(self.began);
        let when = if after == Span::ZERO { String::new() } else { format!("+{} ", words::show_span(after)) };
        self.lines.push(format!("{when}{line}"));
    }

    /// Runs one input, tells what the broker sends and what the partition has become.
    pub(super) fn drive(&mut self, input: impl FnOnce(&mut ReplicaManager, Time, &Image, Ctx, &mut Out)) {
        let mut out = Out::new(7);
        let ctx = Ctx { controller: Some(CONTROLLER), broker_epoch: Some(epoch_of(self.me)) };
        input(&mut self.manager, self.clock.now, &self.image, ctx, &mut out);
        for effect in out.effects {
            match effect {
                Effect::Send { to, correlation, message } => self.sent(to, correlation, &message),
                Effect::Arm(timer, range) => self.clock.arm(timer, *range.end()),
                Effect::Disarm(timer) => self.clock.disarm(timer),
                Effect::Exit { .. } => self.tell("the broker stops"),
                Effect::Note(_) | Effect::Reply(..) => {}
            }
        }
        let state = data_messages::show_state(self.partition(), self.log());
        if state != self.state {
            self.tell(&state);
            self.state = state;
        }
    }

    fn sent(&mut self, to: NodeId, correlation: Correlation, message: &Message) {
        let text = data_messages::show(message);
        let to_text = data_messages::show_node(to);
        if message.is_request() {
            self.asked.push(Asked { to, correlation, api: message.api() });
            let number = self.asked.len();
            self.tell(&format!("-> {to_text} #{number} {text}"));
        } else {
            self.tell(&format!("-> {to_text} {text}"));
        }
    }

    /// A message arrives; an answer that is not sent at once is told too when one is `awaited`.
    pub(super) fn deliver(&mut self, from: NodeId, message: Message, awaited: bool) {
        self.next += 1;
        let correlation = Correlation(self.next);
        let before = self.lines.len();
        let envelope = Envelope { from, to: self.me, correlation, message };
        self.drive(|manager, now, image, ctx, out| manager.on_message(now, image, ctx, envelope, out));
        let to_it = format!("-> {} ", data_messages::show_node(from));
        if awaited && !self.lines[before..].iter().any(|line| line.starts_with(&to_it)) {
            self.tell("no answer yet");
        }
    }

    /// The answer to request number `number`, or to the last one of this API to that node.
    pub(super) fn answer(
        &mut self,
        from: NodeId,
        number: Option<u64>,
        message: Message,
    ) -> Result<(), String> {
        let asked = match number {
            Some(number) => {
                self.asked.get((number as usize).wrapping_sub(1)).filter(|asked| asked.to == from)
            }
            None => self.asked.iter().rev().find(|asked| asked.to == from && asked.api == message.api()),
        };
        let wrong = || format!("{} was not asked that", data_messages::show_node(from));
        let asked = asked.filter(|asked| asked.api == message.api()).ok_or_else(wrong)?;
        let envelope = Envelope { from, to: self.me, correlation: asked.correlation, message };
        self.drive(|manager, now, image, ctx, out| manager.on_message(now, image, ctx, envelope, out));
        Ok(())
    }

    /// Lets time pass, firing what runs out.
    pub(super) fn advance(&mut self, span: Span) -> Result<(), String> {
        let mut passing = self.clock.pass(span);
        while let Some(timer) = self.clock.next(&mut passing)? {
            self.fire(timer);
        }
        Ok(())
    }

    /// Fires a timer now, armed or not.
    pub(super) fn fire(&mut self, timer: Timer) {
        self.clock.disarm(timer);
        self.drive(|manager, now, image, ctx, out| manager.on_timer(now, image, ctx, timer, out));
    }

    /// Armed timers and how long each has left.
    pub(super) fn show_timers(&self) -> String {
        self.clock.show()
    }

    /// A moment as the time since the case began.
    pub(super) fn show_time(time: Option<Time>) -> String {
        time.map_or(String::from("none"), |time| words::show_span(time.since(START)))
    }

    /// The broker's own state, whether it changed or not.
    pub(super) fn show(&self) -> String {
        self.state.to_string()
    }
}
