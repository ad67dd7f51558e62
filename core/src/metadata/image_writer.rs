//! What an image says as records, and back: the content of a snapshot.
//!
//! Keeps: an image that is read back from its own records is equal to it. Every field is named here, so that a new
//! one does not compile before it is written down.
//!
//! Source: `MetadataImage.write` and the images below it, `MetadataDelta.finishSnapshot`.

use super::image::{BrokerRegistration, Image, TopicImage};
use crate::id::{NodeId, TopicId, TopicPartition};
use crate::record::{MetadataRecord, TopicConfig};
use crate::sequence::ProducerId;
use alloc::vec::Vec;

impl Image {
    /// The records that say all of it: brokers, topics with their partitions, settings, producer ids.
    pub fn records(&self) -> Vec<MetadataRecord> {
        let Image {
            brokers,
            topics,
            partitions,
            next_producer_id,
            min_insync_replicas,
            unclean_leader_election_enable,
        } = self;
        let mut records = Vec::with_capacity(brokers.len() + topics.len() + partitions.len());
        for (&broker, registration) in brokers {
            write_broker(broker, registration, &mut records);
        }
        for (&topic, TopicImage { name, .. }) in topics {
            records.push(MetadataRecord::Topic { topic, name: *name });
        }
        for (&partition, &registration) in partitions {
            records.push(MetadataRecord::Partition { partition, registration });
        }
        write_configs(None, *min_insync_replicas, *unclean_leader_election_enable, &mut records);
        for (&topic, image) in topics {
            let TopicImage { name: _, min_insync_replicas, unclean_leader_election_enable } = image;
            write_configs(Some(topic), *min_insync_replicas, *unclean_leader_election_enable, &mut records);
        }
        if *next_producer_id > ProducerId(0) {
            // Who got the last block does not matter any more (`ProducerIdsImage.write`).
            let (broker, broker_epoch) = Default::default();
            records.push(MetadataRecord::ProducerIds {
                broker,
                broker_epoch,
                next_producer_id: *next_producer_id,
            });
        }
        records
    }

    /// What these records say by themselves.
    pub fn of(records: &[MetadataRecord]) -> Image {
        let mut image = Image::default();
        for record in records {
            image.apply(record);
        }
        image
    }

    /// The partitions that are not the same in `other`, in either of them.
    pub fn partitions_unlike(&self, other: &Image) -> Vec<TopicPartition> {
        let gone = other.partitions.keys().filter(|id| !self.partitions.contains_key(id));
        let unlike = self.partitions.iter().filter(|(id, mine)| other.partitions.get(id) != Some(mine));
        gone.chain(unlike.map(|(id, _)| id)).copied().collect()
    }
}

fn write_broker(broker: NodeId, registration: &BrokerRegistration, records: &mut Vec<MetadataRecord>) {
    let &BrokerRegistration { incarnation, broker_epoch, fenced, in_controlled_shutdown } = registration;
    records.push(MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced });
    if in_controlled_shutdown {
        records.push(MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced: None,
            in_controlled_shutdown,
        });
    }
}

fn write_configs(
    topic: Option<TopicId>,
    min_isr: Option<u32>,
    unclean: Option<bool>,
    records: &mut Vec<MetadataRecord>,
) {
    let mut write = |key, value: Option<u32>| {
        records.extend(value.map(|value| MetadataRecord::Config { topic, key, value }));
    };
    write(TopicConfig::MinInsyncReplicas, min_isr);
    write(TopicConfig::UncleanLeaderElectionEnable, unclean.map(u32::from));
}
