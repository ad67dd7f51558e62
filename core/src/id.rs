//! Names for every number that a person could mix up.
//!
//! Raft's words appear here once: Raft's *term* is Kafka's *epoch*, Raft's *commit index* + 1 is Kafka's
//! *high watermark* (exclusive), Raft's *log index* counts from 1 where Kafka's *offset* counts from 0.

use alloc::format;
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One process of the simulated cluster. The range says what it is:
/// 1–99 brokers, 101–139 controllers, 141–159 ZooKeeper members, 161–199 producers, 201–249 consumers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u8);

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeKind {
    /// A data broker (`process.roles=broker`).
    Broker,
    /// A dedicated controller (`process.roles=controller`).
    Controller,
    /// A member of the ZooKeeper ensemble.
    ZooKeeper,
    /// A producing client.
    Producer,
    /// A consuming client.
    Consumer,
}

impl NodeId {
    /// Broker number `n`, from 1.
    pub const fn broker(n: u8) -> NodeId {
        NodeId(n)
    }

    /// Controller number `n`, from 1.
    pub const fn controller(n: u8) -> NodeId {
        NodeId(100 + n)
    }

    /// Member number `n` of the ZooKeeper ensemble, from 1.
    pub const fn zookeeper(n: u8) -> NodeId {
        NodeId(140 + n)
    }

    /// Producer number `n`, from 1.
    pub const fn producer(n: u8) -> NodeId {
        NodeId(160 + n)
    }

    /// Consumer number `n`, from 1.
    pub const fn consumer(n: u8) -> NodeId {
        NodeId(200 + n)
    }

    /// What kind of process this is.
    pub const fn kind(self) -> NodeKind {
        match self.0 {
            0..=99 => NodeKind::Broker,
            100..=139 => NodeKind::Controller,
            140..=159 => NodeKind::ZooKeeper,
            160..=199 => NodeKind::Producer,
            200..=255 => NodeKind::Consumer,
        }
    }

    /// Its number within its kind, from 1.
    pub const fn number(self) -> u8 {
        match self.kind() {
            NodeKind::Broker => self.0,
            NodeKind::Controller => self.0 - 100,
            NodeKind::ZooKeeper => self.0 - 140,
            NodeKind::Producer => self.0 - 160,
            NodeKind::Consumer => self.0 - 200,
        }
    }

    /// Parses `broker-1`, `b1`, `1`, `controller-2`, `c2`, `zookeeper-1`, `z1`, `producer-1`, `p1`, `consumer-1`, `u1`.
    pub fn parse(text: &str) -> Result<NodeId, String> {
        let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        let word = text[..text.len() - digits.len()].trim_end_matches('-');
        let wrong =
            || format!("'{text}' names no process: write broker-1, controller-1, producer-1 or consumer-1");
        let number: u8 = digits.parse().map_err(|_| wrong())?;
        let (base, most) = match word {
            "" | "b" | "broker" => (0, 99),
            "c" | "controller" => (100, 39),
            "z" | "zookeeper" => (140, 19),
            "p" | "producer" => (160, 39),
            "u" | "consumer" => (200, 49),
            _ => return Err(wrong()),
        };
        if number == 0 || number > most {
            return Err(wrong());
        }
        Ok(NodeId(base + number))
    }
}

/// `broker-1`, `controller-2`, `producer-1`, `consumer-3`.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind() {
            NodeKind::Broker => "broker",
            NodeKind::Controller => "controller",
            NodeKind::ZooKeeper => "zookeeper",
            NodeKind::Producer => "producer",
            NodeKind::Consumer => "consumer",
        };
        write!(f, "{word}-{}", self.number())
    }
}

/// A topic, numbered in the order of creation. Kafka uses a UUID; a small number reads better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicId(pub u8);

/// One partition of one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition's index within its topic, from 0.
    pub partition: u16,
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl $name {
            /// The number after this one.
            pub const fn next(self) -> $name {
                $name(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// Position of a record in a log, from 0. Markers (log end, high watermark) are exclusive.
    Offset, u64
}
number! {
    /// The reign of one leader: of a partition, or of the metadata quorum. Raft's term.
    LeaderEpoch, u32
}
number! {
    /// Version of a partition's registration; +1 with every `PartitionChangeRecord`.
    PartitionEpoch, u32
}
number! {
    /// Which life of a broker this is: the offset of its `RegisterBrokerRecord`.
    BrokerEpoch, u64
}
number! {
    /// Stands for the random UUID that a broker process draws at start (`IncarnationId`).
    Incarnation, u32
}
number! {
    /// Stands for the UUID of a log directory (KIP-853): a replaced disk has another one.
    DirectoryId, u32
}
number! {
    /// Stands for the endpoints at which a controller listens: one that has moved has the next number.
    Address, u8
}
number! {
    /// Ties a response to its request on one connection.
    Correlation, u32
}
number! {
    /// A message in flight.
    PacketId, u64
}
number! {
    /// An event of the run, from 1.
    StepId, u64
}
number! {
    /// A call from outside into a node (a person's command).
    CallId, u64
}

impl DirectoryId {
    /// The directory of a node's first disk.
    pub const fn first_of(node: NodeId) -> DirectoryId {
        DirectoryId(node.0 as u32)
    }

    /// The directory of the disk that replaces this one.
    pub const fn of_replacement(self) -> DirectoryId {
        DirectoryId(self.0 + 256)
    }

    /// Which disk of its node it is, from 1.
    pub const fn number(self) -> u32 {
        self.0 / 256 + 1
    }
}

impl Offset {
    /// `self - other`, zero when negative.
    pub const fn saturating_sub(self, other: Offset) -> u64 {
        self.0.saturating_sub(other.0)
    }

    /// The offset `n` places further.
    pub const fn plus(self, n: u64) -> Offset {
        Offset(self.0 + n)
    }
}

/// Name of a snapshot of the metadata log: where it ends, exclusive, and the epoch of the record before that
/// (`OffsetAndEpoch`). Ordered by epoch first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotId {
    /// Epoch of the last record that it contains.
    pub epoch: LeaderEpoch,
    /// The first offset that it does not contain.
    pub end: Offset,
}

/// A replica of the metadata log: its node and the directory that holds the log (KIP-853 `ReplicaKey`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplicaKey {
    /// The process.
    pub id: NodeId,
    /// The disk it runs on.
    pub directory: DirectoryId,
}

