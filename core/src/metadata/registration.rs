//! A broker registers: who is let in, and what is left of its earlier life.
//!
//! Source: `ClusterControlManager.registerBroker`. Keeps: while the session of one life may still be alive, no
//! other life of that broker is let in; a new life starts fenced, with an epoch above every earlier one (the
//! offset at which its records begin); the old life leaves every ISR before the new one is in the log, and every ELR
//! unless it shut down cleanly: then its clean-shutdown file names its broker epoch (KIP-966).
//!
//! A controlled shutdown ends no session: a broker that comes back sooner than its session runs out is refused, and
//! asks again (KAFKA-19047 would have changed that, and has not).
//!
//! Left out: cluster id, features, listeners, log directories.

use crate::config::Settings;
use crate::id::{BrokerEpoch, Offset};
use crate::metadata::decision::Decision;
use crate::metadata::fencing::clean_up;
use crate::metadata::heartbeat::HeartbeatTable;
use crate::metadata::image::Image;
use crate::note::Note;
use crate::record::MetadataRecord;
use crate::time::Time;
use crate::wire::{BrokerRegistrationRequest, ErrorCode};

/// Decides a registration whose records would begin at `next_offset`. Returns the broker's epoch.
///
/// # Errors
/// `DUPLICATE_BROKER_REGISTRATION` while another incarnation of this broker has a valid session.
pub fn register(
    image: &Image,
    settings: &Settings,
    heartbeats: &mut HeartbeatTable,
    now: Time,
    request: &BrokerRegistrationRequest,
    next_offset: Offset,
    decision: &mut Decision,
) -> Result<BrokerEpoch, ErrorCode> {
    let (broker, incarnation) = (request.broker, request.incarnation);
    let existing = image.brokers.get(&broker);
    if let Some(same) = existing.filter(|existing| existing.incarnation == incarnation) {
        let (broker_epoch, fenced) = (same.broker_epoch, same.fenced);
        decision.record(MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced });
        if same.in_controlled_shutdown {
            // Kafka's record has a field for it; without it a request that arrives twice would end the shutdown.
            decision.record(MetadataRecord::BrokerRegistrationChange {
                broker,
                broker_epoch,
                fenced: None,
                in_controlled_shutdown: true,
            });
        }
        return Ok(broker_epoch);
    }
    if let Some(old) = existing
        && heartbeats.has_valid_session(now, broker, old.broker_epoch, settings.broker_session_timeout)
    {
        return Err(ErrorCode::DuplicateBrokerRegistration);
    }
    heartbeats.remove(broker);
    // The clean-shutdown file says which life it closed: an older one tells nothing of the life that ends here.
    let clean = existing.is_some_and(|old| request.previous_broker_epoch == Some(old.broker_epoch));
    clean_up(image, settings, broker, clean, decision);
    let broker_epoch = BrokerEpoch(next_offset.0);
    decision.record(MetadataRecord::RegisterBroker { broker, incarnation, broker_epoch, fenced: true });
    decision.note(Note::BrokerRegistered { broker, broker_epoch });
    Ok(broker_epoch)
}
