//! When a promise is not given: what the checker says instead of calling it broken.

use crate::lab::{Lab, ORDERS, broker};
use kraftscope_core::check::{Rule, State, Why};
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, NodeList, Offset};
use kraftscope_core::note::Note;
use kraftscope_core::record::{MetadataRecord, PartitionChange, TopicConfig};
use kraftscope_core::replication::IsrState;
use kraftscope_core::scenario::{Line, play_line};
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;
use kraftscope_core::wire::ErrorCode;

fn play(genesis: Genesis, lines: &[&str]) -> History {
    let mut history = History::new(genesis).expect("a valid genesis");
    history.seek_time(Time(10_000_000), 100_000);
    for text in lines {
        let line = Line::parse(text, &history.names()).expect("a line");
        play_line(&mut history, &line).expect("it can be done");
    }
    history
}

/// The state of a rule at the end, and how many acknowledged records are gone.
fn outcome(history: &History, rule: Rule) -> (State, u32) {
    let checker = history.sim().checker().expect("checks are on");
    assert_eq!(checker.broken_count(), 0);
    (checker.state(rule as u32).expect("it is in the table"), checker.lost().count() as u32)
}

/// Source: KIP-966 motivation, "last replica standing".
#[test]
fn a_last_in_sync_replica_that_lost_records_voids_the_promise() {
    // The page cache is written back every five seconds: three seconds of records are gone.
    let lines = [
        "min-isr orders 1",
        "min-isr payments 1",
        "crash broker-1",
        "crash broker-3",
        "run 23s",
        "crash broker-2 unflushed",
        "run 20s",
        "start broker-2",
        "run 20s",
    ];
    let mut genesis = Genesis::default();
    genesis.settings.features.elr = false;
    let history = play(genesis, &lines);
    let (_, lost) = outcome(&history, Rule::S5);
    assert!(lost > 0);
    let checker = history.sim().checker().expect("checks are on");
    let voided = |why| matches!(why, Why::LeaderLostRecords { leader, .. } if leader == NodeId::broker(2));
    assert!(checker.void().count() > 0 && checker.void().all(|(_, why)| voided(why)));
}

/// Source: KIP-106, unclean.leader.election.enable.
#[test]
fn an_unclean_election_voids_the_promise() {
    let lines = [
        "crash broker-3",
        "run 20s",
        "crash broker-1",
        "crash broker-2",
        "run 20s",
        "unclean orders on",
        "unclean payments on",
        "start broker-3",
        "run 10s",
    ];
    let history = play(Genesis::default(), &lines);
    let (state, lost) = outcome(&history, Rule::C1);
    assert!(matches!(
        state,
        State::NotApplicable { why: Why::UncleanElection { leader, .. } } if leader == NodeId::broker(3)
    ));
    assert!(lost > 0);
}

/// Source: the documentation of `acks`.
#[test]
fn with_acks_1_a_lost_record_is_counted_and_breaks_nothing() {
    let mut genesis = Genesis::default();
    genesis.producers[0].acks = Some(kraftscope_core::config::Acks::One);
    let history = play(
        genesis,
        &[
            "isolate broker-1",
            "rejoin broker-1",
            "pause broker-2",
            "pause broker-3",
            "run 2s",
            "crash broker-1",
            "resume broker-2",
            "resume broker-3",
            "run 20s",
        ],
    );
    let (state, lost) = outcome(&history, Rule::C1);
    assert_eq!(state, State::NotApplicable { why: Why::NoAcksAll });
    assert!(lost > 0);
}

/// All replicas hold a record that is not committed; broker 3 loses it, the controller makes it the leader because it
/// has not missed it yet, and the old leader commits, which has not heard of that.
fn commits_with_who_lost_it(lab: &mut Lab) -> (Vec<&'static str>, Vec<Why>) {
    let mut end = Offset(0);
    for number in [1, 2, 3] {
        end = lab.append(number, 0).next();
    }
    for follower in &mut lab.leader().followers {
        follower.leo = Some(end);
    }
    let mut broken: Vec<_> =
        [1, 2, 3].into_iter().flat_map(|number| lab.look(broker(number), vec![])).collect();
    broken.extend(lab.power_loss(3, 1));
    let elr = lab.world.genesis.settings.features.elr.then(|| NodeList::brokers(&[1]));
    let isr = Some(NodeList::brokers(&[3]));
    let leader = Some(Some(broker(3)));
    broken.extend(lab.change(PartitionChange { leader, isr, elr, ..PartitionChange::default() }));
    assert_eq!(lab.checker.void().count(), 0, "what is committed is there");
    lab.copy(1).hw = end;
    broken.extend(lab.look(broker(1), vec![]));
    (broken, lab.checker.void().map(|(_, why)| why).collect())
}

/// Source: KIP-966: who comes back from an unclean shutdown is taken out of the ISR, and the ELR holds the record.
#[test]
fn who_is_elected_before_its_loss_is_known_may_be_counted_by_the_old_leader() {
    assert_eq!(commits_with_who_lost_it(&mut Lab::new()), (vec![], vec![]));
}

