//! What the leader of a group does before it answers a consumer: the four read modes.
//!
//! Keeps: with `read-index`, and with `lease` while clocks keep their promise, an answer shows everything that was
//! committed when the question arrived. `leader-local` and `ask-followers` do not promise that.
//! Source: the paper, section 8; the thesis, sections 6.4 and 6.4.1.

use super::super::manager::ReplicaManager;
use super::Due;
use crate::config::ReadMode;
use crate::id::{Correlation, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::metadata::image::Image;
use crate::node::Out;
use crate::note::Note;
use crate::raft::RaftGroup;
use crate::record::{Entry, Record};
use crate::time::Time;
use crate::wire::{
    ErrorCode, FetchRequest, FetchResponse, Fetched, FetchedPartition, ListOffsetsRequest, Message,
    OffsetForLeaderEpochRequest, OffsetSpec, PartitionRaftBody, PartitionRaftMessage,
};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a consumer asks, and a leader that has been deposed would answer wrongly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Question {
    /// For records.
    Fetch(FetchRequest),
    /// Where the log ends. (It always begins at 0: that nobody can get wrong.)
    Offset(ListOffsetsRequest),
    /// Where epochs end: whether its log was cut below the consumer's position (KIP-320).
    EpochEnds(OffsetForLeaderEpochRequest),
}

impl Question {
    /// Of which partitions the answer must be confirmed.
    fn partitions(&self) -> Vec<TopicPartition> {
        match self {
            Question::Fetch(request) => request.partitions.iter().map(|asked| asked.partition).collect(),
            Question::Offset(request) if request.offset == OffsetSpec::Earliest => Vec::new(),
            Question::Offset(request) => alloc::vec![request.partition],
            Question::EpochEnds(request) => request.partitions.iter().map(|asked| asked.partition).collect(),
        }
    }

    /// The fetch, if it is one.
    const fn as_fetch(&self) -> Option<&FetchRequest> {
        match self {
            Question::Fetch(request) => Some(request),
            Question::Offset(_) | Question::EpochEnds(_) => None,
        }
    }
}

/// A consumer's question that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RaftRead {
    /// Who reads.
    pub from: NodeId,
    /// Its correlation.
    pub correlation: Correlation,
    /// What it asked.
    pub question: Question,
    /// When it arrived: a round must have begun then or later.
    pub asked: Time,
    /// When it has waited long enough.
    pub until: Time,
    /// The partitions that are not settled, with the followers that still owe an answer; 0 for a round.
    pub waits: BTreeMap<TopicPartition, u32>,
    /// The partitions that could not be confirmed when it asked, for they were not led here or in doubt. They are
    /// refused, even if an election has been won meanwhile: who has just been elected does not know what is committed.
    pub refused: Vec<TopicPartition>,
    /// What followers had.
    pub found: BTreeMap<TopicPartition, (NodeId, Entry<Record>)>,
}

/// What a consumer was told of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadAnswer {
    /// Of which.
    pub partition: TopicPartition,
    /// Who asked.
    pub reader: NodeId,
    /// The high watermark of the answer.
    pub hw: Offset,
    /// When the question arrived.
    pub asked: Time,
    /// When it was answered.
    pub at: Time,
}

impl ReplicaManager {
    /// Remembers until the next input what a consumer was told.
    pub(in super::super) fn note_answers(
        &mut self,
        asked: Time,
        reader: NodeId,
        partitions: &[FetchedPartition],
    ) {
        let Some(rafts) = &mut self.rafts else { return };
        let at = rafts.now;
        let told = partitions.iter().filter(|answer| answer.error.is_none());
        rafts.answered.extend(told.map(|answer| ReadAnswer {
            partition: answer.partition,
            reader,
            hw: answer.high_watermark,
            asked,
            at,
        }));
    }

    /// A new input: what was answered before is not news any more.
    pub(in super::super) fn forget_answers(&mut self, now: Time) {
        if let Some(rafts) = &mut self.rafts {
            rafts.now = now;
            rafts.answered.clear();
        }
    }

    /// A consumer asks something other than records.
    pub(in super::super) fn on_question(
        &mut self,
        now: Time,
        image: &Image,
        asker: (NodeId, Correlation),
        question: Question,
        out: &mut Out,
    ) {
        if let Some(question) = self.hold_read(now, image, asker, question, out) {
            self.answer_question(image, asker, &question, &[], out);
        }
    }

