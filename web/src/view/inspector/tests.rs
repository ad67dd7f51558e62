//! Every fact has words in both languages, and says what the cluster says.

use super::*;
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, Offset, TopicId, TopicPartition};
use kraftscope_core::mode::Mode;
use kraftscope_core::scenario::Condition;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::time::Time;

fn opening() -> History {
    opening_in(Mode::KRaft)
}

fn opening_in(mode: Mode) -> History {
    let mut history = History::new(Genesis::default().in_mode(mode)).unwrap();
    history.seek_time(Time(8_000_000), 100_000);
    let sent = Condition::parse("note BatchSent", &history.names()).unwrap();
    assert!(history.until(&sent, 100_000), "the producer sends every 400 ms");
    history
}

const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

fn everything(view: &ClusterView) -> Vec<Selection> {
    let broker = NodeId::broker(1);
    let timer = &view.timers[0];
    let keeper = if view.controllers.is_empty() { NodeId::zookeeper(1) } else { NodeId::controller(1) };
    let log = view.log_of(keeper).unwrap();
    let mut all = vec![
        Selection::Node(keeper),
        Selection::Node(broker),
        Selection::Node(NodeId::producer(1)),
        Selection::Node(NodeId::consumer(1)),
        Selection::Partition(ORDERS),
        Selection::Replica { partition: ORDERS, broker },
        Selection::Record { partition: ORDERS, broker, offset: Offset(0) },
        Selection::MetadataRecord { controller: keeper, offset: log.cells[0].offset },
        Selection::Flight(view.flights[0].id),
        Selection::Timer(timer.node, timer.timer),
        Selection::Link { from: broker, to: NodeId::broker(2) },
    ];
    let znodes = view.ensemble.iter().flat_map(|kept| &kept.znodes);
    all.extend(znodes.map(|znode| Selection::Znode(znode.path)));
    all
}

#[test]
fn everything_that_can_be_selected_has_facts_in_both_languages() {
    for (mode, lang) in Mode::ALL.into_iter().flat_map(|mode| Lang::ALL.map(|lang| (mode, lang))) {
        let history = opening_in(mode);
        let (view, names) = (history.sim().view(24), history.names());
        let desk = Desk { words: Words { lang, mode, topics: &names }, view: &view };
        for selected in everything(&view) {
            let facts = facts_of(&desk, selected);
            assert!(!facts.is_empty(), "{selected:?}");
            let missing = facts.iter().find(|fact| {
                fact.name.starts_with("inspector.")
                    || fact.value.starts_with("inspector.")
                    || fact.value.is_empty()
            });
            assert_eq!(missing, None, "{selected:?} in {lang:?}");
            assert!(!heading::kind(&desk, selected).contains("inspector."), "{selected:?}");
            assert!(!heading::title(&desk, selected).contains("inspector."), "{selected:?}");
        }
    }
}

#[test]
fn every_setting_that_is_named_exists() {
    for mode in Mode::ALL {
        let history = opening_in(mode);
        for selected in everything(&history.sim().view(24)) {
            let settings = knobs::settings(selected, mode, &history.genesis().settings);
            assert_eq!(settings.len(), knobs::keys(selected, mode).len(), "{selected:?}");
        }
    }
}

#[test]
fn a_leader_shows_its_followers_and_what_they_count_for() {
    let history = opening();
    let (view, names) = (history.sim().view(24), history.names());
    let desk = Desk { words: Words { lang: Lang::En, mode: Mode::KRaft, topics: &names }, view: &view };
    let leader = view.partitions[0].leader.unwrap();
    let facts = facts_of(&desk, Selection::Replica { partition: ORDERS, broker: leader });
    let followers = facts.iter().filter(|fact| fact.name == "follower").count();
    assert_eq!(followers, 2);
}

#[test]
fn a_thing_that_is_gone_has_no_facts() {
    let history = opening();
    let (view, names) = (history.sim().view(24), history.names());
    let desk = Desk { words: Words { lang: Lang::En, mode: Mode::KRaft, topics: &names }, view: &view };
    assert_eq!(facts_of(&desk, Selection::Flight(kraftscope_core::id::PacketId(u64::MAX))), vec![]);
    assert_eq!(facts_of(&desk, Selection::Node(NodeId::broker(99))), vec![]);
}
