//! The moving parts move as they should; no browser needed.

use super::*;
use crate::layout::{Ending, Rect, Shape, Viewport};
use kraftscope_core::id::{StepId, TopicId, TopicPartition};
use kraftscope_core::view::{FlightView, TimerView};
use kraftscope_core::wire::{ErrorCode, Family};
use label::Wish;

fn layout() -> Layout {
    let shape = Shape {
        controllers: vec![NodeId::controller(1)],
        has_tree: false,
        brokers: vec![NodeId::broker(1), NodeId::broker(2)],
        partitions: vec![TopicPartition { topic: TopicId(0), partition: 0 }],
        clients: vec![NodeId::producer(1)],
        groups: Vec::new(),
    };
    Layout::of(&shape, Viewport { width: 840.0, height: 650.0, presenting: false })
}

fn fetch() -> FlightView {
    FlightView {
        id: PacketId(1),
        from: NodeId::broker(2),
        to: NodeId::broker(1),
        sent_at: Time(1000),
        deliver_at: Time(2000),
        family: Family::Fetch,
        api: "Fetch",
        request: true,
        summary: String::new(),
        routine: false,
        error: ErrorCode::None,
        lost: false,
        blocked: false,
        partitions: Vec::new(),
        cause: StepId(1),
    }
}

fn route() -> Route {
    layout().route(Ending::Head(1), Ending::Head(0), true)
}

#[test]
fn a_message_is_where_its_share_of_the_time_puts_it() {
    let (flight, route) = (fetch(), route());
    assert_eq!(pose(&flight, &route, Time(999)), None);
    assert_eq!(pose(&flight, &route, Time(1000)).unwrap().at, route.at(0.0));
    assert_eq!(pose(&flight, &route, Time(1250)).unwrap().at, route.at(0.25));
    assert_eq!(pose(&flight, &route, Time(9000)).unwrap().at, route.at(1.0));
}

#[test]
fn a_lost_message_leaves_its_path_and_falls() {
    let (flight, route) = (FlightView { lost: true, ..fetch() }, route());
    let early = pose(&flight, &route, Time(1500)).unwrap();
    assert_eq!((early.fate, early.at), (Fate::Flies, route.at(0.5)));
    let late = pose(&flight, &route, Time(2000)).unwrap();
    assert_eq!(late.fate, Fate::Falls(1.0));
    assert!(late.at.y > route.at(0.6).y + 40.0);
}

#[test]
fn a_blocked_message_stops_at_the_cut() {
    let (flight, route) = (FlightView { blocked: true, ..fetch() }, route());
    let late = pose(&flight, &route, Time(1900)).unwrap();
    assert_eq!((late.fate, late.at), (Fate::Stuck, route.at(0.5)));
}

#[test]
fn a_ring_empties_from_the_top_to_the_due_moment() {
    let ring = Ring {
        node: NodeId::controller(1),
        timer: Timer::Election,
        armed: Time(0),
        due: Time(1500),
        earliest: Time(1000),
        turn: Span(2000),
    };
    let quarter = std::f64::consts::FRAC_PI_2;
    assert!((ring.angle(Time(500)) - quarter).abs() < 1e-9);
    assert!((ring.angle(ring.due) - 3.0 * quarter).abs() < 1e-9);
    assert!((ring.left(Time(1200)) - 0.2).abs() < 1e-9);
    let middle = Point::new(100.0, 100.0);
    assert_eq!(ring.moment(middle, Point::new(130.0, 100.0)), Time(500));
    assert_eq!(ring.moment(middle, Point::new(100.0, 160.0)), Time(1000));
}

#[test]
fn the_most_telling_timer_is_the_ring() {
    let timer = |timer| TimerView {
        node: NodeId::controller(1),
        timer,
        armed_at: Time(0),
        due: Time(10),
        earliest: Time(10),
        latest: Time(10),
    };
    let genesis = kraftscope_core::sim::genesis::Genesis::default();
    let mut view = kraftscope_core::history::History::new(genesis).unwrap().sim().view(12);
    view.timers = vec![timer(Timer::NoOp), timer(Timer::QuorumFetch), timer(Timer::Election)];
    assert_eq!(ring_of(&view, NodeId::controller(1)).unwrap().timer, Timer::Election);
    view.timers = vec![timer(Timer::NoOp)];
    assert_eq!(ring_of(&view, NodeId::controller(1)), None);
}

#[test]
fn labels_keep_off_each_other_and_off_words() {
    let bounds = Rect::new(0.0, 0.0, 400.0, 200.0);
    let wish = |x, y| Wish { dot: Point::new(x, y), width: 60.0, height: 16.0 };
    let wishes = [wish(100.0, 100.0), wish(106.0, 100.0), wish(112.0, 104.0)];
    let words = [Rect::new(118.0, 80.0, 100.0, 40.0)];
    let placed = label::place(&wishes, &words, bounds);
    let rects: Vec<Rect> = placed.into_iter().flatten().collect();
    assert_eq!(rects.len(), 3);
    for (i, rect) in rects.iter().enumerate() {
        assert!(rects[i + 1..].iter().all(|other| !other.overlaps(rect)), "{rects:?}");
        assert!(bounds.contains(Point::new(rect.x, rect.y)));
    }
    assert!(!rects[0].overlaps(&words[0]), "the first has a free side: {rects:?}");
}

#[test]
fn a_label_without_room_is_left_out() {
    let bounds = Rect::new(0.0, 0.0, 50.0, 20.0);
    let wish = Wish { dot: Point::new(25.0, 10.0), width: 60.0, height: 16.0 };
    assert_eq!(label::place(&[wish], &[], bounds), vec![None]);
}
