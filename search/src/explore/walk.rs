//! The moves of a world: what may happen on a board, and the board after it. A [`Model`] for the explorer.

use super::board::{Board, TooManyMessages};
use super::tables::{Key, Outcome, Sending, Sent, Tables};
use super::world::{Choice, HASTE, LOSSES, MOST_NODES, MayFire, Place, World};
use kraftscope_core::id::NodeId;
use kraftscope_core::node::Timer;
use kraftscope_core::wire::Message;
use kraftscope_models::explore::Model;
use kraftscope_models::seen::fold;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One move, by its numbers in the tables of its walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A message arrives.
    Deliver(u32),
    /// A message is lost.
    Drop(u32),
    /// A timer runs out.
    Fire(Place, Timer),
    /// Something is done to a node.
    Act(Place, u32),
}

/// A message of a [`Move`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Who sent it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// Somebody waits for its answer, or it is the answer that is waited for.
    pub current: bool,
    /// What it says.
    pub message: Rc<Message>,
}

/// A world, as a model.
#[derive(Debug)]
pub struct Walk<W: World> {
    world: W,
    tables: RefCell<Tables<W>>,
    /// The promises that count: bits.
    promises: u64,
    /// What must happen sometimes, and did: bits of witnesses.
    shown: Cell<u64>,
    /// A board was too small for a successor: the search is not complete.
    overflowed: Cell<bool>,
    scratch: RefCell<Vec<(Move, Board)>>,
}

impl<W: World> Walk<W> {
    /// The model of that world.
    pub fn new(world: W) -> Walk<W> {
        let tables = RefCell::new(Tables::new(&world));
        Walk {
            world,
            tables,
            promises: u64::MAX,
            shown: Cell::new(0),
            overflowed: Cell::new(false),
            scratch: RefCell::default(),
        }
    }

    /// The same model, looking only at these promises.
    #[must_use]
    pub fn only(self, promises: u64) -> Walk<W> {
        Walk { promises, ..self }
    }

    /// The world.
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// Which witnesses were seen.
    pub fn shown(&self) -> u64 {
        self.shown.get()
    }

    /// Whether some state had more messages on their way than a board holds: what lies behind it was not seen.
    pub fn has_overflowed(&self) -> bool {
        self.overflowed.get()
    }

    /// The message of this number.
    pub fn parcel(&self, message: u32) -> Parcel {
        let sent = &self.tables.borrow().messages[message as usize];
        let id = |place: Place| self.world.ids()[usize::from(place)];
        let current = sent.number > 0;
        Parcel { from: id(sent.from), to: id(sent.to), current, message: sent.message.clone() }
    }

    /// The act of this number.
    pub fn act(&self, act: u32) -> W::Act {
        self.tables.borrow().acts[act as usize].clone()
    }

    /// The node at this place of a board.
    pub fn node(&self, board: &Board, place: Place) -> W::Node {
        self.tables.borrow().locals[board.locals[usize::from(place)] as usize].node.clone()
    }

    /// How many states of single nodes there were.
    pub fn local_states(&self) -> u64 {
        self.tables.borrow().locals.len() as u64
    }

    /// The fingerprint of a board under every renaming.
    pub fn fingerprints(&self, board: &Board) -> Vec<u64> {
        let tables = self.tables.borrow();
        (0..tables.names.len()).map(|renaming| self.renamed(&tables, board, renaming)).collect()
    }

    fn nodes(&self) -> Place {
        self.world.ids().len() as Place
    }

    /// The fingerprint under one renaming: a sum, since the order of nodes and messages means nothing.
    fn renamed(&self, tables: &Tables<W>, board: &Board, renaming: usize) -> u64 {
        let nodes = usize::from(self.nodes());
        let mut sum = tables.ghosts[board.ghost as usize].1[renaming];
        for place in 0..nodes {
            sum = sum.wrapping_add(tables.locals[board.locals[place] as usize].hashes[renaming]);
            for peer in 0..nodes {
                let number = board.awaited(place as Place, peer as Place);
                if number > 0 {
                    sum = sum.wrapping_add(tables.waiting((place, peer), number, renaming));
                }
            }
        }
        for &message in board.bag() {
            sum = sum.wrapping_add(tables.messages[message as usize].hashes[renaming]);
        }
        let spent = board.spent.iter().fold(0, |word, &spent| word << 8 | u64::from(spent));
        fold(fold(sum, spent), board.broken)
    }

    /// The request of `from` to `to` or its answer is lost for good.
    fn is_lost(&self, tables: &Tables<W>, board: &Board, from: Place, to: Place) -> bool {
        let number = board.awaited(from, to);
        let facts = &tables.locals[board.locals[usize::from(to)] as usize].facts;
        let under_way = board.bag().iter().any(|&message| {
            let sent = &tables.messages[message as usize];
            let asked = sent.request && (sent.from, sent.to) == (from, to);
            let answered = !sent.request && (sent.from, sent.to) == (to, from);
            (asked || answered) && sent.number == number
        });
        number > 0 && !under_way && facts.parked[usize::from(from)] & (1 << number) == 0
    }

