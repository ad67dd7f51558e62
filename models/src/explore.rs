//! Breadth-first search through all states of a [`Model`]: how many there are, how deep they lie, and the
//! shortest way to the first state that breaks each promise.
//!
//! A violation does not end the search, so the number of states is the full one whatever is found. The search is
//! advanced in slices ([`Explorer::advance`]), so that a page or a progress line can live beside it. States are
//! told apart by fingerprints ([`crate::seen`]); for each, its parent and its branch are kept (6 bytes), and a
//! path is rebuilt by walking up and then replaying. A limit that ends the search early is named in
//! [`Explorer::cut`]: without it, the figures are complete.

use crate::seen::{OutOfMemory, Seen};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Something with states and actions, small enough to be visited whole.
pub trait Model {
    /// One state; small, since a whole layer of them is held.
    type State: Clone;
    /// What leads from a state to the next, for the reader of a path.
    type Action: Clone;

    /// The state in which everything begins.
    fn initial(&self) -> Self::State;

    /// 64 well mixed bits: equal for states that count as one, different for others but for chance.
    fn fingerprint(&self, state: &Self::State) -> u64;

    /// Hands every successor to `visit`, in an order that depends on the state alone. At most 65,536 of them.
    fn successors(&self, state: &Self::State, visit: impl FnMut(Self::Action, Self::State));

    /// Which promises this state breaks: bit `i` for promise `i`.
    fn broken(&self, state: &Self::State) -> u64;

    /// Which of the things that must happen *sometimes* this state shows: bit `i` for witness `i`.
    fn witnessed(&self, _state: &Self::State) -> u64 {
        0
    }
}

/// When to stop, even though there is more to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most distinct states. A million takes 15 to 25 MB, plus the states of two layers.
    pub states: u64,
    /// The longest path, in states.
    pub depth: u32,
    /// End the search at the first broken promise.
    pub stop_when_broken: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { states: 50_000_000, depth: u32::MAX, stop_when_broken: false }
    }
}

/// Why a search ended before everything was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// [`Limits::states`] was reached.
    States,
    /// [`Limits::depth`] was reached, and there were states beyond.
    Depth,
    /// There is no memory for a larger table.
    Memory,
    /// A promise was broken, and [`Limits::stop_when_broken`] says that this is enough.
    Broken,
}

/// The first state found, hence one of the nearest, that breaks a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which promise: the bit of [`Model::broken`].
    pub promise: u32,
    /// Which state, in the order of discovery.
    pub index: u32,
    /// The length of the path to it, in states, the first one included.
    pub length: u32,
}

/// What is known of the states found, by order of discovery.
#[derive(Clone, Debug)]
struct Tree<S> {
    limits: Limits,
    /// From which state each came.
    parents: Vec<u32>,
    /// ... and as which of its successors.
    branches: Vec<u16>,
    /// States that wait to be expanded.
    waiting: VecDeque<S>,
    /// The deepest layer with a state in it; the first is 1.
    depth: u32,
    witnessed: u64,
    findings: Vec<Finding>,
    /// The promises in `findings`, as bits.
    broken: u64,
    cut: Option<Cut>,
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Explorer<M: Model> {
    model: M,
    seen: Seen,
    tree: Tree<M::State>,
    /// How many states were expanded: the order of discovery of the first that waits.
    expanded: u32,
    /// The layer of the state that is expanded next.
    layer: u32,
    /// Where the next layer begins.
    layer_end: u32,
    generated: u64,
}

impl<M: Model> Explorer<M> {
    /// A search that has seen the first state.
    pub fn new(model: M, limits: Limits) -> Self {
        let limits = Limits { states: limits.states.min(u64::from(u32::MAX)), ..limits };
        let mut tree = Tree {
            limits,
            parents: Vec::new(),
            branches: Vec::new(),
            waiting: VecDeque::new(),
            depth: 1,
            witnessed: 0,
            findings: Vec::new(),
            broken: 0,
            cut: None,
        };
        let mut seen = Seen::default();
        let initial = model.initial();
        // The first table is large enough for the first state.
        let _ = seen.insert(model.fingerprint(&initial));
        tree.admit((0, 0), 1, (model.broken(&initial), model.witnessed(&initial)), initial);
        Self { model, seen, tree, expanded: 0, layer: 1, layer_end: 1, generated: 0 }
    }