    /// A consumer asks. Gives the question back when it can be answered at once.
    pub(in super::super) fn hold_read(
        &mut self,
        now: Time,
        image: &Image,
        (from, correlation): (NodeId, Correlation),
        question: Question,
        out: &mut Out,
    ) -> Option<Question> {
        let Some(rafts) = &self.rafts else { return Some(question) };
        let (waits, refused) = match (rafts.read_mode, question.as_fetch()) {
            (ReadMode::LeaderLocal, _) | (ReadMode::AskFollowers, None) => Default::default(),
            (ReadMode::ReadIndex | ReadMode::Lease, _) => self.unconfirmed(now, from, &question, out),
            (ReadMode::AskFollowers, Some(request)) => (self.unknown_here(request, out), Vec::new()),
        };
        if waits.is_empty() {
            return Some(question);
        }
        let confirms = rafts.read_mode != ReadMode::AskFollowers;
        // fetch.max.wait.ms is how long a consumer waits for records, not for a majority.
        let patience = question.as_fetch().filter(|_| !confirms).map(|request| request.max_wait);
        let until = now + patience.unwrap_or(rafts.options.silence());
        let ids: Vec<TopicPartition> = waits.keys().copied().collect();
        let fetched = question.as_fetch().map_or(&[][..], |request| &request.partitions);
        let offsets: BTreeMap<TopicPartition, Offset> =
            fetched.iter().map(|asked| (asked.partition, asked.fetch_offset)).collect();
        let found = BTreeMap::new();
        let read = RaftRead { from, correlation, question, asked: now, until, waits, refused, found };
        let rafts = self.rafts.as_mut()?;
        let key = rafts.reads.park(read);
        rafts.due.insert((until, Due::Read(key)));
        for id in ids {
            if confirms {
                self.with_group(now, image, id, None, out, |group, disk, out| {
                    group.begin_round(disk, now, out)
                });
                self.settle_reads(now, image, id, out);
            } else if let Some(&offset) = offsets.get(&id) {
                self.ask_followers(key, id, offset, out);
            }
        }
        self.arm_rafts(now, out);
        None
    }

    /// Refuses a read that no majority would confirm, for none has answered as long as a leader may be silent: it would
    /// wait in vain, and with it the other partitions of its fetch.
    pub(in super::super) fn check_confirmable(&self, partition: TopicPartition) -> Result<(), ErrorCode> {
        let Some(rafts) = &self.rafts else { return Ok(()) };
        let confirms = matches!(rafts.read_mode, ReadMode::ReadIndex | ReadMode::Lease);
        let in_doubt = rafts.groups.get(&partition).is_some_and(|group| group.is_in_doubt(rafts.now));
        if confirms && in_doubt { Err(ErrorCode::NotLeaderOrFollower) } else { Ok(()) }
    }

    /// Refuses a reader who has read what this leader does not have, or records of a later epoch. Leaders have everything
    /// that is committed (the paper, figure 3: leader completeness), and consumers read nothing else, unless followers
    /// are asked: so this is a leader of the past, and must not tell anybody that the log was cut.
    pub(in super::super) fn check_complete(
        &self,
        partition: TopicPartition,
        read_to: Offset,
        read_epoch: Option<LeaderEpoch>,
    ) -> Result<(), ErrorCode> {
        let reads_committed = self.rafts.as_ref().is_some_and(|it| it.read_mode != ReadMode::AskFollowers);
        let Some(replica) = self.disk.replicas.get(&partition).filter(|_| reads_committed) else {
            return Ok(());
        };
        if read_epoch > Some(replica.vote.epoch) {
            return Err(ErrorCode::UnknownLeaderEpoch);
        }
        if read_to > replica.leo() { Err(ErrorCode::OffsetNotAvailable) } else { Ok(()) }
    }

    /// The partitions of which it is not known that they are still led here, and those of which that cannot be known.
    fn unconfirmed(
        &self,
        now: Time,
        reader: NodeId,
        question: &Question,
        out: &mut Out,
    ) -> (BTreeMap<TopicPartition, u32>, Vec<TopicPartition>) {
        let (mut waits, mut refused) = (BTreeMap::new(), Vec::new());
        for partition in question.partitions() {
            let group = self.rafts.as_ref().and_then(|rafts| rafts.groups.get(&partition));
            let Some(group) = group.filter(|group| group.is_leader() && !group.is_in_doubt(now)) else {
                refused.push(partition);
                continue;
            };
            match group.lease_until(now).filter(|&until| until > now && group.knows_commits()) {
                Some(until) => out.note(Note::ReadUnderLease { partition, reader, left: until.since(now) }),
                None => {
                    waits.insert(partition, 0);
                }
            }
        }
        (waits, refused)
    }

