//! How releases before 2.7 truncated, and what each of them got wrong.

use super::lab::*;
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::id::{LeaderEpoch, Offset};
use kraftscope_core::node::{Loss, Timer};
use kraftscope_core::note::Note;
use kraftscope_core::release::Release;
use kraftscope_core::replication::FetchState;
use kraftscope_core::switches::Truncation;
use kraftscope_core::time::{Span, Time};
use kraftscope_core::wire::{ErrorCode, Message};

const SOON: Span = Span::secs(3);

fn settings(release: Release) -> Settings {
    Settings::of(release)
}

/// Two brokers, the first one leading.
fn pair(settings: Settings) -> Lab {
    let mut lab = Lab::with(settings, &[1, 2], &[1, 2], &[1, 2]);
    lab.settle();
    lab
}

/// Three brokers, the first one leading, `isr` in sync.
fn three(settings: Settings, isr: &[u8]) -> Lab {
    let mut lab = Lab::with(settings, &[1, 2, 3], isr, &[1, 2, 3]);
    lab.settle();
    lab
}

fn epochs(lab: &Lab, broker: kraftscope_core::id::NodeId) -> Vec<u32> {
    lab.log(broker).iter().map(|record| record.0).collect()
}

fn truncating(lab: &Lab) -> FetchState {
    lab.partition(B2).as_follower().unwrap().fetch
}

/// KIP-101, case 1: the follower restarts before it learns the high watermark, then the leader dies.
fn restart_and_lose_the_leader(settings: Settings) -> Lab {
    let mut lab = pair(settings);
    lab.produce(B1, Acks::All, 2);
    lab.settle();
    assert_eq!((lab.hw(B1), lab.hw(B2), lab.leo(B2)), (2, 0, 2));
    lab.crash(B2, Loss::Nothing);
    lab.restart(B2);
    lab.crash(B1, Loss::Nothing);
    lab.elect(Some(B2), &[2]);
    lab
}

/// Source: KIP-101, case 1; KAFKA-1211.
#[test]
fn with_0_10_a_restarted_follower_drops_what_lies_above_its_high_watermark() {
    let lab = restart_and_lose_the_leader(settings(Release::V0_10));
    assert_eq!(lab.log(B2), []);
    let (from, to, hw) = (Offset(2), Offset(0), Offset(0));
    let cut = Note::LogTruncated { partition: TP, from, to, leader_epoch: LeaderEpoch(0), hw };
    lab.assert_note(B2, cut);
}

/// Source: KIP-101, case 1.
#[test]
fn with_1_1_a_restarted_follower_asks_and_keeps_it() {
    let lab = restart_and_lose_the_leader(settings(Release::V1_1));
    assert_eq!(lab.log(B2), [(0, 0), (0, 1)]);
    assert_eq!(lab.hw(B2), 2);
}

/// KIP-101, case 2: both had two records, broker 2 lost the second one, leads, and writes another.
fn lose_a_tail_and_lead(settings: Settings) -> Lab {
    let mut lab = pair(settings);
    lab.produce(B1, Acks::All, 1);
    lab.advance(Span::secs(6));
    lab.produce(B1, Acks::All, 1);
    lab.settle();
    lab.stop(B1);
    assert_eq!(lab.crash(B2, Loss::Unflushed), 1);
    lab.elect(Some(B2), &[2]);
    lab.restart(B2);
    lab.produce(B2, Acks::One, 1);
    lab.restart(B1);
    lab.advance(SOON);
    lab.produce(B2, Acks::One, 1);
    lab.advance(SOON);
    lab
}

/// Source: KIP-101, case 2.
#[test]
fn with_0_10_logs_of_equal_length_that_differ_stay_different() {
    let lab = lose_a_tail_and_lead(settings(Release::V0_10));
    assert_eq!(lab.log(B2), [(0, 0), (1, 2), (1, 3)]);
    assert_eq!(lab.log(B1), [(0, 0), (0, 1), (1, 3)]);
}

