//! The state of a search over real nodes: who is in which state, what is on its way, what was spent.
//!
//! A node changes only when it takes an input, and then depends on nothing but its state and that input. So every
//! state of a node and every message is kept once, under a number, and what an input does to a node is computed
//! once ([`super::tables`]): a [`Board`] is a handful of numbers, and most steps are a look into a table.
//!
//! The network loses (for a price), delays and reorders; it does not double. A node has at most one request to each
//! other on its way for each purpose. The requests of a pair are numbered from 1, and a number is used again when nothing of the old
//! request is left: so the numbers of a long run do not tell its states apart. Answers that nobody waits for are
//! gone at once; requests that nobody waits for stay, under number 0, until they arrive or can change nothing.

use super::world::{BUDGETS, Channel, MOST_NODES, Place};
use std::fmt;

/// The most messages on their way at once.
pub const MOST_MESSAGES: usize = 14;

/// A whole state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Board {
    /// By place: the number of the node's state.
    pub(super) locals: [u32; MOST_NODES],
    /// The numbers of the messages on their way, ascending.
    bag: [u32; MOST_MESSAGES],
    bag_length: u8,
    /// By place of the asker and of the asked, four bits a channel: the number of the request whose answer is awaited; 0
    /// for none.
    waits: [[u16; MOST_NODES]; MOST_NODES],
    /// By budget: how much was spent.
    pub(super) spent: [u8; BUDGETS],
    /// The number of the ghost.
    pub(super) ghost: u32,
    /// Promises that were broken on the way here.
    pub(super) broken: u64,
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board")
            .field("locals", &self.locals)
            .field("bag", &self.bag())
            .finish_non_exhaustive()
    }
}

/// More messages are on their way than a board can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyMessages;

impl Board {
    /// Nothing is on its way.
    pub(super) fn new(locals: [u32; MOST_NODES], ghost: u32) -> Board {
        Board {
            locals,
            bag: [u32::MAX; MOST_MESSAGES],
            bag_length: 0,
            waits: [[0; MOST_NODES]; MOST_NODES],
            spent: [0; BUDGETS],
            ghost,
            broken: 0,
        }
    }

    /// The messages on their way.
    pub fn bag(&self) -> &[u32] {
        &self.bag[..usize::from(self.bag_length)]
    }

    /// The number of the request of `from` that `to` has not answered; 0 for none.
    pub fn awaited(&self, from: Place, to: Place, channel: Channel) -> u8 {
        (self.waits[usize::from(from)][usize::from(to)] >> (4 * channel) & 0xf) as u8
    }

    /// All that `from` waits for `to` to answer, as one number.
    pub(super) fn awaited_all(&self, from: usize, to: usize) -> u16 {
        self.waits[from][to]
    }

    pub(super) fn set_awaited(&mut self, from: Place, to: Place, channel: Channel, number: u8) {
        let waits = &mut self.waits[usize::from(from)][usize::from(to)];
        *waits = *waits & !(0xf << (4 * channel)) | u16::from(number & 0xf) << (4 * channel);
    }

    /// Puts a message on its way. The same message twice is one.
    pub(super) fn put(&mut self, message: u32) -> Result<(), TooManyMessages> {
        let Err(place) = self.bag().binary_search(&message) else { return Ok(()) };
        let length = usize::from(self.bag_length);
        if length == MOST_MESSAGES {
            return Err(TooManyMessages);
        }
        self.bag.copy_within(place..length, place + 1);
        self.bag[place] = message;
        self.bag_length += 1;
        Ok(())
    }

    /// Takes a message out.
    pub(super) fn take(&mut self, message: u32) {
        if let Ok(place) = self.bag().binary_search(&message) {
            let length = usize::from(self.bag_length);
            self.bag.copy_within(place + 1..length, place);
            self.bag[length - 1] = u32::MAX;
            self.bag_length -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the definition of a set.
    #[test]
    fn messages_are_kept_once_and_in_order() {
        let mut board = Board::new([0; MOST_NODES], 0);
        for message in [5, 3, 9, 3] {
            board.put(message).unwrap();
        }
        assert_eq!(board.bag(), [3, 5, 9]);
        board.take(5);
        board.take(4);
        assert_eq!(board.bag(), [3, 9]);
    }

    /// Source: a state that does not fit must say so.
    #[test]
    fn one_message_too_many_is_refused() {
        let mut board = Board::new([0; MOST_NODES], 0);
        (0..MOST_MESSAGES as u32).for_each(|message| board.put(message).unwrap());
        assert_eq!(board.put(99), Err(TooManyMessages));
    }
}
