//! The hash that spreads keys over partitions.

use kraftscope_core::client::murmur2::{murmur2, partition_for_key, to_positive};

/// Source: `UtilsTest.testMurmur2` (scenario S-97).
#[test]
fn the_hashes_are_those_of_kafkas_java_client() {
    let hashes = [
        "21",
        "foobar",
        "a-little-bit-long-string",
        "a-little-bit-longer-string",
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
        "abc",
    ]
    .map(|key| murmur2(key.as_bytes()));
    assert_eq!(hashes, [-973_932_308, -790_332_482, -985_981_536, -1_486_304_829, -58_897_971, 479_470_107]);
}

/// Source: `Utils.toPositive`: `number & 0x7fffffff`, not the absolute value.
#[test]
fn the_sign_bit_is_dropped() {
    assert_eq!([0, 1, -1, i32::MIN, i32::MAX].map(to_positive), [0, 1, 0x7fff_ffff, 0, 0x7fff_ffff]);
}

/// Source: `BuiltInPartitioner.partitionForKey`; derived with an independent implementation.
#[test]
fn keys_are_spread_as_kafka_spreads_them() {
    let row = |key: &str| {
        let partitions = [2, 3, 6, 10, 12].map(|n| partition_for_key(key.as_bytes(), n));
        (murmur2(key.as_bytes()), partitions)
    };
    assert_eq!(row(""), (275_646_681, [1, 0, 3, 1, 9]));
    assert_eq!(row("a"), (-1_563_381_124, [0, 1, 4, 4, 4]));
    assert_eq!(row("abc"), (479_470_107, [1, 0, 3, 7, 3]));
    assert_eq!(row("foobar"), (-790_332_482, [0, 0, 0, 6, 6]));
    assert_eq!(row("key-0"), (29_210_041, [1, 1, 1, 1, 1]));
    assert_eq!(row("key-1"), (193_331_640, [0, 0, 0, 0, 0]));
    assert_eq!(row("key-2"), (852_269_702, [0, 2, 2, 2, 2]));
    assert_eq!(row("user-1"), (1_404_122_828, [0, 2, 2, 8, 8]));
    assert_eq!(row("user-2"), (-324_981_792, [0, 2, 2, 6, 8]));
    assert_eq!(row("user-42"), (1_459_644_460, [0, 1, 4, 0, 4]));
}

/// A topic without partitions is refused before; the hash itself must not divide by zero.
#[test]
fn no_partitions_give_partition_zero() {
    assert_eq!(partition_for_key(b"abc", 0), 0);
}
