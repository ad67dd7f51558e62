//! G1 to G4: what members of a group are given, and where they go on.

use crate::lab::{Lab, ORDERS, broker};
use kraftscope_core::client::{Consumer, ConsumerSpec};
use kraftscope_core::group::coordinator::groups::Members;
use kraftscope_core::id::{NodeId, Offset, Text, TopicPartition};
use kraftscope_core::note::Note;
use kraftscope_core::process::Process;
use kraftscope_core::sim::genesis::Genesis;

const CONSUMER: NodeId = NodeId::consumer(1);
const OTHER: NodeId = NodeId::consumer(2);

fn group() -> Text {
    Text::new("billing").expect("short enough")
}

/// A cluster with two consumers in a group.
fn lab() -> Lab {
    let mut genesis = Genesis::default();
    let group = Some(group());
    genesis.consumers = vec![ConsumerSpec { group, ..genesis.consumers[0].clone() }; 2];
    Lab::of(genesis)
}

/// That consumer was given the partition in generation 9.
fn assigned(lab: &mut Lab, consumer: NodeId) -> Vec<&'static str> {
    member(lab, consumer).positions.remove(&ORDERS);
    if let Some(membership) = &mut member(lab, consumer).membership {
        membership.epoch = 9;
    }
    lab.look(consumer, vec![Note::PartitionAssigned { group: group(), partition: ORDERS, epoch: 9 }])
}

/// That consumer has learnt that its group has committed this offset, and goes on there.
fn begins(lab: &mut Lab, consumer: NodeId, offset: Offset) -> Vec<&'static str> {
    let member = member(lab, consumer);
    member.positions.entry(ORDERS).or_default().seek(offset, None);
    if let Some(membership) = &mut member.membership {
        membership.committed.insert(ORDERS, offset);
    }
    lab.look(consumer, vec![])
}

fn member(lab: &mut Lab, consumer: NodeId) -> &mut Consumer {
    let Process::Consumer(consumer) = lab.process(consumer) else { panic!("not a consumer") };
    consumer
}

fn consumed(to: u64) -> Note {
    Note::RecordsConsumed { partition: ORDERS, from: Offset(0), to: Offset(to) }
}

fn committed(to: u64) -> Note {
    Note::OffsetCommitted { group: group(), partition: ORDERS, offset: Offset(to) }
}

/// Source: KIP-62: within a group a partition has one reader.
#[test]
fn g1_a_partition_of_two_members() {
    let mut lab = lab();
    let shards = &mut lab.broker(2).groups.shards;
    let groups = shards.values_mut().flat_map(|shard| shard.groups.values_mut());
    let Some(Members::Classic(group)) = groups.map(|group| &mut group.members).next() else {
        panic!("no classic group")
    };
    let all = (0..3).map(|partition| TopicPartition { partition, ..ORDERS }).collect::<Vec<_>>();
    group.members.values_mut().for_each(|member| member.assignment.clone_from(&all));
    assert_eq!(lab.look(broker(2), vec![]), ["G1"]);
}

/// Source: KIP-62, KIP-848: a generation, and a target assignment, give a partition to one member.
#[test]
fn g2_a_partition_that_two_members_were_given_in_one_generation() {
    let mut lab = lab();
    assert!(assigned(&mut lab, CONSUMER).is_empty());
    assert!(assigned(&mut lab, CONSUMER).is_empty());
    assert_eq!(assigned(&mut lab, OTHER), ["G2"]);
}

/// Source: `OffsetMetadataManager`: a commit is answered when it is written for good.
#[test]
fn g3_a_member_that_begins_before_what_was_committed() {
    let mut lab = lab();
    assert!(assigned(&mut lab, CONSUMER).is_empty());
    assert!(lab.look(CONSUMER, vec![consumed(7), committed(7)]).is_empty());
    assert!(begins(&mut lab, CONSUMER, Offset(7)).is_empty());
    assigned(&mut lab, OTHER);
    assert_eq!(begins(&mut lab, OTHER, Offset(6)), ["G3"]);
}

/// Source: Jepsen, poll-skip.
#[test]
fn g4_a_member_that_begins_behind_what_its_group_has_read() {
    let mut lab = lab();
    assert!(assigned(&mut lab, CONSUMER).is_empty());
    lab.look(CONSUMER, vec![consumed(700), committed(700)]);
    assert_eq!(begins(&mut lab, CONSUMER, Offset(701)), ["G4"]);
}
