//! What TCP does for ZooKeeper: one connection, whose messages arrive once and in their order, or not at all.
//!
//! The simulated network may drop, double and (when asked to) overtake messages, and keeps no connections. Both ends of
//! a connection therefore number what they send; the number of the connection stands in the upper bits.
//! A message that is lost holds up everything behind it, until one side has heard nothing for too long and gives up.
//!
//! Left out: retransmission. What the network drops is a connection that stalls.

use crate::id::{Correlation, NodeId};
use crate::node::Out;
use crate::wire::{Message, ZooKeeperMessage};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// Bits of a correlation that number the messages of a connection; the rest numbers the connection.
const BITS: u32 = 16;
const MASK: u32 = (1 << BITS) - 1;

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stream {
    number: u32,
    sent: u32,
    received: u32,
    /// Arrived before its turn, or not taken yet.
    early: BTreeMap<u32, ZooKeeperMessage>,
}

impl Stream {
    /// This end of connection `number`; only its lower 16 bits count.
    pub const fn new(number: u32) -> Stream {
        Stream { number: number & (u32::MAX >> BITS), sent: 0, received: 0, early: BTreeMap::new() }
    }

    /// The other end of the connection whose first message has this correlation, if it is a first message, which is yet
    /// to be taken in.
    pub const fn opened_by(correlation: Correlation) -> Option<Stream> {
        if correlation.0 & MASK == 0 { Some(Stream::new(correlation.0 >> BITS)) } else { None }
    }

    /// Which connection it is.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Closes the connection of a message that belongs to none.
    pub fn refuse(to: NodeId, correlation: Correlation, out: &mut Out) {
        out.send(to, correlation, Message::ZooKeeper(Box::new(ZooKeeperMessage::Closed)));
    }

    /// Whether a message with this correlation belongs to this connection.
    pub const fn is_of(&self, correlation: Correlation) -> bool {
        correlation.0 >> BITS == self.number
    }

    /// Sends the next message.
    pub fn send(&mut self, to: NodeId, message: ZooKeeperMessage, out: &mut Out) {
        let correlation = Correlation(self.number << BITS | self.sent);
        self.sent = (self.sent + 1) & MASK;
        out.send(to, correlation, Message::ZooKeeper(Box::new(message)));
    }

    /// Tells the other side that this one has closed the connection. Needs no turn.
    pub fn close(&self, to: NodeId, out: &mut Out) {
        let correlation = Correlation(self.number << BITS | self.sent);
        out.send(to, correlation, Message::ZooKeeper(Box::new(ZooKeeperMessage::Closed)));
    }

    /// Takes in a message of this connection; a copy of one that was taken in is dropped.
    pub fn arrived(&mut self, correlation: Correlation, message: ZooKeeperMessage) {
        let place = correlation.0 & MASK;
        if place.wrapping_sub(self.received) & MASK <= MASK / 2 {
            self.early.entry(place).or_insert(message);
        }
    }

    /// The next message in order, if it is there.
    pub fn take(&mut self) -> Option<ZooKeeperMessage> {
        let message = self.early.remove(&self.received)?;
        self.received = (self.received + 1) & MASK;
        Some(message)
    }

    /// How many messages wait for one that is missing.
    pub fn stalled(&self) -> u32 {
        self.early.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(n: u32) -> Correlation {
        Correlation(3 << BITS | n)
    }

    #[test]
    fn messages_are_taken_once_and_in_their_order() {
        let mut stream = Stream::new(3);
        stream.arrived(place(1), ZooKeeperMessage::SessionClosed);
        assert_eq!(stream.take(), None);
        assert_eq!(stream.stalled(), 1);
        stream.arrived(place(0), ZooKeeperMessage::Pong);
        stream.arrived(place(0), ZooKeeperMessage::Closed);
        assert_eq!(stream.take(), Some(ZooKeeperMessage::Pong));
        assert_eq!(stream.take(), Some(ZooKeeperMessage::SessionClosed));
        stream.arrived(place(0), ZooKeeperMessage::Pong);
        assert_eq!((stream.take(), stream.stalled()), (None, 0));
    }

    #[test]
    fn only_a_first_message_opens_a_connection() {
        assert_eq!(Stream::opened_by(place(0)), Some(Stream::new(3)));
        assert_eq!(Stream::opened_by(place(1)), None);
        assert!(Stream::new(3).is_of(place(7)));
        assert!(!Stream::new(4).is_of(place(7)));
    }
}
