//! The moves of a world: what may happen on a board, and the board after it. A [`Model`] for the explorer.

use super::board::Board;
use super::tables::{Key, Tables};
use super::world::{CHANNELS, Channel, Choice, HASTE, LOSSES, MOST_NODES, MayFire, Place, Prelude, World};
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
    pub(super) world: W,
    tables: RefCell<Tables<W>>,
    /// The promises that count: bits.
    pub(super) promises: u64,
    /// What must happen sometimes, and did: bits of witnesses.
    pub(super) shown: Cell<u64>,
    /// A board was too small for a successor: the search is not complete.
    pub(super) overflowed: Cell<bool>,
    scratch: RefCell<Vec<(Move, Board)>>,
    /// How the first board came about.
    prelude: RefCell<Vec<(Option<Move>, Board)>>,
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
            prelude: RefCell::default(),
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

    /// Whether some step led out of the bounds of the world, and what lies there was not seen.
    pub fn is_bounded(&self) -> bool {
        self.tables.borrow().bounded
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

    /// A move in a few words.
    pub fn describe(&self, made: Move) -> String {
        let id = |place: Place| self.world.ids()[usize::from(place)];
        let of = |message: u32, what: &str| {
            let parcel = self.parcel(message);
            let old = if parcel.current { "" } else { ", that nobody waits for," };
            format!("{}{old} of {} to {} {what}", parcel.message.api(), parcel.from, parcel.to)
        };
        match made {
            Move::Deliver(message) => of(message, "arrives"),
            Move::Drop(message) => of(message, "is lost"),
            Move::Fire(place, timer) => format!("{timer:?} runs out at {}", id(place)),
            Move::Act(place, act) => format!("{:?} at {}", self.act(act), id(place)),
        }
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

    /// How the first board of every path came about: what was done from the very beginning.
    pub fn prelude(&self) -> Vec<(Option<Move>, Board)> {
        self.initial();
        self.prelude.borrow().clone()
    }

    /// Boots every node, and does what the world wants first: messages in the order of their numbers, no luck.
    fn set_up(&self, tables: &mut Tables<W>) -> Vec<(Option<Move>, Board)> {
        let mut locals = [0; MOST_NODES];
        for (local, node) in locals.iter_mut().zip(self.world.nodes()) {
            *local = tables.local(&self.world, node, Vec::new(), Default::default());
        }
        let ghost = tables.ghost(&self.world, self.world.ghost());
        let mut board = Board::new(locals, ghost);
        for place in 0..self.nodes() {
            let mut booted = Vec::new();
            self.step(tables, &board, place, Key::Boot, &mut |board| booted.push(board));
            board = booted.first().copied().unwrap_or(board);
        }
        let mut path = vec![(None, board)];
        while let Some((made, next)) = self.next_of_set_up(tables, &board) {
            board = next;
            path.push((Some(made), board));
        }
        path
    }

    fn next_of_set_up(&self, tables: &mut Tables<W>, board: &Board) -> Option<(Move, Board)> {
        let nodes = self.on(tables, board);
        let wanted = self.world.prelude(&nodes);
        let mut found = Vec::new();
        match (board.bag().first(), wanted) {
            (_, None) => return None,
            (_, Some(Prelude::Act(place, act))) => {
                let act = tables.act(act);
                self.step(tables, board, place, Key::Act(act), &mut |board| {
                    found.push((Move::Act(place, act), board));
                });
            }
            (Some(&message), _) => self.deliver(tables, board, message, &mut found),
            (None, Some(Prelude::Fire(place, timer))) => {
                let key = Key::Fire(tables.timer(timer));
                self.step(tables, board, place, key, &mut |board| {
                    found.push((Move::Fire(place, timer), board));
                });
            }
        }
        found.first().copied()
    }

    pub(super) fn nodes(&self) -> Place {
        self.world.ids().len() as Place
    }

    /// The fingerprint under one renaming: a sum, since the order of nodes and messages means nothing.
    fn renamed(&self, tables: &Tables<W>, board: &Board, renaming: usize) -> u64 {
        let nodes = usize::from(self.nodes());
        let mut sum = tables.ghosts[board.ghost as usize].1[renaming];
        for place in 0..nodes {
            sum = sum.wrapping_add(tables.locals[board.locals[place] as usize].hashes[renaming]);
            for peer in 0..nodes {
                let awaited = board.awaited_all(place, peer);
                if awaited > 0 {
                    sum = sum.wrapping_add(tables.waiting((place, peer), awaited, renaming));
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
    fn is_lost(&self, tables: &Tables<W>, board: &Board, link: (Place, Place), channel: Channel) -> bool {
        let (from, to) = link;
        let number = board.awaited(from, to, channel);
        let under_way = board.bag().iter().any(|&message| {
            let sent = &tables.messages[message as usize];
            let way = if sent.request { (sent.from, sent.to) } else { (sent.to, sent.from) };
            way == link && (sent.number, sent.channel) == (number, channel)
        });
        number > 0 && !under_way && !self.is_parked(tables, board, link, channel)
    }

    /// `to` holds the request back for whose answer `from` waits.
    fn is_parked(&self, tables: &Tables<W>, board: &Board, link: (Place, Place), channel: Channel) -> bool {
        let (from, to) = link;
        let facts = &tables.locals[board.locals[usize::from(to)] as usize].facts;
        let parked = facts.parked[usize::from(channel)][usize::from(from)];
        let number = board.awaited(from, to, channel);
        number > 0 && parked & (1 << number) != 0
    }

    fn may_fire(&self, tables: &Tables<W>, board: &Board, place: Place, timer: Timer) -> Option<Board> {
        let node = &tables.locals[board.locals[usize::from(place)] as usize].node;
        let place_of = |peer| self.world.ids().iter().position(|&id| id == peer).map(|at| at as Place);
        let waits = |hasty: bool| (hasty || !board.bag().is_empty()).then_some(HASTE);
        let budget = match self.world.may_fire(node, timer) {
            MayFire::Always => waits(false),
            MayFire::Hastily => waits(true),
            MayFire::Never => return None,
            MayFire::Soon => None,
            MayFire::AtCost(budget) => Some(budget),
            MayFire::WithNews(peer) => {
                let peer = board.locals[usize::from(place_of(peer)?)] as usize;
                self.world.has_news(node, &tables.locals[peer].node).then_some(None)?
            }
            MayFire::WhenLost(peer, channel) => {
                let link = (place, place_of(peer)?);
                self.is_lost(tables, board, link, channel).then(|| waits(false))?
            }
            MayFire::UnlessParked(peer, channel) => {
                waits(self.is_parked(tables, board, (place, place_of(peer)?), channel))
            }
        };
        self.pay(board, budget)
    }

    /// The board after `budget` was used once more, if it may be.
    fn pay(&self, board: &Board, budget: Option<usize>) -> Option<Board> {
        let Some(budget) = budget else { return Some(*board) };
        let mut board = *board;
        board.spent[budget] += 1;
        (board.spent[budget] <= self.world.budgets()[budget]).then_some(board)
    }

    /// What comes of a message that arrives.
    pub(super) fn deliver(
        &self,
        tables: &mut Tables<W>,
        board: &Board,
        message: u32,
        found: &mut Vec<(Move, Board)>,
    ) {
        let sent = &tables.messages[message as usize];
        let (from, to, channel) = (sent.from, sent.to, sent.channel);
        let (number, request) = (sent.number, sent.request);
        let facts = tables.locals[board.locals[usize::from(to)] as usize].facts;
        let mut next = *board;
        next.take(message);
        let mut arrive = |board| found.push((Move::Deliver(message), board));
        if facts.up && !(request && facts.closed) {
            if !request {
                next.set_awaited(to, from, channel, 0);
            }
            self.step(tables, &next, to, Key::Sent(message), &mut arrive);
        } else if request && number > 0 && !facts.silent {
            // Nobody listens: all that is under way on that connection is given up.
            for board in self.part_one(tables, &next, to, from) {
                arrive(self.hurry(tables, board));
            }
        } else {
            arrive(next);
        }
    }

    /// The eager messages for which somebody listens, by purpose; a sender that tries again at once because nobody does
    /// would never come to rest.
    pub(super) fn eager(&self, tables: &Tables<W>, board: &Board) -> Vec<u32> {
        let heard = |message: u32| {
            let sent = &tables.messages[message as usize];
            let facts = &tables.locals[board.locals[usize::from(sent.to)] as usize].facts;
            sent.eager && facts.up && !(sent.request && facts.closed)
        };
        let mut found: Vec<u32> = board.bag().iter().copied().filter(|&message| heard(message)).collect();
        found.sort_by_key(|&message| tables.messages[message as usize].channel);
        found
    }

    /// Lets an eager message arrive, before anything else happens. `false` when there is none, or when what comes of
    /// it lies out of bounds: then it stays on its way.
    fn deliver_eager(&self, tables: &mut Tables<W>, board: &Board, found: &mut Vec<(Move, Board)>) -> bool {
        for message in self.eager(tables, board) {
            self.deliver(tables, board, message, found);
            if !found.is_empty() {
                return true;
            }
        }
        false
    }

    fn deliver_all(&self, tables: &mut Tables<W>, board: &Board, found: &mut Vec<(Move, Board)>) {
        for &message in board.bag() {
            let mut without = *board;
            without.take(message);
            if let Some(lost) = self.pay(&without, Some(LOSSES)) {
                found.push((Move::Drop(message), lost));
            }
            self.deliver(tables, board, message, found);
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
        self.world.choices(&self.on(tables, board), &board.spent, &mut |choice| choices.push(choice));
        for choice in choices {
            let haste = (choice.slow && !board.bag().is_empty()).then_some(HASTE);
            let paid = self.pay(board, choice.budget).and_then(|paid| self.pay(&paid, haste));
            let Some(paid) = paid else { continue };
            let (place, act) = (choice.place, tables.act(choice.act));
            // All learn of broken connections before anything new arrives.
            let mut boards = self.step_only(tables, &paid, place, Key::Act(act));
            if choice.breaks_connections {
                for peer in (0..self.nodes()).filter(|&peer| peer != place) {
                    boards = self.part(tables, &boards, place, peer);
                }
            }
            for board in boards {
                found.push((Move::Act(place, act), self.hurry(tables, board)));
            }
        }
    }

    /// The nodes on a board.
    fn on<'a>(&self, tables: &'a Tables<W>, board: &Board) -> Vec<&'a W::Node> {
        let locals = &board.locals[..usize::from(self.nodes())];
        locals.iter().map(|&local| &tables.locals[local as usize].node).collect()
    }

    /// The boards after `peer` has learned that its connection to `place` broke.
    fn part(&self, tables: &mut Tables<W>, boards: &[Board], place: Place, peer: Place) -> Vec<Board> {
        boards.iter().flat_map(|board| self.part_one(tables, board, place, peer)).collect()
    }

    fn part_one(&self, tables: &mut Tables<W>, board: &Board, place: Place, peer: Place) -> Vec<Board> {
        let mut board = *board;
        for channel in 0..CHANNELS as Channel {
            self.give_up(tables, &mut board, (peer, place), channel);
        }
        if tables.locals[board.locals[usize::from(peer)] as usize].facts.up {
            self.step_only(tables, &board, peer, Key::Gone(place))
        } else {
            vec![board]
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
        (broken | self.world.judge_all(&tables.ghosts[board.ghost as usize].0, &self.on(tables, board)))
            & self.promises
    }
}

impl<W: World> Model for Walk<W> {
    type State = Board;
    type Action = Move;

    fn initial(&self) -> Board {
        let mut prelude = self.prelude.borrow_mut();
        if prelude.is_empty() {
            let tables = &mut *self.tables.borrow_mut();
            *prelude = self.set_up(tables);
        }
        prelude[prelude.len() - 1].1
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
        // Collected first, since the explorer asks for fingerprints of what it visits, and those need the tables, too.
        let mut found = self.scratch.take();
        {
            let tables = &mut *self.tables.borrow_mut();
            if !self.deliver_eager(tables, board, &mut found) {
                self.deliver_all(tables, board, &mut found);
                self.fire_all(tables, board, &mut found);
                self.act_all(tables, board, &mut found);
            }
        }
        found.drain(..).for_each(|(made, board)| visit(made, board));
        self.scratch.replace(found);
    }

    fn broken(&self, board: &Board) -> u64 {
        self.judge(board)
    }
}