/// Source: KIP-101, case 2.
#[test]
fn with_1_1_they_become_equal() {
    let lab = lose_a_tail_and_lead(settings(Release::V1_1));
    assert_eq!(lab.log(B1), [(0, 0), (1, 2), (1, 3)]);
    assert_eq!(lab.log(B1), lab.log(B2));
}

/// An unclean leader has less than the old one, which comes back.
fn longer_than_the_leader(mut settings: Settings, unclean: bool) -> Lab {
    settings.unclean_leader_election_enable = unclean;
    let mut lab = pair(settings);
    lab.produce(B1, Acks::All, 2);
    lab.advance(Span::secs(6));
    lab.stop(B2);
    lab.elect(Some(B1), &[1]);
    lab.produce(B1, Acks::All, 3);
    lab.stop(B1);
    lab.elect(Some(B2), &[2]);
    lab.restart(B2);
    lab.restart(B1);
    lab.advance(SOON);
    lab
}

/// Source: ReplicaFetcherThread.handleOffsetOutOfRange, branch 0.10.2.
#[test]
fn with_0_10_a_log_longer_than_the_leaders_stops_the_broker() {
    let lab = longer_than_the_leader(settings(Release::V0_10), false);
    assert_eq!(lab.exited, [B1]);
    lab.assert_note(B1, Note::ReplicaHalted { partition: TP, leo: Offset(5), leader_end: Offset(2) });
    assert_eq!(lab.leo(B1), 5);
}

/// Source: ReplicaFetcherThread.handleOffsetOutOfRange, branch 0.10.2.
#[test]
fn with_0_10_it_is_cut_where_unclean_election_is_allowed() {
    let lab = longer_than_the_leader(settings(Release::V0_10), true);
    assert_eq!((lab.exited.len(), lab.leo(B1)), (0, 2));
}

/// Source: AbstractFetcherThread.maybeTruncate (1.1): the question comes before the first fetch.
#[test]
fn with_1_1_nothing_is_fetched_before_the_answer() {
    let mut lab = Lab::with(settings(Release::V1_1), &[1, 2], &[1, 2], &[]);
    lab.start(B2, disk_with(&[(0, 3)], 1));
    lab.publish();
    let asked: Vec<&Message> = lab.outside.iter().map(|envelope| &envelope.message).collect();
    assert!(matches!(asked[..], [Message::OffsetForLeaderEpochRequest(_)]), "{asked:?}");
    assert_eq!(truncating(&lab), FetchState::Truncating(Time::ZERO));
}

/// A follower that is refused by a broker that does not lead yet.
fn refused(settings: Settings) -> Lab {
    let mut lab = Lab::with(settings, &[1, 2], &[1, 2], &[]);
    lab.start(B1, disk_with(&[(0, 3)], 3));
    lab.start(B2, disk_with(&[(0, 3)], 1));
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch = LeaderEpoch(1);
    lab.publish_to(B2);
    lab.settle();
    lab
}

/// Source: AbstractFetcherThread.handlePartitionsWithErrors: it stays truncating and asks again.
#[test]
fn a_question_that_is_refused_is_asked_again_after_a_while() {
    let mut lab = refused(settings(Release::V1_1));
    assert_eq!(truncating(&lab), FetchState::Truncating(lab.now + Span::secs(1)));
    assert_eq!(lab.timer(B2, Timer::ReplicaFetchBackoff(B1)), Some(Span::secs(1)));
    lab.publish_to(B1);
    lab.advance(Span::millis(999));
    assert!(matches!(truncating(&lab), FetchState::Truncating(_)));
    lab.advance(Span::millis(1));
    assert_eq!(truncating(&lab), FetchState::Fetching);
}

/// Source: AbstractFetcherThread: a broken connection delays, and the question is asked again.
#[test]
fn a_question_whose_connection_breaks_is_asked_again_after_a_while() {
    let mut lab = refused(settings(Release::V1_1));
    lab.advance(Span::secs(1));
    lab.disconnect(B2, B1);
    lab.publish_to(B1);
    lab.advance(Span::secs(2));
    assert_eq!(truncating(&lab), FetchState::Fetching);
}