    /// The partitions where the leader has no committed record at the asked offset.
    fn unknown_here(&self, request: &FetchRequest, out: &mut Out) -> BTreeMap<TopicPartition, u32> {
        let mut waits = BTreeMap::new();
        for asked in &request.partitions {
            let (partition, offset) = (asked.partition, asked.fetch_offset);
            let group = self.rafts.as_ref().and_then(|rafts| rafts.groups.get(&partition));
            let Some(group) = group.filter(|group| group.is_leader() && group.high_watermark() <= offset)
            else {
                continue;
            };
            let followers = group.members().len().saturating_sub(1);
            if followers > 0 {
                out.note(Note::FollowersAsked { partition, offset, followers });
                waits.insert(partition, followers);
            }
        }
        waits
    }

    fn ask_followers(&mut self, key: u32, id: TopicPartition, offset: Offset, out: &mut Out) {
        let Some(members) =
            self.rafts.as_ref().and_then(|rafts| rafts.groups.get(&id)).map(RaftGroup::members)
        else {
            return;
        };
        for to in members.without(self.me).iter() {
            let body = PartitionRaftBody::AskRecord(offset);
            let message = PartitionRaftMessage { partition: id, body };
            out.send(to, Correlation(key), Message::PartitionRaft(Box::new(message)));
        }
    }

    /// A group has heard from its members: reads that its round confirms are settled, and those that it can never
    /// confirm because it leads no more.
    pub(super) fn settle_reads(&mut self, now: Time, image: &Image, id: TopicPartition, out: &mut Out) {
        let Some(rafts) = self.rafts.as_mut().filter(|rafts| rafts.reads.keys_end() > 0) else { return };
        let group = rafts.groups.get(&id);
        let leads = group.is_some_and(RaftGroup::is_leader);
        let knows = group.is_some_and(RaftGroup::knows_commits);
        let confirmed = group.and_then(|group| group.confirmed(now)).filter(|_| knows);
        for key in 0..rafts.reads.keys_end() {
            let Some(rafts) = &mut self.rafts else { return };
            let Some(read) = rafts.reads.get_mut(key) else { continue };
            let settled = !leads || confirmed.is_some_and(|at| at >= read.asked);
            if read.waits.get(&id) != Some(&0) || !settled {
                continue;
            }
            read.waits.remove(&id);
            let (reader, waited) = (read.from, now.since(read.asked));
            let done = read.waits.is_empty();
            if leads {
                out.note(Note::ReadConfirmed { partition: id, reader, waited });
            }
            if done {
                self.answer_read(now, image, key, out);
            }
        }
    }

    /// A follower said what it has.
    pub(super) fn on_record_answer(
        &mut self,
        now: Time,
        image: &Image,
        (follower, correlation): (NodeId, Correlation),
        (id, offset): (TopicPartition, Offset),
        entry: Option<Entry<Record>>,
        out: &mut Out,
    ) {
        let key = correlation.0;
        let Some(rafts) = &mut self.rafts else { return };
        let Some(read) = rafts.reads.get_mut(key) else { return };
        let asked = |read: &RaftRead| {
            let fetched = read.question.as_fetch().map_or(&[][..], |request| &request.partitions);
            fetched.iter().any(|asked| (asked.partition, asked.fetch_offset) == (id, offset))
        };
        if !asked(read) {
            return;
        }
        let Some(owed) = read.waits.get_mut(&id).filter(|owed| **owed > 0) else { return };
        *owed -= 1;
        if *owed == 0 {
            read.waits.remove(&id);
        }
        if let Some(entry) = entry {
            read.found.entry(id).or_insert((follower, entry));
        }
        if read.waits.is_empty() {
            self.answer_read(now, image, key, out);
        }
    }

    /// Everything that it waited for is there.
    fn answer_read(&mut self, now: Time, image: &Image, key: u32, out: &mut Out) {
        let Some(read) = self.take_read(key) else { return };
        let asker = (read.from, read.correlation);
        match read.question {
            Question::Fetch(request) if read.found.is_empty() && read.refused.is_empty() => {
                let max_wait = (read.asked + request.max_wait).since(now);
                let request = FetchRequest { max_wait, ..request };
                self.answer_or_park(image, asker, read.asked, request, out);
            }
            Question::Fetch(_) => self.answer_with(image, &read, &read.refused, out),
            Question::Offset(_) | Question::EpochEnds(_) => {
                self.answer_question(image, asker, &read.question, &read.refused, out);
            }
        }
    }

