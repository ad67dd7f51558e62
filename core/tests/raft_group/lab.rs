//! A group whose members are driven by hand: messages wait in a list until a test delivers or drops them.

use kraftscope_core::dice::Dice;
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeList, Offset};
use kraftscope_core::node::Loss;
use kraftscope_core::raft::{RaftDisk, RaftEvent, RaftGroup, RaftOptions, RaftOut, RaftRecord, RaftStorage};
use kraftscope_core::record::Entry;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::RaftMessage;
use std::collections::BTreeMap;

/// A number, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u32);

impl RaftRecord for Word {
    const NO_OP: Word = Word(0);
}

pub(crate) struct Member {
    pub(crate) group: RaftGroup,
    pub(crate) disk: RaftDisk<Word>,
}

pub(crate) struct Packet {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: RaftMessage<Word>,
}

pub(crate) struct Lab {
    pub(crate) now: Time,
    pub(crate) members: BTreeMap<NodeId, Member>,
    pub(crate) flying: Vec<Packet>,
    pub(crate) happened: Vec<(u8, RaftEvent)>,
    pub(crate) sent: u32,
    options: RaftOptions,
    dice: Dice,
    down: Vec<NodeId>,
}

pub(crate) fn n(number: u8) -> NodeId {
    NodeId::broker(number)
}

pub(crate) fn at(offset: u64) -> Offset {
    Offset(offset)
}

pub(crate) fn epoch(number: u32) -> LeaderEpoch {
    LeaderEpoch(number)
}

impl Lab {
    pub(crate) fn new(size: u8) -> Lab {
        Lab::with(size, RaftOptions::default())
    }

    pub(crate) fn with(size: u8, options: RaftOptions) -> Lab {
        let list: NodeList = (1..=size).map(n).collect();
        let member = |id| Member { group: RaftGroup::new(id, list, options), disk: RaftDisk::default() };
        let mut lab = Lab {
            now: Time(1),
            members: list.iter().map(|id| (id, member(id))).collect(),
            flying: Vec::new(),
            happened: Vec::new(),
            sent: 0,
            options,
            dice: Dice::new(7),
            down: Vec::new(),
        };
        for number in 1..=size {
            lab.input(number, |member, now, out| member.group.boot(&member.disk, now, out));
        }
        lab
    }

    /// Gives a member that has not been elected a log whose entries have these epochs, each with its offset as body.
    pub(crate) fn log(&mut self, number: u8, epochs: &[u32]) {
        let disk = &mut self.member(number).disk;
        for (offset, &epoch) in epochs.iter().enumerate() {
            disk.append(Entry { epoch: LeaderEpoch(epoch), body: Word(offset as u32) });
        }
        disk.flush();
        let latest = LeaderEpoch(*epochs.last().unwrap_or(&0)).max(disk.epoch);
        disk.set_vote(latest, None);
    }

    pub(crate) fn member(&mut self, number: u8) -> &mut Member {
        self.members.get_mut(&n(number)).expect("it is a member")
    }

    pub(crate) fn input(&mut self, number: u8, what: impl FnOnce(&mut Member, Time, &mut RaftOut<Word>)) {
        let mut out = RaftOut::new(self.dice);
        let now = self.now;
        what(self.member(number), now, &mut out);
        self.dice = out.dice;
        self.sent += out.send.len() as u32;
        self.happened.extend(out.happened.into_iter().map(|event| (number, event)));
        let from = n(number);
        self.flying.extend(out.send.into_iter().map(|(to, message)| Packet { from, to, message }));
    }

    /// The member's time is up.
    pub(crate) fn fire(&mut self, number: u8) {
        self.input(number, |member, now, out| member.group.on_deadline(&mut member.disk, now, out));
    }

    pub(crate) fn append(&mut self, number: u8, words: &[u32]) -> Option<Offset> {
        let mut base = None;
        self.input(number, |member, now, out| {
            let words = words.iter().map(|&word| Word(word));
            base = member.group.append(&mut member.disk, now, words, out);
        });
        base
    }

    /// Delivers the first message that waits.
    pub(crate) fn deliver(&mut self) {
        let Packet { from, to, message } = self.flying.remove(0);
        if !self.down.contains(&to) && !self.down.contains(&from) {
            self.input(to.number(), |member, now, out| {
                member.group.on_message(&mut member.disk, now, from, message, out);
            });
        }
    }

    /// Delivers everything, and what comes of it; a millisecond passes.
    pub(crate) fn settle(&mut self) {
        self.now += Span::millis(1);
        while !self.flying.is_empty() {
            self.deliver();
        }
    }

    /// Loses every message between these and the rest from now on.
    pub(crate) fn down(&mut self, numbers: &[u8]) {
        self.down = numbers.iter().map(|&number| n(number)).collect();
    }

    pub(crate) fn crash(&mut self, number: u8, loss: Loss) {
        let options = self.options;
        let member = self.member(number);
        member.disk.crash(loss);
        member.group = RaftGroup::new(n(number), member.group.members(), options);
        self.input(number, |member, now, out| member.group.boot(&member.disk, now, out));
    }

    pub(crate) fn elect(&mut self, number: u8) {
        self.fire(number);
        self.settle();
        assert!(self.member(number).group.is_leader(), "{number} leads");
    }

    /// One heartbeat of the leader, delivered.
    pub(crate) fn heartbeat(&mut self, number: u8) {
        self.fire(number);
        self.settle();
    }

    pub(crate) fn epochs(&mut self, number: u8) -> Vec<u32> {
        let log = &self.member(number).disk.log;
        log.iter(log.start(), log.end()).map(|(_, entry)| entry.epoch.0).collect()
    }

    pub(crate) fn hw(&mut self, number: u8) -> u64 {
        self.member(number).group.high_watermark().0
    }

    pub(crate) fn is_leader(&mut self, number: u8) -> bool {
        self.member(number).group.is_leader()
    }

    pub(crate) fn told(&self, number: u8, event: RaftEvent) -> bool {
        self.happened.contains(&(number, event))
    }
}
