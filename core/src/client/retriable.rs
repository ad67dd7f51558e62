//! Which errors a client tries again after, and which say that its metadata is stale.
//!
//! Sources: `Errors`, `RetriableException`, `InvalidMetadataException` and their subclasses.

use crate::wire::ErrorCode;

/// `RetriableException`: the same request may succeed later.
pub const fn is_retriable(error: ErrorCode) -> bool {
    is_invalid_metadata(error)
        || matches!(
            error,
            ErrorCode::RequestTimedOut
                | ErrorCode::NotEnoughReplicas
                | ErrorCode::NotEnoughReplicasAfterAppend
                | ErrorCode::NotController
                | ErrorCode::UnknownLeaderEpoch
                | ErrorCode::OffsetNotAvailable
                | ErrorCode::CoordinatorLoadInProgress
        )
}

/// `InvalidMetadataException`: somebody else leads by now; ask for metadata.
pub const fn is_invalid_metadata(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::NetworkException
            | ErrorCode::KafkaStorageError
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::PreferredLeaderNotAvailable
            | ErrorCode::EligibleLeadersNotAvailable
            | ErrorCode::ElectionNotNeeded
            | ErrorCode::UnknownTopicId
    )
}
