//! Values as a person writes them, and reading and writing them by key.

use super::table::{Kind, Setting, Type, find, settings};
use super::{
    Acks, EnableIdempotence, GroupProtocol, OffsetReset, Racks, ReadMode, ReplicaSelector, Settings,
    error::ConfigError,
};
use crate::time::Span;
use crate::wire::Strategy;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// The one setting for which it matters whether somebody has set it.
const IDEMPOTENCE: &str = "enable.idempotence";

/// One value, in the unit of its setting's [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Milliseconds, seconds, or a number of things.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
    /// `all`, `1` or `0`.
    Acks(Acks),
    /// `earliest`, `latest` or `none`.
    OffsetReset(OffsetReset),
    /// `none` or `RackAwareReplicaSelector`.
    ReplicaSelector(ReplicaSelector),
    /// `a,b,-`.
    Racks(Racks),
    /// `classic` or `consumer`.
    GroupProtocol(GroupProtocol),
    /// A strategy's name.
    Strategy(Strategy),
    /// `leader-local`, `read-index`, `lease` or `ask-followers`.
    ReadMode(ReadMode),
}

/// What a person may write for a value of each kind that has no number.
const ACKS: &[(&str, Acks)] = &[("all", Acks::All), ("-1", Acks::All), ("0", Acks::Zero), ("1", Acks::One)];
const RESETS: &[(&str, OffsetReset)] =
    &[("latest", OffsetReset::Latest), ("earliest", OffsetReset::Earliest), ("none", OffsetReset::None)];
const SELECTORS: &[(&str, ReplicaSelector)] = &[
    ("none", ReplicaSelector::None),
    ("RackAwareReplicaSelector", ReplicaSelector::RackAware),
    ("org.apache.kafka.common.replica.RackAwareReplicaSelector", ReplicaSelector::RackAware),
];

const PROTOCOLS: &[(&str, GroupProtocol)] =
    &[("classic", GroupProtocol::Classic), ("consumer", GroupProtocol::Consumer)];
const STRATEGIES: &[(&str, Strategy)] = &[
    ("range", Strategy::Range),
    ("roundrobin", Strategy::RoundRobin),
    ("sticky", Strategy::Sticky),
    ("cooperative-sticky", Strategy::CooperativeSticky),
];
const READ_MODES: &[(&str, ReadMode)] = &[
    ("leader-local", ReadMode::LeaderLocal),
    ("read-index", ReadMode::ReadIndex),
    ("lease", ReadMode::Lease),
    ("ask-followers", ReadMode::AskFollowers),
];

fn name_of<T: Copy + PartialEq>(all: &'static [(&'static str, T)], value: T) -> &'static str {
    all.iter().find(|(_, one)| *one == value).map_or("", |(name, _)| name)
}

/// As in a properties file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::Number(number) => number.fmt(f),
            Value::Bool(yes) => yes.fmt(f),
            Value::Acks(acks) => f.write_str(name_of(ACKS, acks)),
            Value::OffsetReset(reset) => f.write_str(name_of(RESETS, reset)),
            Value::ReplicaSelector(selector) => f.write_str(name_of(SELECTORS, selector)),
            Value::Racks(racks) => racks.fmt(f),
            Value::GroupProtocol(protocol) => f.write_str(name_of(PROTOCOLS, protocol)),
            Value::Strategy(strategy) => f.write_str(name_of(STRATEGIES, strategy)),
            Value::ReadMode(mode) => f.write_str(name_of(READ_MODES, mode)),
        }
    }
}

impl Settings {
    /// The value of the setting with this key; `None` when there is no such key.
    pub fn get(&self, key: &str) -> Option<Value> {
        find(key).map(|setting| (setting.read)(self))
    }

    /// Sets one value, checked against the setting's own bounds; rules that tie settings together wait for
    /// [`Settings::validate`], so that two of them can be moved one after the other.
    ///
    /// # Errors
    /// An unknown key, text that is no value, a value out of bounds. Nothing changes then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let setting = find(key).ok_or_else(|| ConfigError::unknown(key))?;
        let value = setting.parse(value)?;
        (setting.write)(self, value);
        Ok(())
    }

    /// Every setting that differs from the default of the release, and `enable.idempotence` when it was set: key and value as a person writes them.
    pub fn changed(&self) -> Vec<(&'static str, String)> {
        let usual = Settings::of(self.release);
        settings()
            .iter()
            .filter(|setting| {
                let set = setting.key == IDEMPOTENCE && self.enable_idempotence.is_explicit();
                set || (setting.read)(self) != (setting.read)(&usual)
            })
            .map(|setting| (setting.key, (setting.read)(self).to_string()))
            .collect()
    }
}