/// Broker 1 leads, then broker 2 (broker 1 never hears of it) and writes, then broker 1 again; whether it writes
/// before the other asks is said by `writes`. Record 0 is committed.
fn missed_reign(settings: Settings, second: bool, writes: bool) -> Lab {
    let mut lab = pair(settings);
    lab.produce(B1, Acks::All, 1);
    lab.settle();
    assert_eq!((lab.hw(B1), lab.hw(B2)), (1, 0));
    if second {
        lab.produce(B1, Acks::One, 1);
        lab.lose_mail();
    }
    lab.elect_for(2, &[1, 2], &[2]);
    lab.produce(B2, Acks::One, 1);
    lab.elect_for(1, &[1, 2], &[1]);
    if writes {
        lab.produce(B1, Acks::One, 1);
    }
    lab.publish_to(B2);
    lab
}

/// Delivers until the follower has cut its log.
fn first_cut(lab: &mut Lab) -> Option<(u64, u64)> {
    for _ in 0..20 {
        if let Some(cut) = cuts(lab).first() {
            return Some(*cut);
        }
        let next = lab.pick_up(0)?;
        lab.deliver(next);
    }
    None
}

fn cuts(lab: &Lab) -> Vec<(u64, u64)> {
    let cut = |(_, note): &(_, Note)| match note {
        Note::LogTruncated { from, to, .. } => Some((from.0, to.0)),
        _ => None,
    };
    lab.notes.iter().filter_map(cut).collect()
}

/// Source: KAFKA-6361, KAFKA-7415: the leader has no epoch that high, so the end is undefined.
#[test]
fn an_undefined_end_makes_the_follower_cut_to_its_high_watermark() {
    let mut lab = missed_reign(settings(Release::V1_1), false, false);
    assert_eq!(first_cut(&mut lab), Some((2, 0)));
    let mut lab = missed_reign(settings(Release::V2_0), false, false);
    assert_eq!(first_cut(&mut lab), Some((2, 0)));
}

/// Source: KAFKA-7415: the new leader has stored where its epoch began.
#[test]
fn a_leader_that_stored_its_epochs_start_knows_the_end() {
    let mut settings = settings(Release::V2_0);
    settings.features.leader_stores_epoch_start = true;
    let mut lab = missed_reign(settings, false, false);
    assert_eq!(first_cut(&mut lab), Some((2, 1)));
}

/// Source: KIP-279: the first larger epoch begins where the follower's log ends, so nothing is cut.
#[test]
fn with_1_1_an_end_without_its_epoch_leaves_a_diverging_record() {
    let mut lab = missed_reign(settings(Release::V1_1), true, true);
    lab.settle();
    assert_eq!(epochs(&lab, B1), [0, 0, 2]);
    assert_eq!(epochs(&lab, B2), [0, 1, 2]);
}

/// Source: KIP-279: the answer is epoch 0, and that ended at offset 1 here.
#[test]
fn with_2_0_the_epoch_of_the_answer_finds_it() {
    let mut lab = missed_reign(settings(Release::V2_0), true, true);
    assert_eq!(first_cut(&mut lab), Some((2, 1)));
    lab.settle();
    assert_eq!(lab.log(B1), lab.log(B2));
}

/// Source: AbstractFetcherThread.getOffsetTruncationState: one epoch further back a round (KIP-279).
#[test]
fn with_2_0_logs_with_interleaved_epochs_meet_after_several_questions() {
    let mut lab = Lab::with(settings(Release::V2_3), &[1, 2], &[1, 2], &[]);
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch = LeaderEpoch(5);
    lab.start(B1, disk_with(&[(0, 2), (2, 3), (4, 1)], 0));
    lab.start(B2, disk_with(&[(0, 4), (1, 2), (3, 3)], 0));
    lab.publish();
    lab.settle();
    assert_eq!(cuts(&lab), [(9, 6), (6, 2)]);
    assert_eq!(epochs(&lab, B2), [0, 0, 2, 2, 2, 4]);
}

