//! The layout keeps its promises, for every shape and room that the page offers.

use super::*;
use kraftscope_core::id::{Offset, TopicId};

const LAPTOP: Viewport = Viewport { width: 840.0, height: 650.0, presenting: false };
const PROJECTOR: Viewport = Viewport { width: 1024.0, height: 640.0, presenting: true };
const PHONE: Viewport = Viewport { width: 390.0, height: 560.0, presenting: false };
const WIDE: Viewport = Viewport { width: 1400.0, height: 760.0, presenting: false };
const ROOMS: [Viewport; 4] = [LAPTOP, PROJECTOR, PHONE, WIDE];

fn partition(index: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition: index }
}

fn shape(controllers: u8, brokers: u8, partitions: u16, clients: u8) -> Shape {
    Shape {
        controllers: (1..=controllers).map(NodeId::controller).collect(),
        has_tree: false,
        brokers: (1..=brokers).map(NodeId::broker).collect(),
        partitions: (0..partitions).map(partition).collect(),
        clients: (1..=clients).map(NodeId::producer).collect(),
        groups: Vec::new(),
    }
}

fn layouts() -> Vec<(String, Layout)> {
    let groups = vec![(Text::new("shop").unwrap(), 2), (Text::new("audit").unwrap(), 1)];
    let grouped = Shape { groups, ..shape(3, 3, 4, 4) };
    let keepers = |brokers, partitions| Shape {
        controllers: (1..=3).map(NodeId::zookeeper).collect(),
        has_tree: true,
        ..shape(0, brokers, partitions, 2)
    };
    let shapes = [
        shape(3, 3, 4, 2),
        shape(1, 1, 1, 1),
        shape(5, 5, 6, 3),
        shape(9, 7, 12, 8),
        grouped,
        keepers(3, 4),
        keepers(7, 12),
    ];
    let all = shapes.iter().flat_map(|shape| ROOMS.iter().map(move |room| (shape, *room)));
    all.map(|(shape, room)| (format!("{shape:?} in {room:?}"), Layout::of(shape, room))).collect()
}

/// Every area in which words stand.
fn words(layout: &Layout) -> Vec<Rect> {
    let heads = layout.brokers.iter().map(|broker| broker.head);
    let controllers = layout.controllers.iter().map(|controller| controller.words);
    let clients = layout.clients.iter().map(|client| client.area);
    let labels = layout.rows.iter().map(|row| row.label);
    let groups = layout.groups.iter().map(|group| group.title);
    let cards = layout.rows.iter().flat_map(|row| {
        layout.brokers.iter().filter_map(move |broker| layout.card(row.partition, broker.id))
    });
    let tree = layout.tree.iter().flat_map(|tree| [tree.controller, tree.ids, tree.notices]);
    heads.chain(tree).chain(controllers).chain(clients).chain(groups).chain(labels).chain(cards).collect()
}

fn endings(layout: &Layout) -> Vec<Ending> {
    let count = |length: usize| 0..length as u32;
    let controllers = count(layout.controllers.len()).map(Ending::Controller);
    let clients = count(layout.clients.len()).map(Ending::Client);
    let heads = count(layout.brokers.len()).map(Ending::Head);
    let rows = layout.rows.len();
    let cards = count(layout.brokers.len())
        .flat_map(move |column| count(rows).map(move |row| Ending::Card { row, column }));
    controllers.chain(clients).chain(heads).chain(cards).collect()
}

/// Pairs between which messages fly.
fn talks(from: Ending, to: Ending) -> bool {
    match (from, to) {
        (Ending::Card { row: a, column: x }, Ending::Card { row: b, column: y }) => a == b && x != y,
        (Ending::Client(_), Ending::Client(_) | Ending::Controller(_)) => false,
        (Ending::Controller(_), Ending::Client(_) | Ending::Card { .. }) => false,
        (Ending::Card { .. }, Ending::Controller(_) | Ending::Head(_)) => false,
        (Ending::Head(_), Ending::Card { .. }) => false,
        (a, b) => a != b,
    }
}

#[test]
fn no_message_crosses_words() {
    for (name, layout) in layouts() {
        let words = words(&layout);
        for from in endings(&layout) {
            for to in endings(&layout).into_iter().filter(|to| talks(from, *to)) {
                for request in [true, false] {
                    let route = layout.route(from, to, request);
                    let crossed = route
                        .points()
                        .iter()
                        .find(|point| words.iter().any(|area| area.grow(-1.5).contains(**point)));
                    assert_eq!(crossed, None, "{from:?} to {to:?}, request {request}, {name}");
                }
            }
        }
    }
}