impl Setting {
    /// The value that `text` means (`ConfigDef.parseType`, then the validator).
    ///
    /// # Errors
    /// Text that is no value of this type, a value out of bounds.
    pub fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let text = text.trim();
        match self.kind {
            Kind::Millis | Kind::Seconds | Kind::Micros | Kind::Count | Kind::Records => {
                self.parse_number(text)
            }
            Kind::Bool => match () {
                () if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
                () if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
                () => Err(ConfigError::NotABool { key: self.key, text: text.to_string() }),
            },
            Kind::Acks => self.choose(ACKS, text).map(Value::Acks),
            Kind::OffsetReset => self.choose(RESETS, text).map(Value::OffsetReset),
            Kind::ReplicaSelector => self.choose(SELECTORS, text).map(Value::ReplicaSelector),
            Kind::Racks => match Racks::parse(text) {
                Some(racks) => Ok(Value::Racks(racks)),
                None => Err(ConfigError::NotRacks { key: self.key, text: text.to_string() }),
            },
            Kind::GroupProtocol => self.choose(PROTOCOLS, text).map(Value::GroupProtocol),
            Kind::Strategy => self.choose(STRATEGIES, text).map(Value::Strategy),
            Kind::ReadMode => self.choose(READ_MODES, text).map(Value::ReadMode),
        }
    }

    fn choose<T: Copy>(&self, all: &'static [(&'static str, T)], text: &str) -> Result<T, ConfigError> {
        all.iter().find(|(name, _)| *name == text).map(|&(_, value)| value).ok_or_else(|| {
            let choices = all.iter().map(|(name, _)| *name).collect();
            ConfigError::NotAChoice { key: self.key, text: text.to_string(), choices }
        })
    }

    fn parse_number(&self, text: &str) -> Result<Value, ConfigError> {
        let not_a_number = || ConfigError::NotANumber {
            key: self.key,
            text: text.to_string(),
            kafka_type: if self.kafka_type == Type::Long { "LONG" } else { "INT" },
        };
        let number: i64 = text.parse().map_err(|_| not_a_number())?;
        if self.kafka_type == Type::Int && i32::try_from(number).is_err() {
            return Err(not_a_number());
        }
        let Ok(positive) = u64::try_from(number) else {
            return Err(ConfigError::TooSmall { key: self.key, value: i128::from(number), min: self.min });
        };
        self.check(Value::Number(positive))?;
        Ok(Value::Number(positive))
    }
}

/// How a field of [`Settings`] turns into a [`Value`] and back.
pub(super) trait Field {
    fn read(&self, kind: Kind) -> Value;
    fn write(&mut self, kind: Kind, value: Value);
}

impl Field for Span {
    fn read(&self, kind: Kind) -> Value {
        Value::Number(match kind {
            Kind::Seconds => self.as_millis() / 1000,
            Kind::Micros => self.0,
            _ => self.as_millis(),
        })
    }

    fn write(&mut self, kind: Kind, value: Value) {
        if let Value::Number(number) = value {
            *self = match kind {
                Kind::Seconds => Span::secs(number),
                Kind::Micros => Span::micros(number),
                _ => Span::millis(number),
            };
        }
    }
}

impl Field for u32 {
    fn read(&self, _: Kind) -> Value {
        Value::Number(u64::from(*self))
    }

    fn write(&mut self, _: Kind, value: Value) {
        if let Value::Number(number) = value {
            *self = u32::try_from(number).unwrap_or(u32::MAX);
        }
    }
}

impl Field for bool {
    fn read(&self, _: Kind) -> Value {
        Value::Bool(*self)
    }

    fn write(&mut self, _: Kind, value: Value) {
        if let Value::Bool(yes) = value {
            *self = yes;
        }
    }
}

impl Field for EnableIdempotence {
    fn read(&self, _: Kind) -> Value {
        Value::Bool(self.is_on())
    }

    fn write(&mut self, _: Kind, value: Value) {
        if let Value::Bool(yes) = value {
            *self = EnableIdempotence::Explicit(yes);
        }
    }
}

impl Field for Acks {
    fn read(&self, _: Kind) -> Value {
        Value::Acks(*self)
    }

    fn write(&mut self, _: Kind, value: Value) {
        if let Value::Acks(acks) = value {
            *self = acks;
        }
    }
}

macro_rules! field {
    ($($type:ident)*) => {
        $(impl Field for $type {
            fn read(&self, _: Kind) -> Value {
                Value::$type(*self)
            }

            fn write(&mut self, _: Kind, value: Value) {
                if let Value::$type(value) = value {
                    *self = value;
                }
            }
        })*
    };
}

field! { OffsetReset ReplicaSelector Racks GroupProtocol Strategy ReadMode }