    fn may_fire(&self, tables: &Tables<W>, board: &Board, place: Place, timer: Timer) -> Option<Board> {
        let node = &tables.locals[board.locals[usize::from(place)] as usize].node;
        let place_of = |peer| self.world.ids().iter().position(|&id| id == peer).map(|at| at as Place);
        let hasty = match self.world.may_fire(node, timer) {
            MayFire::Always => false,
            MayFire::Hastily => true,
            MayFire::Never => return None,
            MayFire::WhenLost(peer) => {
                let peer = place_of(peer)?;
                if !self.is_lost(tables, board, place, peer) {
                    return None;
                }
                false
            }
            MayFire::UnlessParked(peer) => {
                let peer = place_of(peer)?;
                let facts = &tables.locals[board.locals[usize::from(peer)] as usize].facts;
                facts.parked[usize::from(place)] & (1 << board.awaited(place, peer)) & !1 != 0
            }
        };
        self.pay(board, (hasty || !board.bag().is_empty()).then_some(HASTE))
    }

    /// The board after `budget` was used once more, if it may be.
    fn pay(&self, board: &Board, budget: Option<usize>) -> Option<Board> {
        let Some(budget) = budget else { return Some(*board) };
        let mut board = *board;
        board.spent[budget] += 1;
        (board.spent[budget] <= self.world.budgets()[budget]).then_some(board)
    }

    fn deliver_all(&self, tables: &mut Tables<W>, board: &Board, found: &mut Vec<(Move, Board)>) {
        for &message in board.bag() {
            let sent = &tables.messages[message as usize];
            let (from, to, number, request) = (sent.from, sent.to, sent.number, sent.request);
            let facts = tables.locals[board.locals[usize::from(to)] as usize].facts;
            let mut next = *board;
            next.take(message);
            if let Some(lost) = self.pay(&next, Some(LOSSES)) {
                found.push((Move::Drop(message), lost));
            }
            let mut arrive = |board| found.push((Move::Deliver(message), board));
            if facts.up {
                if !request {
                    next.set_awaited(to, from, 0);
                }
                self.step(tables, &next, to, Key::Sent(message), &mut arrive);
            } else if request && number > 0 && !facts.silent {
                next.set_awaited(from, to, 0);
                self.step(tables, &next, from, Key::Gone(to), &mut arrive);
            } else {
                arrive(next);
            }
        }
    }

    fn fire_all(&self, tables: &mut Tables<W>, board: &Board, found: &mut Vec<(Move, Board)>) {
        for place in 0..self.nodes() {
            let local = board.locals[usize::from(place)] as usize;
            for at in 0..tables.locals[local].armed.len() {
                let (timer, number) = (tables.locals[local].armed[at], tables.locals[local].timers[at]);
                let Some(board) = self.may_fire(tables, board, place, timer) else { continue };
                let mut fired = |board| found.push((Move::Fire(place, timer), board));
                self.step(tables, &board, place, Key::Fire(number), &mut fired);
            }
        }
    }

    fn act_all(&self, tables: &mut Tables<W>, board: &Board, found: &mut Vec<(Move, Board)>) {
        let mut choices: Vec<Choice<W::Act>> = Vec::new();
        self.world.choices(&self.on(tables, board), &mut |choice| choices.push(choice));
        for choice in choices {
            let haste = (choice.slow && !board.bag().is_empty()).then_some(HASTE);
            let paid = self.pay(board, choice.budget).and_then(|paid| self.pay(&paid, haste));
            let Some(paid) = paid else { continue };
            let (place, act) = (choice.place, tables.act(choice.act));
            let mut boards = Vec::new();
            self.step(tables, &paid, place, Key::Act(act), &mut |board| boards.push(board));
            if choice.breaks_connections {
                for peer in (0..self.nodes()).filter(|&peer| peer != place) {
                    boards = self.part(tables, &boards, place, peer);
                }
            }
            found.extend(boards.into_iter().map(|board| (Move::Act(place, act), board)));
        }
    }