    /// Expands up to `budget` states; `false` when the search is over.
    pub fn advance(&mut self, budget: u32) -> bool {
        for _ in 0..budget {
            if self.tree.cut.is_some() || self.tree.waiting.is_empty() {
                return false;
            }
            if self.expanded == self.layer_end {
                self.layer += 1;
                self.layer_end = self.tree.parents.len() as u32;
            }
            if self.layer >= self.tree.limits.depth {
                self.tree.cut = Some(Cut::Depth);
                return false;
            }
            self.expand();
        }
        true
    }

    /// Runs to the end.
    pub fn run(mut self) -> Self {
        while self.advance(1 << 16) {}
        self
    }

    /// How many distinct states were found.
    pub fn states(&self) -> u64 {
        self.tree.parents.len() as u64
    }

    /// How many successors were looked at, known ones included.
    pub fn generated(&self) -> u64 {
        self.generated
    }

    /// How many states wait to be expanded.
    pub fn waiting(&self) -> u64 {
        self.tree.waiting.len() as u64
    }

    /// The number of states on the path to the deepest state found, the first included (TLC's depth).
    pub fn depth(&self) -> u32 {
        self.tree.depth
    }

    /// The first violation of each promise, nearest first.
    pub fn findings(&self) -> &[Finding] {
        &self.tree.findings
    }

    /// The first violation of promise `promise`.
    pub fn finding(&self, promise: u32) -> Option<Finding> {
        self.tree.findings.iter().copied().find(|finding| finding.promise == promise)
    }

    /// The witnesses that some state showed: the union of [`Model::witnessed`].
    pub fn witnessed(&self) -> u64 {
        self.tree.witnessed
    }

    /// Why the search ended early; `None` when every state was seen, or when it is still under way.
    pub fn cut(&self) -> Option<Cut> {
        self.tree.cut
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The path to a state: each state with the action that led to it. The first has none.
    pub fn path(&self, index: u32) -> Vec<(Option<M::Action>, M::State)> {
        let mut branches = Vec::new();
        let mut at = index;
        while at != 0 {
            branches.push(self.tree.branches[at as usize]);
            at = self.tree.parents[at as usize];
        }
        let mut state = self.model.initial();
        let mut path = alloc::vec![(None, state.clone())];
        for branch in branches.into_iter().rev() {
            let (mut number, mut chosen) = (0u32, None);
            self.model.successors(&state, |action, successor| {
                if number == u32::from(branch) {
                    chosen = Some((action, successor));
                }
                number += 1;
            });
            let (action, successor) = chosen.expect("the same state has the same successors");
            path.push((Some(action), successor.clone()));
            state = successor;
        }
        path
    }

    fn expand(&mut self) {
        let Self { model, seen, tree, generated, .. } = self;
        let Some(state) = tree.waiting.pop_front() else { return };
        let (parent, length) = (self.expanded, self.layer + 1);
        self.expanded += 1;
        let mut branch = 0u32;
        model.successors(&state, |_, successor| {
            *generated += 1;
            match seen.insert(model.fingerprint(&successor)) {
                Ok(true) => {
                    let origin = (parent, u16::try_from(branch).expect("at most 65,536 successors"));
                    let marks = (model.broken(&successor), model.witnessed(&successor));
                    tree.admit(origin, length, marks, successor);
                }
                Ok(false) => {}
                Err(OutOfMemory) => tree.cut = Some(Cut::Memory),
            }
            branch += 1;
        });
    }
}

impl<S> Tree<S> {
    /// Takes in a new state: where it came from, at which length of path, what it breaks and shows.
    fn admit(&mut self, (parent, branch): (u32, u16), length: u32, (broken, shown): (u64, u64), state: S) {
        if self.parents.len() as u64 >= self.limits.states {
            self.cut = Some(Cut::States);
        }
        if self.cut.is_some() {
            return;
        }
        let index = self.parents.len() as u32;
        self.parents.push(parent);
        self.branches.push(branch);
        self.waiting.push_back(state);
        self.depth = length;
        self.witnessed |= shown;
        if broken & !self.broken != 0 {
            self.note(broken & !self.broken, index, length);
        }
    }

