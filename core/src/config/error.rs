//! Why a setting was refused, in Kafka's own words (`ConfigException`, `ConfigDef.Range`, `KafkaConfig`).

use super::table::settings;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A refused setting.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConfigError {
    /// No such key; `nearest` is one that is spelled like it.
    Unknown {
        /// What was written.
        key: String,
        /// The nearest key of the table.
        nearest: Option<&'static str>,
    },
    /// Below the lower bound.
    TooSmall {
        /// The key.
        key: &'static str,
        /// What was written.
        value: i128,
        /// The lower bound.
        min: u64,
    },
    /// Above the upper bound.
    TooLarge {
        /// The key.
        key: &'static str,
        /// What was written.
        value: i128,
        /// The upper bound.
        max: u64,
    },
    /// Not a whole number that fits.
    NotANumber {
        /// The key.
        key: &'static str,
        /// What was written.
        text: String,
        /// `INT` or `LONG`.
        kafka_type: &'static str,
    },
    /// Neither `true` nor `false`.
    NotABool {
        /// The key.
        key: &'static str,
        /// What was written.
        text: String,
    },
    /// None of the words that it may be.
    NotAChoice {
        /// The key.
        key: &'static str,
        /// What was written.
        text: String,
        /// What may be written (`ConfigDef.ValidString`).
        choices: Vec<&'static str>,
    },
    /// Not a list of racks.
    NotRacks {
        /// The key.
        key: &'static str,
        /// What was written.
        text: String,
    },
    /// Two settings that do not go together.
    Rule(Rule),
}

/// The rules that tie settings together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// `replica.socket.timeout.ms` >= `replica.fetch.wait.max.ms` (`KafkaConfig.validateValues`).
    ReplicaSocketTimeout,
    /// `replica.fetch.wait.max.ms` <= `replica.lag.time.max.ms` (`KafkaConfig.validateValues`).
    ReplicaFetchWait,
    /// `kafkaraft.heartbeat.interval.ms` < `kafkaraft.election.timeout.ms` (the Raft paper, section 5.6).
    RaftHeartbeat,
    /// `delivery.timeout.ms` >= `linger.ms` + `request.timeout.ms` (`KafkaProducer.configureDeliveryTimeout`).
    DeliveryTimeout,
    /// `enable.idempotence` was set, and `retries` is 0.
    IdempotenceRetries,
    /// `enable.idempotence` was set, and `acks` is not `all`.
    IdempotenceAcks,
    /// `enable.idempotence`, and more than 5 requests in flight; since 4.0 also when nobody has set it.
    IdempotenceInFlight,
}

impl ConfigError {
    /// `key` is not in the table.
    pub(super) fn unknown(key: &str) -> ConfigError {
        ConfigError::Unknown { key: key.to_string(), nearest: nearest(key) }
    }
}

impl core::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unknown { key, nearest: None } => write!(f, "Unknown configuration '{key}'"),
            ConfigError::Unknown { key, nearest: Some(nearest) } => {
                write!(f, "Unknown configuration '{key}'; did you mean {nearest}?")
            }
            ConfigError::TooSmall { key, value, min } => {
                write!(f, "Invalid value {value} for configuration {key}: Value must be at least {min}")
            }
            ConfigError::TooLarge { key, value, max } => {
                write!(f, "Invalid value {value} for configuration {key}: Value must be no more than {max}")
            }
            ConfigError::NotANumber { key, text, kafka_type } => {
                write!(f, "Invalid value {text} for configuration {key}: Not a number of type {kafka_type}")
            }
            ConfigError::NotABool { key, text } => write!(
                f,
                "Invalid value {text} for configuration {key}: Expected value to be either true or false"
            ),
            ConfigError::NotAChoice { key, text, choices } => write!(
                f,
                "Invalid value {text} for configuration {key}: String must be one of: {}",
                choices.join(", ")
            ),
            ConfigError::NotRacks { key, text } => write!(
                f,
                "Invalid value {text} for configuration {key}: write the rack of each process in order, one letter or \
                 digit, or - for none: a,b,-"
            ),
            ConfigError::Rule(rule) => f.write_str(rule.words()),
        }
    }
}

impl Rule {
    const fn words(self) -> &'static str {
        match self {
            Rule::ReplicaSocketTimeout => {
                "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent \
                 unnecessary socket timeouts"
            }
            Rule::ReplicaFetchWait => {
                "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to \
                 prevent frequent changes in ISR"
            }
            Rule::RaftHeartbeat => {
                "kafkaraft.heartbeat.interval.ms must be less than kafkaraft.election.timeout.ms: else followers \
                 stand for election while their leader lives"
            }
            Rule::DeliveryTimeout => {
                "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms"
            }
            Rule::IdempotenceRetries => "Must set retries to non-zero when using the idempotent producer.",
            Rule::IdempotenceAcks => {
                "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee \
                 idempotence."
            }
            Rule::IdempotenceInFlight => {
                "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5."
            }
        }
    }
}

/// The key that takes the fewest edits, if a third of the letters agree at least.
fn nearest(key: &str) -> Option<&'static str> {
    let tolerance = key.len().max(6) * 2 / 3;
    settings()
        .iter()
        .map(|setting| (edits(key, setting.key), setting.key))
        .min()
        .filter(|&(edits, _)| edits <= tolerance)
        .map(|(_, key)| key)
}

/// Levenshtein's distance.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let swapped = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = swapped.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
