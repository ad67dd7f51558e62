//! What comes of a node's step on a board: what it sends is put on its way, what it has given up is forgotten.

use super::board::{Board, TooManyMessages};
use super::tables::{Key, Outcome, Sending, Sent, Tables};
use super::walk::Walk;
use super::world::{CHANNELS, Channel, Place, World};

impl<W: World> Walk<W> {
    /// One node takes an input; the boards after it, when what is eager has arrived.
    pub(super) fn step(
        &self,
        tables: &mut Tables<W>,
        board: &Board,
        place: Place,
        key: Key,
        visit: &mut dyn FnMut(Board),
    ) {
        for board in self.step_only(tables, board, place, key) {
            visit(self.hurry(tables, board));
        }
    }

    /// The same, before anything else has arrived.
    pub(super) fn step_only(
        &self,
        tables: &mut Tables<W>,
        board: &Board,
        place: Place,
        key: Key,
    ) -> Vec<Board> {
        let outcomes = tables.outcomes(&self.world, board.locals[usize::from(place)], key);
        let mut boards = Vec::with_capacity(outcomes.len());
        for outcome in outcomes.iter() {
            match self.after(tables, board, place, outcome) {
                Ok(board) => boards.push(board),
                Err(TooManyMessages) => self.overflowed.set(true),
            }
        }
        boards
    }

    /// Eager messages arrive at once, unless luck decides what comes of them, or that lies out of bounds.
    pub(super) fn hurry(&self, tables: &mut Tables<W>, board: Board) -> Board {
        for message in self.eager(tables, &board) {
            let mut found = Vec::new();
            self.deliver(tables, &board, message, &mut found);
            if let [(_, next)] = found[..] {
                return next;
            }
        }
        board
    }

    fn after(
        &self,
        tables: &mut Tables<W>,
        board: &Board,
        place: Place,
        outcome: &Outcome,
    ) -> Result<Board, TooManyMessages> {
        let mut board = *board;
        let before = board.locals[usize::from(place)];
        board.locals[usize::from(place)] = outcome.local;
        board.broken |= outcome.broken & self.promises;
        self.shown.set(self.shown.get() | outcome.shown);
        if before != outcome.local {
            let (ghost, broken) = tables.learn(&self.world, board.ghost, before, outcome.local);
            board.ghost = ghost;
            board.broken |= broken & self.promises;
        }
        let facts = tables.locals[outcome.local as usize].facts;
        if !facts.up {
            // What was on its way to it is lost with its connections.
            for at in (0..board.bag().len()).rev() {
                let message = board.bag()[at];
                if tables.messages[message as usize].to == place {
                    board.take(message);
                }
            }
        }
        self.forget_what_was_given_up(tables, &mut board, place, outcome);
        self.send(tables, &mut board, place, outcome)?;
        self.bury(tables, &mut board);
        self.expire(tables, board)
    }

    /// A node that has given a request up, or makes another for the same purpose, waits for the old one no more.
    fn forget_what_was_given_up(
        &self,
        tables: &mut Tables<W>,
        board: &mut Board,
        place: Place,
        outcome: &Outcome,
    ) {
        let facts = tables.locals[outcome.local as usize].facts;
        for peer in 0..self.nodes() {
            for channel in 0..CHANNELS as Channel {
                let asks = |sending: &Sending| {
                    (sending.to, sending.channel) == (peer, channel) && sending.answers.is_none()
                };
                let waits = facts.awaits[usize::from(channel)] & (1 << peer) != 0;
                if !waits || outcome.sends.iter().any(asks) {
                    self.give_up(tables, board, (place, peer), channel);
                }
            }
        }
    }

    /// Puts on its way what a node sends.
    fn send(
        &self,
        tables: &mut Tables<W>,
        board: &mut Board,
        place: Place,
        outcome: &Outcome,
    ) -> Result<(), TooManyMessages> {
        for sending in &outcome.sends {
            let (to, channel) = (sending.to, sending.channel);
            let number = match sending.answers {
                Some(0) => continue,
                Some(number) if board.awaited(to, place, channel) != number => continue,
                Some(number) => number,
                None => {
                    let number = self.free_number(tables, board, (place, to), channel);
                    board.set_awaited(place, to, channel, number);
                    number
                }
            };
            board.put(tables.message(place, sending, number))?;
        }
        Ok(())
    }

    /// Requests that are parked somewhere and that nobody waits for any more run out at once: they wait for a far
    /// shorter time than it takes to give one up.
    fn expire(&self, tables: &mut Tables<W>, board: Board) -> Result<Board, TooManyMessages> {
        for place in 0..self.nodes() {
            let local = board.locals[usize::from(place)];
            let facts = tables.locals[local as usize].facts;
            for peer in 0..self.nodes() {
                for channel in 0..CHANNELS as Channel {
                    let parked = facts.parked[usize::from(channel)][usize::from(peer)];
                    let awaited = (1u16 << board.awaited(peer, place, channel)) & !1;
                    if parked & !awaited == 0 {
                        continue;
                    }
                    let from = self.world.ids()[usize::from(peer)];
                    let node = &tables.locals[local as usize].node;
                    let Some(timer) = self.world.parking_timer(node, from, channel) else { continue };
                    let key = Key::Fire(tables.timer(timer));
                    let outcomes = tables.outcomes(&self.world, local, key);
                    let Some(outcome) = outcomes.first() else { continue };
                    return self.after(tables, &board, place, outcome);
                }
            }
        }
        Ok(board)
    }

    /// The smallest number that nothing at `to` reminds of.
    fn free_number(&self, tables: &Tables<W>, board: &Board, link: (Place, Place), channel: Channel) -> u8 {
        let facts = &tables.locals[board.locals[usize::from(link.1)] as usize].facts;
        let taken = facts.parked[usize::from(channel)][usize::from(link.0)] | 1;
        taken.trailing_ones() as u8
    }

    /// `from` waits for no answer of `to` any more: an answer on its way is gone, a request is nobody's.
    pub(super) fn give_up(
        &self,
        tables: &mut Tables<W>,
        board: &mut Board,
        (from, to): (Place, Place),
        channel: Channel,
    ) {
        let number = board.awaited(from, to, channel);
        if number == 0 {
            return;
        }
        board.set_awaited(from, to, channel, 0);
        let of_it = |sent: &Sent| {
            let link = if sent.request { (from, to) } else { (to, from) };
            (sent.number, sent.channel) == (number, channel) && (sent.from, sent.to) == link
        };
        // The request or its answer; there is one of them at the most.
        let found = board.bag().iter().copied().find(|&message| of_it(&tables.messages[message as usize]));
        let Some(message) = found else { return };
        board.take(message);
        if tables.messages[message as usize].request {
            // It takes the place of what was just taken out.
            let _ = board.put(tables.forgotten(message));
        }
    }

    /// Takes out requests that nobody waits for and that can change nothing.
    fn bury(&self, tables: &mut Tables<W>, board: &mut Board) {
        for at in (0..board.bag().len()).rev() {
            let message = board.bag()[at];
            let sent = &tables.messages[message as usize];
            if sent.number > 0 {
                continue;
            }
            let local = board.locals[usize::from(sent.to)];
            if tables.is_dead(&self.world, local, message) {
                board.take(message);
            }
        }
    }
}
