//! The five models of one partition, for the explorer.

use crate::explore::Model;
use crate::packed::Packed;
use crate::promise::{STRONG, WEAK, strong_isr, weak_isr};
use crate::rules::{Action, Rules, apply, enabled, every_action};
use crate::spec::Size;

/// One of the five models, in one size. `R`, `L` and `E` bound what the size may be.
#[derive(Clone, Copy, Debug)]
pub struct Partition<const R: usize, const L: usize, const E: usize> {
    rules: Rules,
    size: Size,
}

/// The sizes of the published tables.
pub type SmallPartition = Partition<3, 4, 4>;
/// Larger ones that can still be searched.
pub type MiddlePartition = Partition<5, 8, 8>;
/// Everything up to [`Size::MAX`].
pub type LargePartition = Partition<8, 16, 15>;

impl<const R: usize, const L: usize, const E: usize> Partition<R, L, E> {
    /// The model; `None` if its state does not hold this size.
    pub fn new(rules: Rules, size: Size) -> Option<Self> {
        let fits = size.check().is_ok()
            && size.replicas as usize <= R
            && size.log as usize <= L
            && (size.max_epoch as usize) < E;
        fits.then_some(Self { rules, size })
    }
}

impl<const R: usize, const L: usize, const E: usize> Model for Partition<R, L, E> {
    type State = Packed<R, L, E>;
    type Action = Action;

    fn initial(&self) -> Self::State {
        Packed::initial(self.size)
    }

    #[inline]
    fn fingerprint(&self, state: &Self::State) -> u64 {
        state.fingerprint()
    }

    #[inline]
    fn successors(&self, state: &Self::State, mut visit: impl FnMut(Action, Self::State)) {
        every_action(state, |action| {
            if enabled(self.rules, state, action) {
                let mut successor = *state;
                apply(self.rules, &mut successor, action);
                visit(action, successor);
            }
        });
    }

    #[inline]
    fn broken(&self, state: &Self::State) -> u64 {
        u64::from(!weak_isr(state)) << WEAK | u64::from(!strong_isr(state)) << STRONG
    }
}
