//! Voter sets at replicas that follow: read from the log, reverted by a cut, joined by themselves.
use crate::driver::*;
use crate::reconfig::{add, remove};
use kraftscope_core::config::Settings;
use kraftscope_core::id::{Address, DirectoryId, Offset, ReplicaKey};
use kraftscope_core::kraft::{Quorum, QuorumDisk};
use kraftscope_core::node::Timer;
use kraftscope_core::note::Note;
use kraftscope_core::record::MetadataRecord;
use kraftscope_core::release::Release;
use kraftscope_core::voters::VoterSet;
use kraftscope_core::wire::{ErrorCode, Message, RaftVoterResponse};

fn set(numbers: &[u8]) -> VoterSet {
    numbers.iter().map(|&n| key(n)).collect()
}

fn voters(e: u32, numbers: &[u8]) -> kraftscope_core::record::Entry<MetadataRecord> {
    entry(e, MetadataRecord::Voters { voters: set(numbers) })
}

/// Controller 1 follows controller 2 in epoch 5; `among` were its voters at the start.
fn follower(among: &[u8], settings: Settings) -> Replica {
    let mut replica = Replica::boot_as(1, 3, disk(elected(5, 2), &[]), settings);
    let election = elected(5, 2);
    let quorum = Quorum::new(key(1), set(among), settings.into(), disk(election, &[]));
    replica.timers.clear();
    replica.sent.clear();
    replica.notes.clear();
    replica.q = quorum;
    replica.call(|q, now, out| q.boot(now, out));
    replica
}

fn joining() -> Settings {
    Settings { controller_quorum_auto_join_enable: true, ..dynamic(Release::V4_2) }
}

/// Source: `KafkaRaftClientReconfigTest.testFollowerReadsKRaftBootstrapRecords`; KIP-853: effective when appended.
#[test]
fn a_follower_takes_the_voters_that_it_reads_before_they_are_committed() {
    let mut observer = follower(&[2, 3], dynamic(Release::V4_2));
    assert!(observer.q.is_observer() && observer.remaining(Timer::QuorumFetch).is_none());
    observer.told();
    observer.answer(2, observer.fetched_entries(&[voters(5, &[1, 2, 3])], Some(0)));
    assert_eq!((observer.q.is_observer(), observer.hw()), (false, Some(0)));
    assert_eq!(observer.told(), [Note::BecameVoter { epoch: epoch(5) }]);
    assert_eq!(observer.remaining(Timer::QuorumFetch), Some(ms(2000)));
    observer.answer(2, observer.fetched_entries(&[voters(5, &[2, 3])], Some(0)));
    assert_eq!((observer.q.is_observer(), observer.remaining(Timer::QuorumFetch)), (true, None));
}

/// Source: `KRaftControlRecordStateMachineTest.testTruncateEntriesWithVoterSet` (invariant K12).
#[test]
fn a_cut_takes_the_voter_set_back() {
    let mut replica = follower(&[1, 2, 3], dynamic(Release::V4_2));
    replica.answer(2, replica.fetched_entries(&[voters(4, &[1, 2, 3]), voters(4, &[2, 3])], None));
    assert!(replica.q.is_observer());
    replica.answer(2, replica.diverging(4, 1, None));
    assert_eq!((replica.q.voters_offset(), replica.q.is_observer()), (Some(Offset(0)), false));
    assert_eq!(replica.remaining(Timer::QuorumFetch), Some(ms(2000)));
    replica.answer(2, replica.diverging(3, 0, None));
    assert_eq!((replica.q.voters_offset(), replica.q.voters()), (None, &set(&[1, 2, 3])));
}

/// Source: `KRaftControlRecordStateMachine.updateState` at start.
#[test]
fn after_a_restart_the_log_says_who_votes() {
    let mut replica = follower(&[1, 2, 3], dynamic(Release::V4_2));
    replica.answer(2, replica.fetched_entries(&[voters(5, &[1, 2])], None));
    let settings = dynamic(Release::V4_2).into();
    let restarted = Quorum::new(key(1), set(&[1, 2, 3]), settings, replica.q.disk.clone());
    assert_eq!((restarted.voters(), restarted.voters_offset()), (&set(&[1, 2]), Some(Offset(0))));
}

/// Source: KIP-853: identity is (id, directory id).
#[test]
fn a_voters_id_on_an_empty_disk_observes_and_is_no_voter_that_can_be_asked() {
    let me = ReplicaKey { directory: DirectoryId(999), ..key(1) };
    let mut replica = Replica::boot_as(1, 3, QuorumDisk::default(), dynamic(Release::V4_2));
    replica.q = Quorum::new(me, keys(3), dynamic(Release::V4_2).into(), QuorumDisk::default());
    assert!(replica.q.is_observer());
    let answer = replica.vote(vote_request(2, 6, 5, 9, false));
    assert_eq!((answer.error, answer.vote_granted), (ErrorCode::InvalidVoterKey, false));
}

