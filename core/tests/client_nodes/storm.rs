//! Clients in a storm of faults: no loop at one instant, no record without a fate.

use crate::consumer::consumer;
use crate::desk::{Desk, broker, cluster, entry, hint, orders, text};
use crate::producer::{producer, send};
use kraftscope_core::client::{Consumer, Producer, ProducerSpec};
use kraftscope_core::config::{Acks, Settings};
use kraftscope_core::dice::Dice;
use kraftscope_core::node::Input;
use kraftscope_core::time::Span;
use kraftscope_core::wire::{ErrorCode, Message};

const ERRORS: [ErrorCode; 10] = [
    ErrorCode::OutOfOrderSequenceNumber,
    ErrorCode::InvalidProducerEpoch,
    ErrorCode::None,
    ErrorCode::NotLeaderOrFollower,
    ErrorCode::FencedLeaderEpoch,
    ErrorCode::UnknownLeaderEpoch,
    ErrorCode::NotEnoughReplicas,
    ErrorCode::OffsetOutOfRange,
    ErrorCode::UnknownTopicOrPartition,
    ErrorCode::UnknownServerError,
];

/// Settings at the edges of what is legal.
fn harsh(dice: &mut Dice) -> Settings {
    let zero_or =
        |dice: &mut Dice, millis| if dice.chance(300_000) { Span::ZERO } else { Span::millis(millis) };
    let mut settings = Settings {
        linger: zero_or(dice, 5),
        retry_backoff: zero_or(dice, 100),
        reconnect_backoff: zero_or(dice, 50),
        request_timeout: Span::millis(200),
        socket_connection_setup_timeout: Span::millis(300),
        socket_connection_setup_timeout_max: Span::millis(600),
        delivery_timeout: Span::millis(500),
        metadata_max_age: Span::millis(50 + u64::from(dice.below(1000))),
        max_in_flight_requests_per_connection: 1 + dice.below(5),
        batch_records: 1 + dice.below(4),
        retries: dice.below(4),
        ..Settings::default()
    };
    settings.acks = [Acks::All, Acks::One, Acks::Zero][dice.below(3) as usize];
    assert_eq!(settings.validate(), Ok(()));
    settings
}

/// The world changes somehow.
fn shake<C: crate::desk::Client>(desk: &mut Desk<C>, epoch: &mut u32, dice: &mut Dice) {
    let number = 1 + dice.below(3) as u8;
    match dice.below(6) {
        0 => {
            *epoch += 1;
            desk.cluster = cluster(&[(dice.below(4) as u8, *epoch), (dice.below(4) as u8, *epoch)]);
        }
        1 => {
            desk.crash(number);
        }
        2 => {
            desk.dead.remove(&broker(number));
            desk.cut.remove(&broker(number));
        }
        3 => {
            desk.cut.insert(broker(number));
        }
        4 => {
            desk.input(Input::Disconnected(broker(number)));
        }
        _ => {
            desk.wait(Span::micros(u64::from(dice.below(100_000))));
        }
    }
}

fn storm_of_produces(seed: u64) -> Desk<Producer> {
    let mut dice = Dice::new(seed);
    let spec = ProducerSpec {
        topics: vec![text("orders")],
        interval: Span::millis(u64::from(dice.below(20))),
        keys: dice.below(3),
        acks: None,
    };
    let mut desk = Desk::new(producer(harsh(&mut dice), spec), cluster(&[(1, 0), (2, 0)]));
    let mut epoch = 0;
    desk.boot();
    for _ in 0..300 {
        let error = ERRORS[dice.below(10) as usize];
        let named = hint(1 + dice.below(3) as u8, epoch + dice.below(2)).filter(|_| dice.chance(500_000));
        match dice.below(4) {
            0 => {
                desk.call(send(dice.below(3) as u16, 1 + dice.below(3)));
            }
            1 if !desk.outbox.is_empty() => {
                desk.refuse(error, named);
            }
            2 if !desk.outbox.is_empty() => {
                desk.acknowledge(0);
            }
            _ => shake(&mut desk, &mut epoch, &mut dice),
        }
        desk.quiet();
    }
    desk
}

/// Every record is acknowledged, failed, unanswered, or still on its way: exactly one of them.
#[test]
fn no_record_is_lost_or_counted_twice_in_a_storm() {
    for seed in 0..200 {
        let desk = storm_of_produces(seed);
        let producer = &desk.client;
        let on_its_way: u32 = producer.batches().iter().map(|batch| batch.count).sum();
        let told = producer.acknowledged + producer.unanswered + producer.failed;
        assert_eq!(told + on_its_way, producer.next_value, "seed {seed}");
    }
}

/// After the storm everything that still waits comes to an end.
#[test]
fn after_a_storm_nothing_waits_for_ever() {
    for seed in 0..20 {
        let mut desk = storm_of_produces(seed);
        desk.client.spec.interval = Span::ZERO;
        desk.client.next_record = None;
        desk.wait(Span::secs(62)).quiet();
        assert_eq!(desk.client.batches(), [], "seed {seed}");
        assert_eq!(desk.client.blocked, [], "seed {seed}");
    }
}

fn storm_of_fetches(seed: u64) -> Desk<Consumer> {
    let mut dice = Dice::new(seed);
    let mut desk = Desk::new(consumer(harsh(&mut dice)), cluster(&[(1, 0), (2, 0)]));
    let mut epoch = 0;
    desk.boot();
    for _ in 0..300 {
        let error = ERRORS[dice.below(10) as usize];
        let named = hint(1 + dice.below(3) as u8, epoch + dice.below(2)).filter(|_| dice.chance(500_000));
        match desk.outbox.front().map(|waiting| waiting.message.clone()) {
            Some(Message::FetchRequest(_)) if dice.chance(500_000) => {
                let records = if error.is_none() { vec![entry(epoch, 1)] } else { Vec::new() };
                desk.fetched(error, named, &records);
            }
            Some(Message::ListOffsetsRequest(_)) if dice.chance(500_000) => {
                desk.looked_up(error, u64::from(dice.below(5)));
            }
            Some(Message::OffsetForLeaderEpochRequest(_)) if dice.chance(500_000) => {
                let end = dice.chance(700_000).then(|| (dice.below(epoch + 1), u64::from(dice.below(9))));
                desk.epoch_ends(error, end);
            }
            _ => shake(&mut desk, &mut epoch, &mut dice),
        }
        desk.quiet();
    }
    desk
}

/// When the faults are over, a consumer fetches every partition from its leader again.
#[test]
fn after_a_storm_a_consumer_fetches_again() {
    for seed in 0..200 {
        let mut desk = storm_of_fetches(seed);
        desk.dead.clear();
        desk.cut.clear();
        desk.cluster = cluster(&[(1, 1000), (2, 1000)]);
        for _ in 0..80 {
            desk.wait(Span::millis(50));
            for _ in 0..desk.outbox.len() {
                match desk.outbox[0].message {
                    Message::FetchRequest(_) => desk.fetched(ErrorCode::None, None, &[]),
                    Message::OffsetForLeaderEpochRequest(_) => {
                        desk.epoch_ends(ErrorCode::None, Some((0, 1000)))
                    }
                    _ => desk.looked_up(ErrorCode::None, 0),
                };
            }
        }
        desk.quiet();
        let asked: Vec<_> = desk.client.fetches.iter().map(|fetch| fetch.node).collect();
        assert!(asked.contains(&broker(1)) && asked.contains(&broker(2)), "seed {seed}: {asked:?}");
        assert!(desk.client.positions[&orders(0)].offset.is_some(), "seed {seed}");
    }
}
