//! The voters of the metadata quorum: a small set of replicas, known by id **and** log directory (KIP-853).
//!
//! Knows no log and no messages. Keeps: every id is in it at most once; its members stand in the order of their
//! ids, so that equal sets are equal values.
//!
//! Source: `VoterSet`, `VotersRecord`.
//!
//! Left out: the names of listeners (an address is one number) and the range of supported kraft.versions, which
//! is the same for all.

use crate::id::{Address, DirectoryId, NODE_LIST_CAPACITY, NodeId, NodeList, ReplicaKey};
use core::fmt;
use serde::{Deserialize, Serialize};

/// One voter as the set describes it (`VoterSet.VoterNode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Voter {
    /// Which replica.
    pub key: ReplicaKey,
    /// Where it listens.
    pub address: Address,
}

/// The voters, in the order of their ids. At most [`NODE_LIST_CAPACITY`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoterSet {
    ids: NodeList,
    directories: [DirectoryId; NODE_LIST_CAPACITY as usize],
    addresses: [Address; NODE_LIST_CAPACITY as usize],
}

impl VoterSet {
    /// The set of these replicas, each at its first address.
    ///
    /// # Panics
    /// When there are more than [`NODE_LIST_CAPACITY`].
    pub fn of(keys: &[ReplicaKey]) -> VoterSet {
        keys.iter().copied().collect()
    }

    /// How many.
    pub const fn len(&self) -> u32 {
        self.ids.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Their ids.
    pub const fn ids(&self) -> NodeList {
        self.ids
    }

    /// The voter at this place.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn get(&self, place: u32) -> ReplicaKey {
        let place = place as usize;
        ReplicaKey { id: self.ids.as_slice()[place], directory: self.directories[place] }
    }

    /// The voters' keys.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = ReplicaKey> + ExactSizeIterator + Clone + '_ {
        (0..self.len()).map(|place| self.get(place))
    }

    fn place(&self, id: NodeId) -> Option<usize> {
        self.ids.as_slice().iter().position(|&other| other == id)
    }

    /// The voter with this id, whatever its directory.
    pub fn voter(&self, id: NodeId) -> Option<Voter> {
        let place = self.place(id)?;
        let key = ReplicaKey { id, directory: self.directories[place] };
        Some(Voter { key, address: self.addresses[place] })
    }

    /// Whether this replica is a voter: a voter's id with another directory is not (`isVoter`).
    pub fn contains(&self, key: ReplicaKey) -> bool {
        self.place(key.id).is_some_and(|place| self.directories[place] == key.directory)
    }

    /// Whether this replica is the only voter (`isOnlyVoter`).
    pub fn is_only(&self, key: ReplicaKey) -> bool {
        self.len() == 1 && self.contains(key)
    }

    /// The set with this voter more; `None` when its id is in it already (`addVoter`).
    ///
    /// # Panics
    /// When the set is full.
    pub fn with(&self, voter: Voter) -> Option<VoterSet> {
        if self.place(voter.key.id).is_some() {
            return None;
        }
        let mut set = VoterSet::default();
        let before = self.ids.iter().take_while(|&id| id < voter.key.id).count() as u32;
        for place in 0..before {
            set.push(self.at(place));
        }
        set.push(voter);
        for place in before..self.len() {
            set.push(self.at(place));
        }
        Some(set)
    }

    /// The set without this voter; `None` when it is not in it with this very directory, or is the last
    /// (`removeVoter`).
    pub fn without(&self, key: ReplicaKey) -> Option<VoterSet> {
        if !self.contains(key) || self.len() == 1 {
            return None;
        }
        let mut set = VoterSet::default();
        for place in (0..self.len()).filter(|&place| self.get(place) != key) {
            set.push(self.at(place));
        }
        Some(set)
    }

    /// The set with this voter's new address; `None` when it is not in it (`updateVoter`).
    pub fn updated(&self, voter: Voter) -> Option<VoterSet> {
        let place = self.place(voter.key.id).filter(|_| self.contains(voter.key))?;
        let mut set = *self;
        set.addresses[place] = voter.address;
        Some(set)
    }

    /// Whether this voter is in the set at another address (`voterNodeNeedsUpdate`).
    pub fn needs_update(&self, voter: Voter) -> bool {
        self.contains(voter.key) && self.voter(voter.key.id) != Some(voter)
    }

    /// Whether any majority of the one set has a member in common with any majority of the other: at most one
    /// voter was added and at most one removed (`hasOverlappingMajority`).
    pub fn has_overlapping_majority(&self, other: &VoterSet) -> bool {
        let missing = |from: &VoterSet, of: &VoterSet| of.keys().filter(|&key| !from.contains(key)).count();
        missing(self, other) <= 1 && missing(other, self) <= 1
    }

    fn at(&self, place: u32) -> Voter {
        Voter { key: self.get(place), address: self.addresses[place as usize] }
    }

    fn push(&mut self, voter: Voter) {
        let place = self.len() as usize;
        self.ids.push(voter.key.id);
        (self.directories[place], self.addresses[place]) = (voter.key.directory, voter.address);
    }
}