/// Source: LeaderEpochFileCache.endOffsetFor, branch 1.1: below the first known epoch nothing is known.
#[test]
fn with_1_1_an_epoch_below_the_first_known_one_has_no_end() {
    let mut lab = Lab::with(settings(Release::V1_1), &[1, 2], &[1, 2], &[]);
    lab.image.partitions.get_mut(&TP).unwrap().leader_epoch = LeaderEpoch(5);
    lab.start(B1, disk_with(&[(3, 4)], 0));
    lab.start(B2, disk_with(&[(1, 2)], 1));
    lab.publish();
    lab.settle();
    assert_eq!(cuts(&lab), [(2, 1)]);
}

/// The follower misses that another broker led in between: the old leader has cut its log and written anew.
fn missed_epoch(release: Release) -> Lab {
    let mut lab = three(settings(release), &[1, 2, 3]);
    lab.produce(B1, Acks::One, 1);
    lab.settle();
    lab.disconnect(B2, B1);
    lab.produce(B1, Acks::One, 1);
    lab.settle();
    assert_eq!((lab.leo(B1), lab.leo(B2), lab.leo(B3)), (2, 1, 2));
    lab.elect_for(2, &[1, 2, 3], &[2, 1]);
    lab.settle();
    assert_eq!(lab.leo(B1), 1);
    lab.elect_for(1, &[1, 2, 3], &[1, 2]);
    lab.produce(B1, Acks::One, 1);
    lab.publish_to(B3);
    lab.advance(SOON);
    lab
}

/// Source: KAFKA-7164.
#[test]
fn with_2_0_a_follower_that_missed_an_epoch_of_another_leader_does_not_truncate() {
    let lab = missed_epoch(Release::V2_0);
    assert_eq!(epochs(&lab, B1), [0, 2]);
    assert_eq!(epochs(&lab, B3), [0, 0]);
}

/// Source: KAFKA-7164.
#[test]
fn with_2_3_it_truncates() {
    let lab = missed_epoch(Release::V2_3);
    assert_eq!(lab.log(B3), lab.log(B1));
}

/// A follower knows epoch 2, its leader is still in epoch 0 with a record that it will lose in epoch 1.
fn ahead_of_its_leader(same_epoch: bool) -> Lab {
    let mut settings = settings(Release::V2_3);
    settings.features.truncation_needs_same_epoch = same_epoch;
    let mut lab = three(settings, &[1, 2, 3]);
    lab.disconnect(B2, B1);
    lab.produce(B1, Acks::One, 1);
    lab.settle();
    assert_eq!((lab.leo(B2), lab.leo(B3)), (0, 1));
    lab.elect_for(2, &[1, 2, 3], &[2]);
    let first = lab.image.clone();
    lab.elect_for(1, &[1, 3], &[3]);
    // The fetch of epoch 0 that is parked at broker 1 has to end first.
    lab.advance(Span::millis(600));
    let second = std::mem::replace(&mut lab.image, first);
    lab.publish_to(B1);
    lab.settle();
    assert_eq!(lab.leo(B1), 0);
    lab.image = second;
    lab.publish_to(B1);
    lab.produce(B1, Acks::One, 1);
    lab.advance(SOON);
    lab
}

/// Source: KIP-320: truncation only against a leader of the same leader epoch.
#[test]
fn a_question_without_an_epoch_is_answered_by_a_leader_that_is_not_there_yet() {
    let lab = ahead_of_its_leader(false);
    assert_eq!((lab.log(B1), lab.log(B3)), (vec![(2, 1)], vec![(0, 0)]));
    assert_eq!(lab.hw(B1), 1);
    let lab = ahead_of_its_leader(true);
    assert_eq!(lab.log(B3), lab.log(B1));
}

/// Source: KAFKA-10706: the log is equal, the epoch caches are not.
#[test]
fn an_epoch_line_that_is_not_removed_makes_the_logs_part_for_ever() {
    let deposed = |cleans| {
        let mut settings = Settings::default();
        settings.features.truncation_cleans_epoch_cache = cleans;
        let mut lab = pair(settings);
        lab.produce(B1, Acks::One, 1);
        lab.settle();
        lab.elect(Some(B1), &[1, 2]);
        lab.settle();
        lab.lose_mail();
        lab.elect(Some(B2), &[1, 2]);
        for _ in 0..100 {
            let Some(envelope) = lab.pick_up(0) else { break };
            lab.deliver(envelope);
        }
        (lab.count_notes(B2, |note| matches!(note, Note::LogDiverged { .. })), lab.cache(B1))
    };
    assert_eq!(deposed(true), (1, vec![(0, 0)]));
    let (times, cache) = deposed(false);
    assert!(times > 20);
    assert_eq!(cache, [(0, 0), (1, 1)]);
}

