//! Kafka's values in words: a node, a list of nodes, a span of time, a reason.

use super::{Lang, t, tr};
use kraftscope_core::config::Acks;
use kraftscope_core::id::{
    BrokerEpoch, DirectoryId, LeaderEpoch, NodeId, NodeKind, NodeList, Offset, PartitionEpoch, Text, TopicId,
    TopicPartition,
};
use kraftscope_core::mode::Mode;
use kraftscope_core::note::{ChangeReason, HaltReason, LeaderChoice, ResignReason, VoteRefusal};
use kraftscope_core::record::TopicConfig;
use kraftscope_core::scenario::words::Names;
use kraftscope_core::sequence::{ProducerEpoch, ProducerId, Sequence};
use kraftscope_core::time::{Span, Time};
use kraftscope_core::view::show_path;
use kraftscope_core::wire::ErrorCode;
use kraftscope_core::znode::{EventType, Path, SessionId, ZooKeeperError};

/// A language, and the names of the topics of this run.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// In which language.
    pub lang: Lang,
    /// The mode that is played: some things have another reason in another mode.
    pub mode: Mode,
    /// Topic names by id.
    pub topics: &'a Names,
}

impl Words<'_> {
    /// The text under `key` with its placeholders filled; the one of this mode where it has one of its own, such as
    /// `why.TopicCreated.zookeeper`.
    pub fn tell(&self, key: &str, args: &[(&str, String)]) -> String {
        let own = format!("{key}.{}", self.mode.name());
        t(self.lang, if self.lang.has(&own) { &own } else { key }, args)
    }

    /// `orders`; `topic 3` when the name is not known.
    pub fn topic(&self, topic: TopicId) -> String {
        let name = self.topics.0.get(usize::from(topic.0)).map(Text::to_string);
        name.unwrap_or_else(|| t(self.lang, "word.topic", &[("id", topic.0.to_string())]))
    }

    /// `orders-0`.
    pub fn partition(&self, partition: TopicPartition) -> String {
        format!("{}-{}", self.topic(partition.topic), partition.partition)
    }

    /// `broker 3`, `controller 1`.
    pub fn node(&self, node: NodeId) -> String {
        let key = match node.kind() {
            NodeKind::Broker => "word.broker",
            NodeKind::Controller => "word.controller",
            NodeKind::ZooKeeper => "word.zookeeper",
            NodeKind::Producer => "word.producer",
            NodeKind::Consumer => "word.consumer",
        };
        t(self.lang, key, &[("n", node.number().to_string())])
    }

    /// `250 µs`, `1.5 ms`, `31.2 s`, `5 min`.
    pub fn span(&self, span: Span) -> String {
        match span.0 {
            0 => "0 s".to_owned(),
            1..1_000 => format!("{} µs", span.0),
            us if us >= 120_000_000 && us % 60_000_000 == 0 => format!("{} min", us / 60_000_000),
            _ => span.to_string(),
        }
    }

    /// `1, 2, 3`, or the word for nobody.
    pub fn nodes(&self, nodes: &NodeList) -> String {
        if nodes.is_empty() {
            return tr(self.lang, "word.nobody");
        }
        let numbers: Vec<String> = nodes.iter().map(|node| node.number().to_string()).collect();
        numbers.join(", ")
    }

    /// `12.140 s`.
    pub fn time(&self, time: Time) -> String {
        time.to_string()
    }
}

/// A value that has words.
pub trait Word {
    /// The text for none of it.
    const NONE: &str = "word.nobody";

    /// What a person reads.
    fn word(&self, words: &Words<'_>) -> String;
}

macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Word for $type {
            const NONE: &str = "word.unknown";

            fn word(&self, _: &Words<'_>) -> String {
                self.to_string()
            }
        })*
    };
}

plain!(u8, u16, u32, u64, Offset, LeaderEpoch, PartitionEpoch, BrokerEpoch, Text);
plain!(ProducerId, ProducerEpoch, Sequence, SessionId);

macro_rules! by_key {
    ($($type:ty: $prefix:literal),* $(,)?) => {
        $(impl Word for $type {
            fn word(&self, words: &Words<'_>) -> String {
                tr(words.lang, &format!(concat!($prefix, ".{:?}"), self))
            }
        })*
    };
}

by_key!(
    VoteRefusal: "reason.vote",
    HaltReason: "reason.halt",
    TopicConfig: "word.config",
    ResignReason: "reason.resign",
    ChangeReason: "reason.change",
    LeaderChoice: "reason.choice",
    Acks: "word.acks",
    EventType: "word.event",
    ZooKeeperError: "word.zookeeper",
);

/// Which disk of its machine: 1 is the first.
impl Word for DirectoryId {
    fn word(&self, _: &Words<'_>) -> String {
        self.number().to_string()
    }
}

/// Yes or no chooses a form: `{pre_vote|when not|when so}`.
impl Word for bool {
    fn word(&self, _: &Words<'_>) -> String {
        if *self { "2".to_owned() } else { "1".to_owned() }
    }
}

/// As an administrator would type it.
impl Word for Path {
    fn word(&self, words: &Words<'_>) -> String {
        show_path(*self, words.topics)
    }
}

impl Word for NodeId {
    fn word(&self, words: &Words<'_>) -> String {
        words.node(*self)
    }
}

impl Word for NodeList {
    fn word(&self, words: &Words<'_>) -> String {
        words.nodes(self)
    }
}

impl Word for TopicId {
    fn word(&self, words: &Words<'_>) -> String {
        words.topic(*self)
    }
}

impl Word for TopicPartition {
    fn word(&self, words: &Words<'_>) -> String {
        words.partition(*self)
    }
}

impl Word for Span {
    fn word(&self, words: &Words<'_>) -> String {
        words.span(*self)
    }
}

impl Word for ErrorCode {
    fn word(&self, _: &Words<'_>) -> String {
        self.name().to_owned()
    }
}

impl<T: Word> Word for Option<T> {
    fn word(&self, words: &Words<'_>) -> String {
        self.as_ref().map_or_else(|| tr(words.lang, T::NONE), |value| value.word(words))
    }
}
