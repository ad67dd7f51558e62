//! A value of the core as one line of text: `LeaderElected partition=orders-0 leader=broker-2 leader_epoch=1`.
//!
//! Walks what the value serializes to, so that a new note or record needs no line here. Types are known by their
//! names.

use super::words::{self, Names};
use crate::id::{NodeId, TopicId};
use crate::note::Note;
use crate::record::MetadataRecord;
use crate::time::Span;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::Serialize;
use serde::ser::{self, Impossible};

/// The note in words of the core: its name, then its fields.
pub(super) fn note(note: &Note, names: &Names) -> String {
    note.serialize(Plain { names, name: "", bare: false }).unwrap_or_default()
}

/// A record of the metadata log: its kind, then its fields; nodes by their numbers.
pub(super) fn record(record: &MetadataRecord, names: &Names) -> String {
    record.serialize(Plain { names, name: "", bare: true }).unwrap_or_default()
}

/// Why something has no plain text: no note or record holds such a value.
#[derive(Debug)]
struct NoText(String);

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for NoText {}

impl ser::Error for NoText {
    fn custom<T: fmt::Display>(message: T) -> NoText {
        NoText(message.to_string())
    }
}

/// The key under which a note carries its name, and a record here its kind.
const VARIANT: &str = "note";

/// Turns one value into text; `name` is the type that wraps it.
#[derive(Clone, Copy)]
struct Plain<'a> {
    names: &'a Names,
    name: &'static str,
    /// Nodes are plain numbers, and what is not there is not named.
    bare: bool,
}

/// A struct on its way: its fields as texts.
struct Fields<'a> {
    plain: Plain<'a>,
    fields: Vec<(&'static str, String)>,
}

/// A list on its way.
struct Items<'a> {
    plain: Plain<'a>,
    items: Vec<String>,
}

macro_rules! plainly {
    ($($method:ident $type:ty,)+) => {
        $(fn $method(self, value: $type) -> Result<String, NoText> {
            self.number(value as u64)
        })+
    };
}

impl Plain<'_> {
    fn number(self, value: u64) -> Result<String, NoText> {
        Ok(match self.name {
            "NodeId" if self.bare => NodeId(value as u8).number().to_string(),
            "NodeId" => NodeId(value as u8).to_string(),
            "TopicId" => self.names.name(TopicId(value as u8)),
            "Span" => words::show_span(Span(value)),
            _ => value.to_string(),
        })
    }
}

impl<'a> ser::Serializer for Plain<'a> {
    type Ok = String;
    type Error = NoText;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Impossible<String, NoText>;
    type SerializeTupleVariant = Impossible<String, NoText>;
    type SerializeMap = Impossible<String, NoText>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    plainly! {
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
    }

    fn serialize_f32(self, value: f32) -> Result<String, NoText> {
        Ok(value.to_string())
    }

    fn serialize_f64(self, value: f64) -> Result<String, NoText> {
        Ok(value.to_string())
    }

    fn serialize_bool(self, value: bool) -> Result<String, NoText> {
        Ok(String::from(if value { "yes" } else { "no" }))
    }

    fn serialize_char(self, value: char) -> Result<String, NoText> {
        Ok(value.to_string())
    }