#[test]
fn a_request_and_its_response_take_different_sides() {
    let layout = Layout::of(&shape(3, 3, 2, 2), LAPTOP);
    for (from, to) in [
        (Ending::Controller(0), Ending::Controller(2)),
        (Ending::Head(1), Ending::Controller(0)),
        (Ending::Card { row: 1, column: 2 }, Ending::Card { row: 1, column: 0 }),
        (Ending::Client(0), Ending::Card { row: 0, column: 1 }),
    ] {
        let there = layout.route(from, to, true);
        let back = layout.route(to, from, false);
        assert!(there.at(0.5).distance(back.at(0.5)) > 6.0, "{from:?} to {to:?}");
        assert!(there.at(0.0).distance(back.at(1.0)) < 120.0, "the response ends where the request began");
    }
}

#[test]
fn nothing_stands_on_anything_else() {
    for (name, layout) in layouts() {
        let areas = words(&layout);
        for (i, area) in areas.iter().enumerate() {
            let other = areas[i + 1..].iter().find(|other| other.grow(-0.5).overlaps(area));
            assert_eq!(other, None, "{area:?} in {name}");
        }
    }
}

#[test]
fn everything_lies_within_the_content() {
    for (name, layout) in layouts() {
        let content = Rect::new(0.0, 0.0, layout.width, layout.height);
        for area in words(&layout) {
            assert!(content.contains(Point::new(area.x, area.y)), "{area:?} in {name}");
            assert!(content.contains(Point::new(area.right(), area.bottom())), "{area:?} in {name}");
        }
    }
}

#[test]
fn the_opening_cluster_fits_without_scrolling() {
    for room in [LAPTOP, PROJECTOR, PHONE, WIDE] {
        let layout = Layout::of(&shape(3, 3, 4, 2), room);
        assert!(layout.width <= room.width, "{room:?}");
        assert!(layout.height <= room.height.max(600.0), "{} in {room:?}", layout.height);
    }
    assert!(Layout::of(&shape(3, 3, 4, 2), LAPTOP).density.has_words());
}

#[test]
fn seven_brokers_fit_beside_each_other_on_a_laptop() {
    let layout = Layout::of(&shape(5, 7, 12, 2), LAPTOP);
    assert!(layout.width <= LAPTOP.width);
    assert_eq!(layout.density, Density::Compact);
}

#[test]
fn type_on_a_projector_is_at_least_fourteen_pixels() {
    let m = Layout::of(&shape(3, 3, 4, 2), PROJECTOR).metrics;
    assert!([m.name, m.body, m.small, m.cell].into_iter().all(|size| size >= 14.0), "{m:?}");
}

#[test]
fn replicas_on_a_phone_are_large_enough_for_a_finger() {
    let layout = Layout::of(&shape(3, 3, 4, 2), PHONE);
    let card = layout.card(partition(0), NodeId::broker(1)).unwrap();
    assert!(card.h >= 40.0 && card.w >= 40.0, "{card:?}");
    assert!(layout.brokers[0].head.h >= 40.0 && layout.clients[0].area.h >= 40.0);
}

#[test]
fn brokers_keep_their_places_when_a_partition_is_added() {
    let before = Layout::of(&shape(3, 3, 2, 2), LAPTOP);
    let after = Layout::of(&shape(3, 3, 3, 2), LAPTOP);
    let columns = |layout: &Layout| -> Vec<f64> { layout.brokers.iter().map(|b| b.column.x).collect() };
    assert_eq!(columns(&before), columns(&after));
}

#[test]
fn a_route_is_walked_at_one_speed() {
    let layout = Layout::of(&shape(3, 3, 2, 2), LAPTOP);
    let route = layout.route(Ending::Client(0), Ending::Card { row: 0, column: 2 }, true);
    let steps: Vec<f64> =
        (0..50).map(|i| route.at(f64::from(i) / 50.0).distance(route.at(f64::from(i + 1) / 50.0))).collect();
    let fastest = steps.iter().copied().fold(0.0, f64::max);
    assert!(fastest <= route.length() / 50.0 + 0.01, "{fastest} of {}", route.length());
}

#[test]
fn the_window_shows_the_next_slot_and_moves_in_jumps() {
    let starts: Vec<u64> = (0..14).map(|end| LogWindow::ending(Offset(end), 6).start.0).collect();
    assert_eq!(starts, [0, 0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9]);
    let window = LogWindow::ending(Offset(8), 6);
    assert_eq!(
        [window.slot(Offset(2)), window.slot(Offset(3)), window.slot(Offset(8))],
        [None, Some(0), Some(5)]
    );
    assert_eq!(window.slot(Offset(9)), None);
}

#[test]
fn a_name_is_shortened_before_it_leaves_its_place() {
    assert_eq!(fit("orders-0", 100.0, 13.0), "orders-0");
    let short = fit("a-very-long-topic-name-0", 80.0, 13.0);
    assert!(short.ends_with('…') && width_of(&short, 13.0) <= 80.0, "{short}");
    assert_eq!(fit("orders", 2.0, 13.0), "");
}
