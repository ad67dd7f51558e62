//! Arithmetic of quorums, nothing else: majority, majority offset, minimum over the ISR.
//!
//! Branches live in the protocol modules; the numbers live here, where they can be read at a glance.

use crate::id::Offset;
use alloc::vec::Vec;

/// The smallest number of voters that is a majority of `voters`.
pub const fn majority(voters: u32) -> u32 {
    voters / 2 + 1
}

/// The largest offset that a majority of voters has reached: sort descending (unknown last) and take index
/// `n / 2` (`LeaderState.maybeUpdateHighWatermark`). `None` when a majority is not known yet.
pub fn majority_offset(ends: &mut [Option<Offset>]) -> Option<Offset> {
    let voters = ends.len() as u32;
    offset_of_majority(ends, voters)
}

/// The same when `ends` holds one more than there are `voters`: then it is not what a majority has reached.
pub fn offset_of_majority(ends: &mut [Option<Offset>], voters: u32) -> Option<Offset> {
    ends.sort_unstable_by(|a, b| b.cmp(a));
    ends.get(voters as usize / 2).copied().flatten()
}

/// The smallest of these log ends; `None` if one of them is unknown (it blocks the high watermark).
pub fn minimum_offset(ends: impl IntoIterator<Item = Option<Offset>>) -> Option<Offset> {
    ends.into_iter().collect::<Option<Vec<Offset>>>()?.into_iter().min()
}

/// Where an election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// A majority granted.
    Won,
    /// Those who granted and those who have not answered are no majority any more.
    Lost,
    /// Not decided.
    Open,
}

/// Counts an election among `voters`: `granted` includes the nominee itself (`EpochElection`).
pub const fn tally(voters: u32, granted: u32, unanswered: u32) -> Tally {
    if granted >= majority(voters) {
        Tally::Won
    } else if granted + unanswered < majority(voters) {
        Tally::Lost
    } else {
        Tally::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: KafkaRaftClient high-watermark rule, `LeaderState`.
    #[test]
    fn the_majority_offset_is_at_index_half_of_the_descending_order() {
        let at =
            |ends: &[u64]| majority_offset(&mut ends.iter().map(|&e| Some(Offset(e))).collect::<Vec<_>>());
        assert_eq!(at(&[7]), Some(Offset(7)));
        assert_eq!(at(&[7, 3]), Some(Offset(3)));
        assert_eq!(at(&[7, 3, 5]), Some(Offset(5)));
        assert_eq!(at(&[9, 7, 3, 5]), Some(Offset(5)));
        assert_eq!(at(&[9, 7, 3, 5, 1]), Some(Offset(5)));
    }

    /// Source: `LeaderState.maybeUpdateHighWatermark`, `ReplicaState.compareTo`.
    #[test]
    fn an_unknown_end_sorts_last() {
        assert_eq!(majority_offset(&mut [Some(Offset(9)), None, None]), None);
        assert_eq!(majority_offset(&mut [None, Some(Offset(4)), Some(Offset(9))]), Some(Offset(4)));
    }

    /// Source: `EpochElection.isVoteGranted`, `isVoteRejected`.
    #[test]
    fn an_election_is_lost_as_soon_as_it_cannot_be_won() {
        assert_eq!(tally(3, 1, 2), Tally::Open);
        assert_eq!(tally(3, 2, 0), Tally::Won);
        assert_eq!(tally(3, 1, 0), Tally::Lost);
        assert_eq!(tally(5, 2, 1), Tally::Open);
        assert_eq!(tally(5, 1, 1), Tally::Lost);
    }
}