    /// It has waited long enough. What no round has confirmed is refused; what a follower did not say is not known.
    pub(super) fn expire_read(&mut self, now: Time, image: &Image, key: u32, out: &mut Out) {
        let Some(read) = self.take_read(key) else { return };
        let (reader, waited) = (read.from, now.since(read.asked));
        let unconfirmed = read.waits.iter().filter(|(_, owed)| **owed == 0).map(|(&partition, _)| partition);
        let mut unconfirmed: Vec<TopicPartition> = unconfirmed.collect();
        for &partition in &unconfirmed {
            out.note(Note::ReadUnconfirmed { partition, reader, waited });
        }
        unconfirmed.extend(&read.refused);
        match read.question {
            Question::Fetch(_) => self.answer_with(image, &read, &unconfirmed, out),
            Question::Offset(_) | Question::EpochEnds(_) => {
                let asker = (read.from, read.correlation);
                self.answer_question(image, asker, &read.question, &unconfirmed, out);
            }
        }
    }

    /// Answers what is not a fetch, and refuses what is not confirmed.
    fn answer_question(
        &self,
        image: &Image,
        (from, correlation): (NodeId, Correlation),
        question: &Question,
        unconfirmed: &[TopicPartition],
        out: &mut Out,
    ) {
        let message = match question {
            Question::Fetch(_) => return,
            Question::Offset(request) => {
                let mut response = self.list_offsets(image, *request);
                if unconfirmed.contains(&request.partition) {
                    (response.error, response.offset) = (ErrorCode::NotLeaderOrFollower, Offset(0));
                }
                Message::ListOffsetsResponse(response)
            }
            Question::EpochEnds(request) => {
                let mut response = self.epoch_ends(image, request);
                for answer in response.partitions.iter_mut().filter(|it| unconfirmed.contains(&it.partition))
                {
                    (answer.error, answer.leader_epoch, answer.end_offset) =
                        (ErrorCode::NotLeaderOrFollower, None, None);
                }
                Message::OffsetForLeaderEpochResponse(response)
            }
        };
        out.respond(from, correlation, message);
    }

    fn take_read(&mut self, key: u32) -> Option<RaftRead> {
        let rafts = self.rafts.as_mut()?;
        let read = rafts.reads.take(key)?;
        rafts.due.remove(&(read.until, Due::Read(key)));
        Some(read)
    }

    /// Answers a fetch with what followers had, where the leader has nothing, and refuses what is not confirmed.
    fn answer_with(&mut self, image: &Image, read: &RaftRead, unconfirmed: &[TopicPartition], out: &mut Out) {
        let Some(request) = read.question.as_fetch() else { return };
        let mut partitions = self.read(image, request, None, read.from, out);
        for answer in &mut partitions {
            let id = answer.partition;
            if unconfirmed.contains(&id) {
                (answer.error, answer.data) = (ErrorCode::NotLeaderOrFollower, Fetched::Records(Vec::new()));
            }
            if let Some(&(from, entry)) = read.found.get(&id) {
                add_found(answer, request, from, entry, out);
            }
        }
        self.note_answers(read.asked, read.from, &partitions);
        out.respond(read.from, read.correlation, Message::FetchResponse(FetchResponse { partitions }));
    }

    /// The connection to `node` broke: its reads have nobody to be answered to.
    pub(in super::super) fn drop_reads_of(&mut self, node: NodeId) {
        let keys: Vec<u32> = match &self.rafts {
            Some(rafts) => {
                rafts.reads.iter().filter(|(_, read)| read.from == node).map(|(key, _)| key).collect()
            }
            None => return,
        };
        for key in keys {
            self.take_read(key);
        }
    }
}

/// Puts what a follower had into an answer that has no record.
fn add_found(
    answer: &mut FetchedPartition,
    request: &FetchRequest,
    from: NodeId,
    entry: Entry<Record>,
    out: &mut Out,
) {
    let asked = request.partitions.iter().find(|asked| asked.partition == answer.partition);
    let Some(asked) = asked.filter(|_| answer.error.is_none()) else { return };
    if matches!(&answer.data, Fetched::Records(records) if !records.is_empty()) {
        return;
    }
    let (partition, offset, hw) = (answer.partition, asked.fetch_offset, answer.high_watermark);
    if hw <= offset {
        out.note(Note::UncommittedReturned { partition, offset, hw, from });
    }
    answer.data = Fetched::Records(alloc::vec![entry]);
}