    fn serialize_str(self, value: &str) -> Result<String, NoText> {
        Ok(value.to_string())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<String, NoText> {
        Err(NoText(String::from("bytes")))
    }

    fn serialize_none(self) -> Result<String, NoText> {
        Ok(String::from(if self.bare { "" } else { "none" }))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, NoText> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<String, NoText> {
        Ok(String::new())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<String, NoText> {
        Ok(String::from(name))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<String, NoText> {
        Ok(String::from(name))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<String, NoText> {
        value.serialize(Plain { name, ..self })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<String, NoText> {
        Ok(format!("{name}:{}", value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, NoText> {
        Ok(Items { plain: self, items: Vec::new() })
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, NoText> {
        Ok(Items { plain: self, items: Vec::new() })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Impossible<String, NoText>, NoText> {
        Err(NoText(String::from(name)))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<String, NoText>, NoText> {
        Err(NoText(String::from(name)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<String, NoText>, NoText> {
        Err(NoText(String::from("map")))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, NoText> {
        Ok(Fields { plain: Plain { name, ..self }, fields: Vec::new() })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, NoText> {
        let fields = alloc::vec![(VARIANT, String::from(name))];
        Ok(Fields { plain: Plain { name, ..self }, fields })
    }
}

impl Fields<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoText> {
        let text = value.serialize(Plain { name: "", ..self.plain })?;
        self.fields.push((key, text));
        Ok(())
    }

    fn field(&self, key: &str) -> &str {
        self.fields.iter().find(|(name, _)| *name == key).map_or("", |(_, text)| text)
    }

    fn finish(self) -> Result<String, NoText> {
        match self.plain.name {
            "TopicPartition" => Ok(format!("{}-{}", self.field("topic"), self.field("partition"))),
            "NodeList" => Ok(list(self.field("ids"), self.field("length"))),
            "ReplicaKey" => Ok(String::from(self.field("id"))),
            _ => {
                let there = self.fields.iter().filter(|(_, text)| !text.is_empty());
                let words = there.map(|(key, text)| match *key {
                    VARIANT => text.clone(),
                    _ => format!("{key}={text}"),
                });
                Ok(words.collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// `[1, 2]` of the first `length` ids.
fn list(ids: &str, length: &str) -> String {
    let length = length.parse().unwrap_or(0);
    let numbers: Vec<&str> =
        ids.split(',').take(length).map(|id| id.rsplit('-').next().unwrap_or(id)).collect();
    format!("[{}]", numbers.join(", "))
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = String;
    type Error = NoText;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoText> {
        self.add(key, value)
    }

    fn end(self) -> Result<String, NoText> {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Fields<'_> {
    type Ok = String;
    type Error = NoText;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoText> {
        self.add(key, value)
    }

    fn end(self) -> Result<String, NoText> {
        self.finish()
    }
}

macro_rules! items {
    ($trait:ident $method:ident) => {
        impl ser::$trait for Items<'_> {
            type Ok = String;
            type Error = NoText;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoText> {
                self.items.push(value.serialize(self.plain)?);
                Ok(())
            }

            fn end(self) -> Result<String, NoText> {
                Ok(self.items.join(","))
            }
        }
    };
}

items!(SerializeSeq serialize_element);
items!(SerializeTuple serialize_element);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{LeaderEpoch, NodeList, TopicPartition};
    use crate::note::{ChangeReason, LeaderChoice};

    #[test]
    fn a_record_is_its_kind_and_what_is_there() {
        let record_of = |fenced| MetadataRecord::BrokerRegistrationChange {
            broker: NodeId::broker(1),
            broker_epoch: crate::id::BrokerEpoch(7),
            fenced,
            in_controlled_shutdown: false,
        };
        let shown = |fenced| record(&record_of(fenced), &Names::default());
        let rest = "in_controlled_shutdown=no";
        assert_eq!(
            shown(Some(true)),
            format!("BrokerRegistrationChange broker=1 broker_epoch=7 fenced=yes {rest}")
        );
        assert_eq!(shown(None), format!("BrokerRegistrationChange broker=1 broker_epoch=7 {rest}"));
    }

    #[test]
    fn a_note_is_its_name_and_its_fields() {
        let names = Names(alloc::vec![words::short("orders").expect("short")]);
        let elected = Note::LeaderElected {
            partition: TopicPartition { topic: TopicId(0), partition: 3 },
            leader: NodeId::broker(2),
            leader_epoch: LeaderEpoch(1),
            replicas: NodeList::brokers(&[1, 2]),
            isr: NodeList::brokers(&[2]),
            choice: LeaderChoice::InSync,
            reason: ChangeReason::Fenced,
        };
        assert_eq!(
            note(&elected, &names),
            "LeaderElected partition=orders-3 leader=broker-2 leader_epoch=1 replicas=[1, 2] isr=[2] \
             choice=InSync reason=Fenced"
        );
        assert_eq!(note(&Note::NetworkChanged, &names), "NetworkChanged");
        let fenced = Note::BrokerFenced {
            broker: NodeId::broker(1),
            silent: Span(9_500_000),
            session_timeout: Span(9_000_000),
        };
        assert_eq!(note(&fenced, &names), "BrokerFenced broker=broker-1 silent=9500ms session_timeout=9s");
    }
}