/// Source: `KafkaRaftClientAutoJoinTest.testAutoAddNewVoter`, `FollowerState.updateVoterPeriodMs`.
#[test]
fn an_observer_asks_for_a_vote_after_a_fetch_timeout_and_again_until_it_has_one() {
    let mut observer = follower(&[2, 3], joining());
    assert_eq!(observer.remaining(Timer::UpdateVoterSet), Some(ms(2000)));
    observer.fire(Timer::UpdateVoterSet);
    assert!(observer.awaits(2, "Fetch"), "one request at a time");
    observer.answer(2, observer.fetched_entries(&[], Some(0)));
    assert_eq!(observer.asked(2), Some(&add(key(1), false)));
    let refused = Message::AddRaftVoterResponse(RaftVoterResponse { error: ErrorCode::RequestTimedOut });
    observer.answer(2, refused);
    assert!(observer.awaits(2, "Fetch"));
    assert_eq!(observer.remaining(Timer::UpdateVoterSet), Some(ms(2000)));
    observer.answer(2, observer.fetched_entries(&[voters(5, &[1, 2, 3])], Some(0)));
    observer.fire(Timer::UpdateVoterSet);
    observer.answer(2, observer.fetched_entries(&[], Some(1)));
    assert!(observer.awaits(2, "Fetch"), "it has its vote");
    assert_eq!(observer.remaining(Timer::UpdateVoterSet), None);
}

/// Source: KIP-1186; switch `add_voter_answers_early` off: the answer waits for the commit.
#[test]
fn before_kip_1186_an_observer_waits_for_the_commit_of_its_own_vote() {
    let mut settings = joining();
    settings.features.add_voter_answers_early = false;
    let mut observer = follower(&[2], settings);
    observer.fire(Timer::UpdateVoterSet);
    observer.answer(2, observer.fetched_entries(&[], Some(0)));
    assert_eq!(observer.asked(2), Some(&add(key(1), true)));
}

/// Source: `KafkaRaftClientAutoJoinTest.testObserverRemovesOldVoterAndAutoJoins`.
#[test]
fn an_observer_whose_id_votes_on_another_disk_removes_that_one_first() {
    let mut observer = follower(&[2, 3], joining());
    let old = ReplicaKey { directory: DirectoryId(999), ..key(1) };
    let with_old: VoterSet = [old, key(2), key(3)].into_iter().collect();
    let record = entry(5, MetadataRecord::Voters { voters: with_old });
    observer.answer(2, observer.fetched_entries(&[record], Some(0)));
    observer.fire(Timer::UpdateVoterSet);
    observer.answer(2, observer.fetched_entries(&[], Some(1)));
    assert_eq!(observer.asked(2), Some(&remove(old)));
    observer.answer(2, Message::RemoveRaftVoterResponse(RaftVoterResponse { error: ErrorCode::None }));
    observer.answer(2, observer.fetched_entries(&[voters(5, &[2, 3])], Some(1)));
    observer.fire(Timer::UpdateVoterSet);
    observer.answer(2, observer.fetched_entries(&[], Some(2)));
    assert_eq!(observer.asked(2), Some(&add(key(1), false)));
}

/// Source: `KafkaRaftClientAutoJoinTest.testObserverDoesNotAddItselfWhenAutoJoinDisabled`,
/// `testObserverDoesNotAutoJoinWithKRaftVersion0`.
#[test]
fn without_the_setting_or_with_kraft_version_0_an_observer_only_observes() {
    let version_0 =
        Settings { controller_quorum_auto_join_enable: true, ..crate::driver::settings(Release::V4_2) };
    for settings in [dynamic(Release::V4_2), version_0] {
        let observer = follower(&[2, 3], settings);
        assert_eq!(observer.remaining(Timer::UpdateVoterSet), None);
    }
}

/// Source: `KafkaRaftClientReconfigTest.testFollowerSendsUpdateVoter`,
/// `testFollowerSendsUpdateVoterWhenDifferent`.
#[test]
fn a_voter_that_has_moved_tells_the_leader() {
    let same = follower(&[1, 2, 3], dynamic(Release::V4_2));
    assert_eq!(same.remaining(Timer::UpdateVoterSet), None);
    let mut moved = follower(&[1, 2, 3], dynamic(Release::V4_2));
    moved.timers.clear();
    moved.sent.clear();
    let disk = moved.q.disk.clone();
    moved.q = Quorum::new(key(1), keys(3), dynamic(Release::V4_2).into(), disk).at(Address(2));
    moved.call(|q, now, out| q.boot(now, out));
    moved.fire(Timer::UpdateVoterSet);
    moved.answer(2, moved.fetched_entries(&[], None));
    assert!(moved.awaits(2, "UpdateRaftVoter"));
    let done = Message::UpdateRaftVoterResponse(moved.quorum_response(ErrorCode::None));
    moved.answer(2, done);
    assert!(moved.awaits(2, "Fetch"));
}