    fn note(&mut self, fresh: u64, index: u32, length: u32) {
        self.broken |= fresh;
        let bits = (0..64).filter(|bit| fresh & (1 << bit) != 0);
        self.findings.extend(bits.map(|promise| Finding { promise, index, length }));
        if self.limits.stop_when_broken {
            self.cut = Some(Cut::Broken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::fold;

    /// Two counters up to `top`; they must not both be 2, nor ever sum to 7.
    struct Counters {
        top: u8,
    }

    impl Model for Counters {
        type State = (u8, u8);
        type Action = &'static str;

        fn initial(&self) -> (u8, u8) {
            (0, 0)
        }

        fn fingerprint(&self, &(a, b): &(u8, u8)) -> u64 {
            fold(fold(0, u64::from(a)), u64::from(b))
        }

        fn successors(&self, &(a, b): &(u8, u8), mut visit: impl FnMut(&'static str, (u8, u8))) {
            if a < self.top {
                visit("left", (a + 1, b));
            }
            if b < self.top {
                visit("right", (a, b + 1));
            }
        }

        fn broken(&self, &(a, b): &(u8, u8)) -> u64 {
            u64::from((a, b) == (2, 2)) | u64::from(a + b == 7) << 1
        }

        fn witnessed(&self, &(a, b): &(u8, u8)) -> u64 {
            u64::from(a == 3) | u64::from(b == 4) << 1
        }
    }

    fn counters(limits: Limits) -> Explorer<Counters> {
        Explorer::new(Counters { top: 3 }, limits).run()
    }

    /// Source: the definition; 4 × 4 states, the farthest 6 steps away.
    #[test]
    fn every_state_is_counted_once_and_the_deepest_gives_the_depth() {
        let search = counters(Limits::default());
        assert_eq!((search.states(), search.generated(), search.depth()), (16, 24, 7));
        assert_eq!(search.cut(), None);
    }

    /// Source: the definition.
    #[test]
    fn a_broken_promise_has_a_shortest_path_and_does_not_end_the_search() {
        let search = counters(Limits::default());
        let finding = search.finding(0).unwrap();
        assert_eq!((finding.length, search.finding(1)), (5, None));
        let path = search.path(finding.index);
        assert_eq!(path.len(), 5);
        assert_eq!(path[0], (None, (0, 0)));
        assert_eq!(path[4].1, (2, 2));
        assert!(path[1..].iter().all(|(action, _)| action.is_some()));
    }

    /// Source: the definition.
    #[test]
    fn what_never_happens_is_missing_from_the_witnesses() {
        assert_eq!(counters(Limits::default()).witnessed(), 0b01);
    }

    /// Source: a search that was cut must say so.
    #[test]
    fn a_limit_that_ends_the_search_is_named() {
        let search = counters(Limits { states: 9, ..Limits::default() });
        assert_eq!((search.states(), search.cut()), (9, Some(Cut::States)));
        let search = counters(Limits { depth: 4, ..Limits::default() });
        assert_eq!((search.depth(), search.cut()), (4, Some(Cut::Depth)));
        let search = counters(Limits { stop_when_broken: true, ..Limits::default() });
        assert_eq!((search.findings().len(), search.cut()), (1, Some(Cut::Broken)));
        let search = counters(Limits { states: 16, depth: 7, ..Limits::default() });
        assert_eq!(search.states(), 16);
    }
}
