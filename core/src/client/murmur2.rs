//! The hash that spreads keys over partitions: 32-bit murmur2 as in `org.apache.kafka.common.utils.Utils`.
//!
//! Invariant: the same bytes give the same hash on every platform, and the same as Kafka's Java client.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;

/// The hash of `bytes`, as Java's signed `int`.
pub fn murmur2(bytes: &[u8]) -> i32 {
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = SEED ^ bytes.len() as u32;
    for block in blocks {
        let mut k = u32::from_le_bytes(*block).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ (hash >> 15)) as i32
}

/// Drops the sign bit (`Utils.toPositive`): not the absolute value.
pub const fn to_positive(hash: i32) -> u32 {
    (hash & 0x7fff_ffff) as u32
}

/// The partition of a keyed record among `partitions` of them, led or not
/// (`BuiltInPartitioner.partitionForKey`); 0 when there are none.
pub fn partition_for_key(key: &[u8], partitions: u16) -> u16 {
    let partition = to_positive(murmur2(key)) % u32::from(partitions.max(1));
    partition as u16
}