/// How many ids a [`NodeList`] can hold.
pub const NODE_LIST_CAPACITY: u32 = 15;

/// A short ordered list of nodes without allocation: replicas, ISR, voters. Order matters.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeList {
    length: u8,
    ids: [NodeId; NODE_LIST_CAPACITY as usize],
}

impl NodeList {
    /// The empty list.
    pub const EMPTY: NodeList = NodeList { length: 0, ids: [NodeId(0); NODE_LIST_CAPACITY as usize] };

    /// The list of these nodes.
    ///
    /// # Panics
    /// When there are more than [`NODE_LIST_CAPACITY`].
    pub fn of(ids: &[NodeId]) -> NodeList {
        ids.iter().copied().collect()
    }

    /// The list of these brokers.
    pub fn brokers(numbers: &[u8]) -> NodeList {
        numbers.iter().map(|&n| NodeId::broker(n)).collect()
    }

    /// The nodes in order.
    pub fn as_slice(&self) -> &[NodeId] {
        &self.ids[..self.length as usize]
    }

    /// The nodes in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = NodeId> + Clone + '_ {
        self.as_slice().iter().copied()
    }

    /// How many.
    pub const fn len(&self) -> u32 {
        self.length as u32
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether `id` is among them.
    pub fn contains(&self, id: NodeId) -> bool {
        self.as_slice().contains(&id)
    }

    /// The first one.
    pub fn first(&self) -> Option<NodeId> {
        self.as_slice().first().copied()
    }

    /// Adds at the end.
    ///
    /// # Panics
    /// When the list is full.
    pub fn push(&mut self, id: NodeId) {
        assert!(
            u32::from(self.length) < NODE_LIST_CAPACITY,
            "more than {NODE_LIST_CAPACITY} nodes in a list"
        );
        self.ids[self.length as usize] = id;
        self.length += 1;
    }

    /// The same list with `id` at the end, unless it is in it.
    #[must_use]
    pub fn with(mut self, id: NodeId) -> NodeList {
        if !self.contains(id) {
            self.push(id);
        }
        self
    }

    /// The same list without `id`.
    #[must_use]
    pub fn without(&self, id: NodeId) -> NodeList {
        self.iter().filter(|&other| other != id).collect()
    }

    /// The same nodes, in ascending order.
    #[must_use]
    pub fn sorted(mut self) -> NodeList {
        let length = self.length as usize;
        self.ids[..length].sort_unstable();
        self
    }

    /// Whether every node of this list is in `other`.
    pub fn is_subset_of(&self, other: &NodeList) -> bool {
        self.iter().all(|id| other.contains(id))
    }

    /// Whether both hold the same nodes, in whatever order.
    pub fn same_members(&self, other: &NodeList) -> bool {
        self.len() == other.len() && self.is_subset_of(other)
    }
}

impl FromIterator<NodeId> for NodeList {
    fn from_iter<I: IntoIterator<Item = NodeId>>(ids: I) -> NodeList {
        let mut list = NodeList::EMPTY;
        for id in ids {
            list.push(id);
        }
        list
    }
}

/// `[1, 2, 3]`: numbers only, as Kafka's tools print replica lists.
impl fmt::Display for NodeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, id) in self.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, id.number())?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for NodeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many bytes a [`Text`] can hold.
pub const TEXT_CAPACITY: u32 = 23;

/// A short string without allocation: a topic's name, a record's key.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text {
    length: u8,
    bytes: [u8; TEXT_CAPACITY as usize],
}

impl Text {
    /// No text.
    pub const EMPTY: Text = Text { length: 0, bytes: [0; TEXT_CAPACITY as usize] };

    /// `text` as it is, or `None` when it has more than [`TEXT_CAPACITY`] bytes.
    pub fn new(text: &str) -> Option<Text> {
        let mut bytes = [0; TEXT_CAPACITY as usize];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Text { length: text.len() as u8, bytes })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// Its bytes, as the partitioner hashes them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    /// Whether it is empty.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl TryFrom<String> for Text {
    type Error = String;
    fn try_from(text: String) -> Result<Text, String> {
        Text::new(&text).ok_or_else(|| format!("'{text}' is longer than {TEXT_CAPACITY} bytes"))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        String::from(text.as_str())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
