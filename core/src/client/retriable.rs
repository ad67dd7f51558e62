//! Which errors a client tries again after, and which say that its metadata is stale.
//!
//! Sources: `Errors`, `RetriableException`, `InvalidMetadataException` and their subclasses.

use crate::wire::ErrorCode;

/// `RetriableException`: the same request may succeed later.
pub const fn is_retriable(error: ErrorCode) -> bool {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::LeaderNotAvailable
        | ErrorCode::NotLeaderOrFollower
        | ErrorCode::RequestTimedOut
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::NotController
        | ErrorCode::NetworkException
        | ErrorCode::FencedLeaderEpoch
        | ErrorCode::UnknownLeaderEpoch
        | ErrorCode::PreferredLeaderNotAvailable
        | ErrorCode::EligibleLeadersNotAvailable
        | ErrorCode::ElectionNotNeeded
        | ErrorCode::UnknownTopicId => true,
        ErrorCode::None
        | ErrorCode::UnknownServerError
        | ErrorCode::OffsetOutOfRange
        | ErrorCode::BrokerNotAvailable
        | ErrorCode::StaleBrokerEpoch
        | ErrorCode::InvalidRequiredAcks
        | ErrorCode::TopicAlreadyExists
        | ErrorCode::InvalidPartitions
        | ErrorCode::InvalidReplicationFactor
        | ErrorCode::InvalidReplicaAssignment
        | ErrorCode::InvalidConfig
        | ErrorCode::InvalidRequest
        | ErrorCode::UnsupportedVersion
        | ErrorCode::InvalidUpdateVersion
        | ErrorCode::DuplicateBrokerRegistration
        | ErrorCode::BrokerIdNotRegistered
        | ErrorCode::IneligibleReplica
        | ErrorCode::NewLeaderElected
        | ErrorCode::OperationNotAttempted
        | ErrorCode::InvalidVoterKey => false,
    }
}

/// `InvalidMetadataException`: somebody else leads by now; ask for metadata.
pub const fn is_invalid_metadata(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::NetworkException
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::PreferredLeaderNotAvailable
            | ErrorCode::EligibleLeadersNotAvailable
            | ErrorCode::ElectionNotNeeded
            | ErrorCode::UnknownTopicId
    )
}
