//! What of a state counts: one number for everything that can still make a difference, in any naming of the nodes.
//!
//! A search must take two states for one when they differ only in what no step ever looks at again (moments, packet
//! numbers, counters of failures), or only in the names of nodes that are all alike. Every state of the core can be
//! serialized, so the number is made by a serializer: it walks through everything, new fields too, and [`Rules`]
//! name the few fields that are left out or whose order means nothing.
//!
//! Keeps: whatever no rule names counts, in its order. A rule that leaves out too much would hide states; the test
//! `symmetry_merges_whole_orbits` of each world would notice, and so would a broken switch that is not found.

use kraftscope_core::id::NodeId;
use kraftscope_models::seen::fold;
use serde::Serialize;
use serde::ser::{self, Serializer};
use std::fmt;

/// What is done with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treat {
    /// It counts, in its order.
    Keep,
    /// It does not count.
    Skip,
    /// The order of its elements means nothing.
    Unordered,
    /// Only which variants it is made of counts, not the numbers in them.
    Shape,
    /// Numbers of requests count, which elsewhere count for nothing: the network gives them, and few.
    Number,
}

/// What is done with the field `field` of the struct or variant `of`.
pub type Rules = fn(of: &'static str, field: &'static str) -> Treat;

/// A renaming of the nodes: `NodeId(n)` becomes `NodeId(names.0[n])`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Box<[u8; 256]>);

impl Names {
    /// Everybody keeps their name.
    pub fn identity() -> Names {
        let mut names = Box::new([0; 256]);
        for (id, name) in names.iter_mut().enumerate() {
            *name = id as u8;
        }
        Names(names)
    }

    /// Node `ids[i]` is called `ids[order[i]]`.
    pub fn permuted(ids: &[NodeId], order: &[usize]) -> Names {
        let mut names = Names::identity();
        for (id, &place) in ids.iter().zip(order) {
            names.0[usize::from(id.0)] = ids[place].0;
        }
        names
    }

    /// Every renaming of these nodes among each other, the identity first.
    pub fn all(ids: &[NodeId]) -> Vec<Names> {
        let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
        for place in 0..ids.len() {
            let longer = |order: &Vec<usize>| {
                let order = order.clone();
                (0..=order.len()).rev().map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, place);
                    order
                })
            };
            orders = orders.iter().flat_map(longer).collect();
        }
        orders.iter().map(|order| Names::permuted(ids, order)).collect()
    }

    /// The new name of `id`.
    pub fn of(&self, id: NodeId) -> NodeId {
        NodeId(self.0[usize::from(id.0)])
    }
}

/// The essence of `value`.
pub fn essence(value: &impl Serialize, rules: Rules, names: &Names) -> u64 {
    let walker = Walker { rules, names, unordered: false, shape: false, numbers: false, is_node: false };
    value.serialize(walker).unwrap_or_default()
}

#[derive(Clone, Copy)]
struct Walker<'a> {
    rules: Rules,
    names: &'a Names,
    unordered: bool,
    shape: bool,
    numbers: bool,
    /// The number that comes is that of a node, or of its directory.
    is_node: bool,
}

/// What a walk could fail with; nothing of the core does.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl ser::Error for Unreadable {
    fn custom<T: fmt::Display>(what: T) -> Unreadable {
        Unreadable(what.to_string())
    }
}

impl<'a> Walker<'a> {
    fn leaf(self, number: u64) -> Result<u64, Unreadable> {
        // A directory's number is that of its node, plus 256 for each disk before.
        let renamed = u64::from(self.names.of(NodeId(number as u8)).0) | number & !0xff;
        Ok(match (self.shape, self.is_node) {
            (true, _) => 1,
            (false, true) => fold(1, renamed),
            (false, false) => fold(1, number),
        })
    }

    fn inside(self) -> Walker<'a> {
        Walker { unordered: false, is_node: false, ..self }
    }

    fn compound(self, of: &'static str, seed: u64) -> Compound<'a> {
        Compound { walker: self, of, hash: fold(2, seed), key: 0 }
    }
}

/// A collection or a struct on the way.
struct Compound<'a> {
    walker: Walker<'a>,
    of: &'static str,
    hash: u64,
    key: u64,
}