/// Source: KIP-966, motivation: before it nobody asked whether a replica has lost its disk.
#[test]
fn what_an_old_leader_commits_with_who_lost_it_and_leads_is_not_promised() {
    let (broken, void) = commits_with_who_lost_it(&mut Lab::without_elr());
    assert_eq!(broken, Vec::<&str>::new());
    assert!(matches!(void[..], [Why::LeaderLostRecords { leader, .. }] if leader == broker(3)), "{void:?}");
}

/// Source: KIP-101: a power loss of one replica costs nothing while others are in sync.
#[test]
fn a_power_loss_of_one_leader_voids_nothing() {
    let history =
        play(Genesis::default(), &["crash broker-1 unflushed", "run 3s", "start broker-1", "run 60s"]);
    let (state, lost) = outcome(&history, Rule::S5);
    assert!(matches!(state, State::Holds { checked } if checked > 0));
    assert_eq!(lost, 0);
}

/// The leader proposes that broker 3 joins and is refused; it may propose that again and wait. Then the controller takes
/// broker 3 in. Returns why that voids the promise.
fn accepted_after_refusals(lab: &mut Lab, waits: bool) -> Vec<Why> {
    let change =
        |brokers: &[u8]| PartitionChange { isr: Some(NodeList::brokers(brokers)), ..Default::default() };
    assert!(lab.change(change(&[1, 2])).is_empty());
    let isr = NodeList::brokers(&[1, 2]);
    lab.copy(1).partition_epoch = lab.copy(1).partition_epoch.next();
    lab.leader().isr = IsrState::Committed { isr };
    assert!(lab.look(broker(1), vec![]).is_empty());
    let proposed = IsrState::PendingExpand { isr, joining: broker(3) };
    lab.leader().isr = proposed;
    assert!(lab.look(broker(1), vec![]).is_empty());
    let refused = Note::IsrChangeRejected { partition: ORDERS, error: ErrorCode::IneligibleReplica };
    lab.leader().isr = IsrState::Committed { isr };
    assert!(lab.look(broker(1), vec![refused]).is_empty());
    if waits {
        lab.leader().isr = proposed;
        assert!(lab.look(broker(1), vec![]).is_empty());
    }
    assert!(lab.change(change(&[1, 2, 3])).is_empty());
    lab.checker.void().map(|(_, why)| why).collect()
}

/// Source: Partition.handleAlterPartitionError: INELIGIBLE_REPLICA tells that the request was not applied; nobody else
/// may apply it. A network that doubles messages lets the same controller apply it.
#[test]
fn a_refused_proposal_that_is_accepted_voids_the_promise_only_where_messages_are_doubled() {
    assert_eq!(accepted_after_refusals(&mut Lab::new(), false), []);
    let mut lab = Lab::new();
    lab.double_a_message();
    let void = accepted_after_refusals(&mut lab, false);
    assert!(matches!(void[..], [Why::ForgottenProposal { .. }]), "{void:?}");
    let mut lab = Lab::new();
    lab.double_a_message();
    assert_eq!(accepted_after_refusals(&mut lab, true), [], "it was made again, and the leader waits");
}

/// Source: Partition.updateAssignmentAndIsr: a registration of the same partition epoch replaces a pending change,
/// while the request is still on its way. The leader has not waited for who joined.
#[test]
fn a_proposal_that_its_leader_forgot_voids_the_promise_when_it_is_accepted() {
    let change =
        |brokers: &[u8]| PartitionChange { isr: Some(NodeList::brokers(brokers)), ..Default::default() };
    let mut lab = Lab::new();
    assert!(lab.change(change(&[1, 2])).is_empty());
    let isr = NodeList::brokers(&[1, 2]);
    lab.copy(1).partition_epoch = lab.copy(1).partition_epoch.next();
    lab.leader().isr = IsrState::Committed { isr };
    assert!(lab.look(broker(1), vec![]).is_empty());
    lab.leader().isr = IsrState::PendingExpand { isr, joining: broker(3) };
    assert!(lab.look(broker(1), vec![]).is_empty());
    lab.leader().isr = IsrState::Committed { isr };
    assert!(lab.look(broker(1), vec![]).is_empty());
    assert_eq!(lab.checker.void().count(), 0);
    assert!(lab.change(change(&[1, 2, 3])).is_empty());
    let voided: Vec<_> = lab.checker.void().collect();
    assert!(matches!(voided[..], [(ORDERS, Why::ForgottenProposal { .. })]), "{voided:?}");
}