/// Source: KAFKA-18723 (3.9.1): what a leader of a later epoch wrote is left for a later fetch.
#[test]
fn a_follower_takes_records_of_later_epochs_where_nobody_checks() {
    let mut settings = settings(Release::V2_0);
    settings.features.truncation = Truncation::EpochAndEndOffset;
    let mut late = |refuses| {
        settings.features.follower_refuses_later_epochs = refuses;
        let mut lab = three(settings, &[1, 2, 3]);
        lab.elect_for(1, &[1, 2, 3], &[1]);
        lab.produce(B1, Acks::One, 1);
        // Refused, the follower asks for the same again and again until it hears of the epoch.
        for _ in 0..10 {
            lab.pick_up(0).into_iter().for_each(|envelope| lab.deliver(envelope));
        }
        lab.leo(B3)
    };
    assert_eq!((late(false), late(true)), (1, 0));
}

/// Source: OffsetsForLeaderEpochRequest: a replica that is not hosted, or not led, has an error.
#[test]
fn a_question_to_the_wrong_broker_is_refused() {
    use kraftscope_core::wire::{EpochAsked, Fetcher, OffsetForLeaderEpochRequest};
    let mut lab = pair(Settings::default());
    let mut ask = |to, partition, epoch: Option<u32>| {
        let asked = EpochAsked {
            partition,
            current_leader_epoch: epoch.map(LeaderEpoch),
            leader_epoch: LeaderEpoch(0),
        };
        let request = OffsetForLeaderEpochRequest { fetcher: Fetcher::Consumer, partitions: vec![asked] };
        lab.send(CONSUMER, to, Message::OffsetForLeaderEpochRequest(request));
        match lab.outside.pop().unwrap().message {
            Message::OffsetForLeaderEpochResponse(response) => {
                let answer = response.partitions[0];
                (answer.error, answer.end_offset.map(|end| end.0))
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(B1, TP, Some(0)), (ErrorCode::None, Some(0)));
    assert_eq!(ask(B1, TP, None), (ErrorCode::None, Some(0)));
    assert_eq!(ask(B2, TP, Some(0)), (ErrorCode::NotLeaderOrFollower, None));
    assert_eq!(ask(B1, TP, Some(1)), (ErrorCode::UnknownLeaderEpoch, None));
    assert_eq!(ask(B1, TP1, None), (ErrorCode::UnknownTopicOrPartition, None));
}

/// A follower that is an epoch behind fetches everything that the leader has, and is not in the ISR.
fn late_fetch(checks: bool, needs_current: bool) -> (Vec<Vec<u8>>, usize) {
    let mut settings = Settings::default();
    settings.features.fetch_checks_leader_epoch = checks;
    settings.features.expansion_needs_current_epoch = needs_current;
    let mut lab = Lab::with(settings, &[1, 2], &[1], &[1]);
    lab.produce(B1, Acks::One, 2);
    let late = lab.ask(TP, 2, Some(0));
    lab.elect(Some(B1), &[1]);
    lab.fetch_with(B2, B1, late);
    let refused = |answer: &Answer| matches!(answer, Answer::Error(ErrorCode::FencedLeaderEpoch));
    let answers = lab.answers();
    (lab.proposed(), answers.iter().filter(|answer| refused(answer)).count())
}

/// Source: KIP-320: FENCED_LEADER_EPOCH, and nobody joins the ISR by a fetch of another leader epoch.
#[test]
fn a_fetch_of_an_older_epoch_brings_nobody_into_the_isr() {
    assert_eq!(late_fetch(true, true), (vec![], 1));
    assert_eq!(late_fetch(false, true), (vec![], 0));
    assert_eq!(late_fetch(false, false), (vec![vec![1, 2]], 0));
}
