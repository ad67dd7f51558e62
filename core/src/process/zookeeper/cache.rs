//! What clients are told: the cache that UpdateMetadata fills.
//!
//! Keeps: live brokers are replaced, partitions are added up. Epochs of partitions are not compared: what came last
//! counts, of whichever controller is obeyed.
//! Source: `ZkMetadataCache.updateMetadata` (3.9).

use crate::id::{BrokerEpoch, Incarnation, TopicId};
use crate::metadata::image::{BrokerRegistration, Image, TopicImage};
use crate::wire::UpdateMetadataRequest;

/// Takes over what the controller says.
pub(super) fn update(image: &mut Image, request: &UpdateMetadataRequest) {
    let live = |&(id, _, broker_epoch): &(_, _, BrokerEpoch)| {
        let incarnation = Incarnation(0);
        (id, BrokerRegistration { incarnation, broker_epoch, fenced: false, in_controlled_shutdown: false })
    };
    image.brokers = request.live_brokers.iter().map(live).collect();
    for &(topic, name) in &request.topics {
        topic_of(image, topic).name = name;
    }
    for info in request.partitions.iter() {
        image.partitions.insert(info.partition, info.registration());
    }
    for partition in &request.deleted {
        image.partitions.remove(partition);
    }
}

/// The topic, made when it is new: LeaderAndIsr comes before the name that clients know.
pub(super) fn topic_of(image: &mut Image, topic: TopicId) -> &mut TopicImage {
    image.topics.entry(topic).or_insert(TopicImage {
        name: crate::id::Text::EMPTY,
        min_insync_replicas: None,
        unclean_leader_election_enable: None,
    })
}