/// Each at its first address; of two with the same id the first stays.
impl FromIterator<ReplicaKey> for VoterSet {
    fn from_iter<I: IntoIterator<Item = ReplicaKey>>(keys: I) -> VoterSet {
        let mut set = VoterSet::default();
        for key in keys {
            set = set.with(Voter { key, address: Address(0) }).unwrap_or(set);
        }
        set
    }
}

/// `[1, 2, 3]`: numbers only.
impl fmt::Display for VoterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ids.fmt(f)
    }
}

impl fmt::Debug for VoterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8, directory: u32) -> ReplicaKey {
        ReplicaKey { id: NodeId::controller(number), directory: DirectoryId(directory) }
    }

    fn at_home(number: u8) -> Voter {
        Voter { key: key(number, u32::from(number)), address: Address(0) }
    }

    fn set(numbers: &[u8]) -> VoterSet {
        numbers.iter().map(|&number| at_home(number).key).collect()
    }

    /// Source: `VoterSetTest.testAddVoter`.
    #[test]
    fn a_voter_is_added_unless_its_id_is_a_voter_on_whatever_disk() {
        let three = set(&[1, 2, 3]);
        assert_eq!(three.with(at_home(1)), None);
        assert_eq!(three.with(Voter { key: key(2, 99), address: Address(0) }), None);
        assert_eq!(three.with(at_home(4)), Some(set(&[1, 2, 3, 4])));
        assert_eq!(set(&[1, 4]).with(at_home(3)), Some(set(&[1, 3, 4])), "the order is that of the ids");
    }

    /// Source: `VoterSetTest.testRemoveVoter`, `testCannotRemoveToEmptyVoterSet`.
    #[test]
    fn a_voter_is_removed_by_its_id_and_directory_but_never_the_last() {
        let three = set(&[1, 2, 3]);
        assert_eq!(three.without(key(4, 4)), None);
        assert_eq!(three.without(key(2, 99)), None);
        assert_eq!(three.without(key(2, 2)), Some(set(&[1, 3])));
        assert_eq!(set(&[1]).without(key(1, 1)), None);
    }

    /// Source: `VoterSetTest.testUpdateVoter`, `testVoterNodeNeedsUpdate` family.
    #[test]
    fn a_voter_is_updated_only_under_its_own_directory() {
        let three = set(&[1, 2, 3]);
        let moved = Voter { address: Address(5), ..at_home(3) };
        assert!(!three.needs_update(at_home(3)) && three.needs_update(moved));
        assert_eq!(three.updated(Voter { key: key(3, 99), ..moved }), None);
        assert_eq!(three.updated(Voter { key: key(4, 4), ..moved }), None);
        let updated = three.updated(moved).expect("it is a voter");
        assert_eq!(updated.voter(NodeId::controller(3)), Some(moved));
        assert!(updated != three && updated.ids() == three.ids());
    }

    /// Source: `VoterSetTest.testIsVoterWithDirectoryId`, `testIsOnlyVoterInStandalone`.
    #[test]
    fn an_id_on_another_disk_is_no_voter() {
        let three = set(&[1, 2, 3]);
        assert!(three.contains(key(1, 1)) && !three.contains(key(1, 99)) && !three.contains(key(4, 4)));
        assert!(!three.is_only(key(1, 1)));
        assert!(
            set(&[1]).is_only(key(1, 1)) && !set(&[1]).is_only(key(1, 99)) && !set(&[1]).is_only(key(4, 4))
        );
    }

    /// Source: `VoterSetTest.testOverlappingMajority`.
    #[test]
    fn majorities_overlap_when_at_most_one_voter_was_added_and_one_removed() {
        let three = set(&[1, 2, 3]);
        for other in [set(&[1, 2]), set(&[1, 2, 3, 4]), set(&[1, 2, 4]), three] {
            assert!(
                three.has_overlapping_majority(&other) && other.has_overlapping_majority(&three),
                "{other}"
            );
        }
        let other_disk: VoterSet = [key(1, 99), key(2, 2), key(3, 3)].into_iter().collect();
        assert!(three.has_overlapping_majority(&other_disk));
        let two_other_disks: VoterSet = [key(1, 99), key(2, 99), key(3, 3)].into_iter().collect();
        for other in [set(&[1, 2, 3, 4, 5]), set(&[1]), set(&[1, 4, 5]), two_other_disks] {
            assert!(
                !three.has_overlapping_majority(&other) && !other.has_overlapping_majority(&three),
                "{other}"
            );
        }
    }
}