    /// The nodes on a board.
    fn on<'a>(&self, tables: &'a Tables<W>, board: &Board) -> Vec<&'a W::Node> {
        let locals = &board.locals[..usize::from(self.nodes())];
        locals.iter().map(|&local| &tables.locals[local as usize].node).collect()
    }

    /// The boards after `peer` has learned that its connection to `place` broke.
    fn part(&self, tables: &mut Tables<W>, boards: &[Board], place: Place, peer: Place) -> Vec<Board> {
        let mut after = Vec::new();
        for board in boards {
            let mut board = *board;
            self.give_up(tables, &mut board, peer, place);
            if tables.locals[board.locals[usize::from(peer)] as usize].facts.up {
                self.step(tables, &board, peer, Key::Gone(place), &mut |board| after.push(board));
            } else {
                after.push(board);
            }
        }
        after
    }

    /// One node takes an input; the boards after it.
    fn step(
        &self,
        tables: &mut Tables<W>,
        board: &Board,
        place: Place,
        key: Key,
        visit: &mut dyn FnMut(Board),
    ) {
        let local = board.locals[usize::from(place)];
        let outcomes = tables.outcomes(&self.world, local, key);
        for outcome in outcomes.iter() {
            match self.after(tables, board, place, outcome) {
                Ok(board) => visit(board),
                Err(TooManyMessages) => self.overflowed.set(true),
            }
        }
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
        for peer in 0..self.nodes() {
            let asks = |sending: &Sending| sending.to == peer && sending.answers.is_none();
            if facts.awaits & (1 << peer) == 0 || outcome.sends.iter().any(asks) {
                self.give_up(tables, &mut board, place, peer);
            }
        }
        for sending in &outcome.sends {
            let number = match sending.answers {
                Some(0) => continue,
                Some(number) if board.awaited(sending.to, place) != number => continue,
                Some(number) => number,
                None => {
                    let number = self.free_number(tables, &board, place, sending.to);
                    board.set_awaited(place, sending.to, number);
                    number
                }
            };
            board.put(tables.message(place, sending, number))?;
        }
        self.bury(tables, &mut board);
        self.expire(tables, board)
    }

    /// Requests that are parked somewhere and that nobody waits for any more run out at once: they wait for a far
    /// shorter time than it takes to give one up.
    fn expire(&self, tables: &mut Tables<W>, board: Board) -> Result<Board, TooManyMessages> {
        for place in 0..self.nodes() {
            let facts = tables.locals[board.locals[usize::from(place)] as usize].facts;
            for peer in 0..self.nodes() {
                let awaited = 1u16.checked_shl(u32::from(board.awaited(peer, place))).unwrap_or(0) & !1;
                if facts.parked[usize::from(peer)] & !awaited == 0 {
                    continue;
                }
                let timer = tables.timer(self.world.parking_timer(self.world.ids()[usize::from(peer)]));
                let outcomes =
                    tables.outcomes(&self.world, board.locals[usize::from(place)], Key::Fire(timer));
                let Some(outcome) = outcomes.first() else { continue };
                return self.after(tables, &board, place, outcome);
            }
        }
        Ok(board)
    }

    /// The smallest number that nothing at `to` reminds of.
    fn free_number(&self, tables: &Tables<W>, board: &Board, from: Place, to: Place) -> u8 {
        let facts = &tables.locals[board.locals[usize::from(to)] as usize].facts;
        let taken = facts.parked[usize::from(from)] | 1;
        taken.trailing_ones() as u8
    }

    /// `from` waits for no answer of `to` any more: an answer on its way is gone, a request is nobody's.
    fn give_up(&self, tables: &mut Tables<W>, board: &mut Board, from: Place, to: Place) {
        let number = board.awaited(from, to);
        if number == 0 {
            return;
        }
        board.set_awaited(from, to, 0);
        let of_it = |sent: &Sent| {
            let link = if sent.request { (from, to) } else { (to, from) };
            sent.number == number && (sent.from, sent.to) == link
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

    /// What is broken on this board, besides what was broken on the way.
    fn judge(&self, board: &Board) -> u64 {
        let tables = &mut *self.tables.borrow_mut();
        let locals = &board.locals[..usize::from(self.nodes())];
        let mut broken = board.broken;
        for (place, &one) in locals.iter().enumerate() {
            for &other in &locals[place + 1..] {
                broken |= tables.pair(&self.world, one, other);
            }
        }
        (broken | self.world.judge_all(&self.on(tables, board))) & self.promises
    }
}

impl<W: World> Model for Walk<W> {
    type State = Board;
    type Action = Move;

    fn initial(&self) -> Board {
        let tables = &mut *self.tables.borrow_mut();
        let mut locals = [0; MOST_NODES];
        for (local, node) in locals.iter_mut().zip(self.world.nodes()) {
            *local = tables.local(&self.world, node, Vec::new());
        }
        let ghost = tables.ghost(&self.world, self.world.ghost());
        let mut board = Board::new(locals, ghost);
        for place in 0..self.nodes() {
            let mut first = None;
            self.step(tables, &board, place, Key::Boot, &mut |next| {
                first.get_or_insert(next);
            });
            board = first.unwrap_or(board);
        }
        board
    }

    fn fingerprint(&self, board: &Board) -> u64 {
        let tables = self.tables.borrow();
        let renamings = 0..tables.names.len();
        renamings.map(|renaming| self.renamed(&tables, board, renaming)).min().unwrap_or_default()
    }

    fn successors(&self, board: &Board, mut visit: impl FnMut(Move, Board)) {
        if board.broken != 0 {
            return;
        }
        // Collected first: the explorer asks for fingerprints of what it visits, and those need the tables, too.
        let mut found = self.scratch.take();
        {
            let tables = &mut *self.tables.borrow_mut();
            self.deliver_all(tables, board, &mut found);
            self.fire_all(tables, board, &mut found);
            self.act_all(tables, board, &mut found);
        }
        found.drain(..).for_each(|(made, board)| visit(made, board));
        self.scratch.replace(found);
    }

    fn broken(&self, board: &Board) -> u64 {
        self.judge(board)
    }
}