/// The controller has raised the minimum to `minimum` before broker 3 left the ISR, and `then` changes more. The leader, who
/// has heard of no minimum but 2, commits without broker 3. Returns what is broken, and why promises are void.
fn commits_below(minimum: u32, then: &[PartitionChange]) -> (Vec<&'static str>, Vec<Why>) {
    let mut lab = Lab::new();
    let (topic, key) = (Some(ORDERS.topic), TopicConfig::MinInsyncReplicas);
    assert!(lab.commit(MetadataRecord::Config { topic, key, value: minimum }).is_empty());
    let isr = NodeList::brokers(&[1, 2]);
    let elr = NodeList::brokers(if minimum > 2 { &[3] } else { &[] });
    let change = PartitionChange { isr: Some(isr), elr: Some(elr), ..Default::default() };
    assert!(lab.change(change).is_empty());
    lab.copy(1).partition_epoch = lab.copy(1).partition_epoch.next();
    let leader = lab.leader();
    leader.isr = IsrState::Committed { isr };
    for follower in leader.followers.iter_mut().filter(|follower| follower.id == broker(3)) {
        follower.last_caught_up = None;
    }
    assert!(lab.look(broker(1), vec![]).is_empty());
    for change in then {
        assert!(lab.change(*change).is_empty());
    }
    assert_eq!(lab.checker.void().count(), 0);
    let offset = lab.append(1, 0);
    let _ = lab.append(2, 0);
    for follower in lab.leader().followers.iter_mut().filter(|follower| follower.id == broker(2)) {
        follower.leo = Some(offset.next());
    }
    lab.copy(1).hw = offset.next();
    let broken = lab.look(broker(1), vec![]);
    (broken, lab.checker.void().map(|(_, why)| why).collect())
}

/// The partition loses its leader, and gets this one out of those that are eligible then.
fn nobody_and_then(leader: u8, rest: &[u8]) -> [PartitionChange; 2] {
    let lists = |isr: &[u8], elr: &[u8]| (Some(NodeList::brokers(isr)), Some(NodeList::brokers(elr)));
    let ((no_isr, all), (isr, elr)) = (lists(&[], &[1, 2, 3]), lists(&[leader], rest));
    [
        PartitionChange { leader: Some(None), isr: no_isr, elr: all, ..Default::default() },
        PartitionChange { leader: Some(Some(broker(leader))), isr, elr, ..Default::default() },
    ]
}

/// Source: KAFKA-16540: all brokers have to count with one minimum. The controller counts 2 of 3 as too few and keeps
/// broker 3 eligible.
#[test]
fn a_leader_that_has_not_heard_of_a_larger_minimum_voids_the_promise_when_it_commits() {
    let (broken, void) = commits_below(3, &[]);
    assert_eq!(broken, [""; 0]);
    assert!(matches!(void[..], [Why::MinIsrUnheardOf { .. }]), "{void:?}");
}

/// Source: as above; `PartitionChangeBuilder.electLeader`: without an ISR an eligible replica leads. The old leader has
/// heard neither of the minimum nor of the election.
#[test]
fn so_does_one_that_has_a_successor_out_of_the_elr() {
    for rest in [&[1, 2][..], &[1], &[]] {
        let (broken, void) = commits_below(3, &nobody_and_then(3, rest));
        assert_eq!(broken, [""; 0]);
        assert!(matches!(void[..], [Why::MinIsrUnheardOf { .. }]), "{void:?}");
    }
}

/// Source: as above; `PartitionChangeBuilder.triggerLeaderEpochBumpForReplicaReassignmentIfNeeded`: the leader goes on in
/// another epoch. A late answer to its AlterPartition is one of the epoch that it knows
/// (`Partition.handleAlterPartitionUpdate`), and it commits.
#[test]
fn so_does_one_that_has_not_heard_of_its_own_next_epoch() {
    let next = PartitionChange { leader: Some(Some(broker(1))), ..Default::default() };
    let (broken, void) = commits_below(3, &[next]);
    assert_eq!(broken, [""; 0]);
    assert!(matches!(void[..], [Why::MinIsrUnheardOf { .. }]), "{void:?}");
}

/// Source: KIP-966: with one minimum for all, who is made leader without the record should not have been eligible.
#[test]
fn one_that_knows_the_minimum_voids_nothing() {
    assert_eq!(commits_below(2, &[]), (vec![], vec![]));
    let (broken, void) = commits_below(2, &nobody_and_then(3, &[1, 2]));
    assert!(broken.contains(&"S2"), "{broken:?}");
    assert_eq!(void, []);
}

/// Source: BrokerServer.startup: publishers are installed after `initialCatchUpFuture`.
#[test]
fn a_broker_that_is_stopped_before_it_caught_up_leads_nothing() {
    let lines = ["crash broker-1", "start broker-1", "run 50ms", "shutdown broker-1", "run 20ms"];
    let history = play(Genesis::default(), &lines);
    let led = history.notes(0..u64::MAX).filter(|log| log.node == Some(broker(1)));
    let led = led.filter(|log| kraftscope_core::explain::key(&log.note) == "BecameLeader").count();
    assert_eq!(led, 1, "orders-0, when the cluster was new");
}