impl Compound<'_> {
    fn add(&mut self, part: u64, unordered: bool) {
        self.hash = if unordered { self.hash.wrapping_add(fold(3, part)) } else { fold(self.hash, part) };
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unreadable> {
        let part = value.serialize(self.walker.inside())?;
        self.add(part, self.walker.unordered);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unreadable> {
        let mut walker = self.walker.inside();
        match (walker.rules)(self.of, name) {
            Treat::Keep => {}
            Treat::Skip => return Ok(()),
            Treat::Unordered => walker.unordered = true,
            Treat::Shape => walker.shape = true,
            Treat::Number => walker.numbers = true,
        }
        let part = value.serialize(walker)?;
        self.add(part, false);
        Ok(())
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {
        $(fn $name(self, value: $type) -> Result<u64, Unreadable> {
            self.leaf(value as u64)
        })*
    };
}

impl<'a> Serializer for Walker<'a> {
    type Ok = u64;
    type Error = Unreadable;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    numbers! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_char: char
    }

    fn serialize_f32(self, value: f32) -> Result<u64, Unreadable> {
        self.leaf(u64::from(value.to_bits()))
    }

    fn serialize_f64(self, value: f64) -> Result<u64, Unreadable> {
        self.leaf(value.to_bits())
    }

    fn serialize_str(self, value: &str) -> Result<u64, Unreadable> {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<u64, Unreadable> {
        Ok(value.iter().fold(fold(4, value.len() as u64), |hash, &byte| fold(hash, u64::from(byte))))
    }

    fn serialize_none(self) -> Result<u64, Unreadable> {
        Ok(fold(5, 0))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Unreadable> {
        Ok(fold(6, value.serialize(self)?))
    }

    fn serialize_unit(self) -> Result<u64, Unreadable> {
        Ok(fold(7, 0))
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<u64, Unreadable> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<u64, Unreadable> {
        Ok(fold(8, u64::from(index)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Unreadable> {
        match name {
            // Moments count for nothing: whoever steps a world keeps its clock.
            "Time" => Ok(fold(9, 0)),
            "Correlation" if !self.numbers => Ok(fold(9, 1)),
            // Of a directory's id, only whose it is counts.
            "NodeId" | "DirectoryId" => value.serialize(Walker { is_node: true, ..self }),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<u64, Unreadable> {
        Ok(fold(fold(10, u64::from(index)), value.serialize(self.inside())?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, Unreadable> {
        Ok(self.compound("", 11))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, Unreadable> {
        Ok(self.compound("", 12))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, Unreadable> {
        Ok(self.compound("", 13))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, Unreadable> {
        Ok(self.inside().compound("", fold(14, u64::from(index))))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a>, Unreadable> {
        Ok(self.compound("", 15))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Compound<'a>, Unreadable> {
        Ok(self.compound(name, 16))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, Unreadable> {
        Ok(self.compound(variant, fold(17, u64::from(index))))
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for Compound<'_> {
            type Ok = u64;
            type Error = Unreadable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unreadable> {
                self.element(value)
            }

            fn end(self) -> Result<u64, Unreadable> {
                Ok(self.hash)
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field
}

/// The order of a map's keys follows the names of nodes, so it never counts.
impl ser::SerializeMap for Compound<'_> {
    type Ok = u64;
    type Error = Unreadable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unreadable> {
        self.key = key.serialize(self.walker.inside())?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unreadable> {
        let part = fold(self.key, value.serialize(self.walker.inside())?);
        self.add(part, true);
        Ok(())
    }

    fn end(self) -> Result<u64, Unreadable> {
        Ok(self.hash)
    }
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Compound<'_> {
            type Ok = u64;
            type Error = Unreadable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Unreadable> {
                self.field(name, value)
            }

            fn end(self) -> Result<u64, Unreadable> {
                Ok(self.hash)
            }
        })*
    };
}

fields! { SerializeStruct, SerializeStructVariant }

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::id::{DirectoryId, NodeList, Offset, ReplicaKey};
    use kraftscope_core::time::Time;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    struct State {
        leader: NodeId,
        isr: NodeList,
        ends: BTreeMap<NodeId, Offset>,
        since: Time,
        failures: u32,
        successor: Option<u64>,
    }

    fn rules(of: &'static str, field: &'static str) -> Treat {
        match (of, field) {
            ("State", "failures") => Treat::Skip,
            ("State", "successor") => Treat::Shape,
            ("NodeList", "ids") => Treat::Unordered,
            _ => Treat::Keep,
        }
    }

    fn state(nodes: [u8; 3]) -> State {
        let ids = nodes.map(NodeId);
        State {
            leader: ids[0],
            isr: NodeList::of(&ids[..2]),
            ends: ids.into_iter().zip([7, 8, 9].map(Offset)).collect(),
            since: Time(5),
            failures: 3,
            successor: Some(4),
        }
    }

    fn plain(state: &State) -> u64 {
        essence(state, rules, &Names::identity())
    }

    /// Source: the definition.
    #[test]
    fn what_the_rules_leave_out_does_not_count() {
        let other = State { since: Time(6), failures: 9, successor: Some(8), ..state([1, 2, 3]) };
        assert_eq!(plain(&state([1, 2, 3])), plain(&other));
        assert_ne!(plain(&state([1, 2, 3])), plain(&State { successor: None, ..state([1, 2, 3]) }));
        assert_ne!(plain(&state([1, 2, 3])), plain(&State { leader: NodeId(2), ..state([1, 2, 3]) }));
    }

    /// Source: the definition; lists of nodes and maps by node have no order of their own.
    #[test]
    fn a_renamed_state_is_the_state_of_the_renamed_nodes() {
        let ids = [NodeId(1), NodeId(2), NodeId(3)];
        let names = Names::permuted(&ids, &[2, 0, 1]);
        assert_eq!(essence(&state([1, 2, 3]), rules, &names), plain(&state([3, 1, 2])));
        assert_ne!(plain(&state([1, 2, 3])), plain(&state([3, 1, 2])));
    }

    /// Source: KIP-853; here a directory has the number of its node.
    #[test]
    fn a_directory_is_renamed_with_its_node() {
        let key = |n: u8| ReplicaKey { id: NodeId(n), directory: DirectoryId(u32::from(n)) };
        let names = Names::permuted(&[NodeId(1), NodeId(2)], &[1, 0]);
        assert_eq!(essence(&key(1), rules, &names), essence(&key(2), rules, &Names::identity()));
    }
}
