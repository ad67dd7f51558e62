//! The language files are complete, and placeholders work.

use super::sentence::NAMES;
use super::words::Words;
use super::{EN, Lang, ZH, fill, sentence, t};
use kraftscope_core::id::{LeaderEpoch, NodeId, NodeList, Offset, Text, TopicId, TopicPartition};
use kraftscope_core::mode::Mode;
use kraftscope_core::note::Note;
use kraftscope_core::scenario::words::Names;
use kraftscope_core::time::Span;

fn holes(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|hole| hole.split_once('}'))
        .map(|(hole, _)| hole.split('|').next().unwrap_or(hole))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn both_languages_have_the_same_keys() {
    let english: Vec<&String> = EN.keys().filter(|key| !ZH.contains_key(*key)).collect();
    let chinese: Vec<&String> = ZH.keys().filter(|key| !EN.contains_key(*key)).collect();
    assert_eq!((english, chinese), (vec![], vec![]), "keys that only one language has");
}

#[test]
fn both_languages_fill_the_same_placeholders() {
    let different: Vec<&String> =
        EN.keys().filter(|key| ZH.get(*key).is_some_and(|zh| holes(zh) != holes(&EN[*key]))).collect();
    assert_eq!(different, Vec::<&String>::new());
}

#[test]
fn no_text_is_empty_or_lacks_a_brace() {
    let broken: Vec<(&String, &String)> = EN
        .iter()
        .chain(ZH.iter())
        .filter(|(_, text)| text.trim().is_empty() || text.matches('{').count() != text.matches('}').count())
        .collect();
    assert_eq!(broken, vec![]);
}

/// The variants of `enum Note`, read from the core's source.
fn variants() -> Vec<&'static str> {
    let source = include_str!("../../../core/src/note.rs");
    let body = source.split_once("pub enum Note {").expect("the enum is there").1;
    let body = body.split_once("\n}").expect("it ends").0;
    body.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter_map(|line| line.split([' ', ',']).next())
        .collect()
}

#[test]
fn every_note_has_a_sentence_and_a_why_in_both_languages() {
    let missing: Vec<String> = variants()
        .iter()
        .flat_map(|name| [format!("note.{name}"), format!("why.{name}")])
        .filter(|key| !EN.contains_key(key) || !ZH.contains_key(key))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_table_of_sentences_has_every_note() {
    let missing: Vec<&str> = variants().into_iter().filter(|name| !NAMES.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn a_placeholder_is_filled_and_a_form_is_chosen_by_number() {
    let lost = |n: u32| fill("lost {n|nothing|# record|# records}", &[("n", n.to_string())]);
    assert_eq!([lost(0), lost(1), lost(7)], ["lost nothing", "lost 1 record", "lost 7 records"]);
    assert_eq!(fill("{a} and {b}", &[("b", "2".into()), ("a", "1".into())]), "1 and 2");
    assert_eq!(fill("{a", &[]), "{a");
}

#[test]
fn an_unknown_key_shows_itself() {
    assert_eq!(t(Lang::En, "no.such.key", &[]), "no.such.key");
}

#[test]
fn a_chinese_browser_reads_chinese_and_all_others_english() {
    assert_eq!(
        ["zh", "zh-TW", "ZH-cn", "de", ""].map(Lang::of_tag),
        [Lang::Zh, Lang::Zh, Lang::Zh, Lang::En, Lang::En]
    );
}

/// Source: `KafkaRaftClient` grants and promises votes by one rule; the sentence must tell them apart.
#[test]
fn a_sentence_carries_its_numbers_and_begins_with_a_capital() {
    let names = Names(vec![Text::new("orders").unwrap()]);
    let say = |lang, note: &Note| {
        sentence::note(&Words { lang, mode: Mode::KRaft, topics: &names }, Some(NodeId::controller(1)), note)
    };
    let fenced = Note::BrokerFenced {
        broker: NodeId::broker(3),
        silent: Span::millis(9_100),
        session_timeout: Span::secs(9),
    };
    assert_eq!(say(Lang::En, &fenced), "Broker 3 was fenced: no heartbeat for 9.1 s (the limit is 9 s).");
    assert_eq!(say(Lang::Zh, &fenced), "Broker 3 被 fenced：已 9.1 s 没有心跳（上限为 9 s）。");
    let promised =
        Note::VoteGranted { candidate: NodeId::controller(2), epoch: LeaderEpoch(4), pre_vote: true };
    assert_eq!(say(Lang::En, &promised), "Controller 1 promised controller 2 its vote in epoch 4.");
    let shrunk = Note::IsrShrinkProposed {
        partition: TopicPartition { topic: TopicId(0), partition: 0 },
        out: NodeList::brokers(&[3]),
        isr: NodeList::brokers(&[1, 2]),
        silent: Span::millis(31_200),
        limit: Span::secs(30),
    };
    assert_eq!(
        say(Lang::En, &shrunk),
        "Controller 1 asks to drop 3 from the ISR of orders-0 (now 1, 2): not caught up for 31.2 s, the limit is 30 s."
    );
}

#[test]
fn what_is_said_in_one_mode_only_has_words_for_the_others() {
    let of_modes = |key: &&String| Mode::ALL.iter().any(|mode| key.ends_with(&format!(".{}", mode.name())));
    let told = EN.keys().filter(|key| ["note.", "why.", "stuck."].iter().any(|kind| key.starts_with(kind)));
    let alone: Vec<&String> = told
        .filter(of_modes)
        .filter(|key| key.rsplit_once('.').is_none_or(|(general, _)| !EN.contains_key(general)))
        .collect();
    assert_eq!(alone, Vec::<&String>::new());
}

/// Source: `ZkPartitionStateMachine` writes znodes; a Raft group elects its leader itself.
#[test]
fn a_leader_leads_for_the_reason_of_the_mode() {
    let names = Names(vec![Text::new("orders").unwrap()]);
    let partition = TopicPartition { topic: TopicId(0), partition: 0 };
    let led = Note::BecameLeader { partition, epoch: LeaderEpoch(1), epoch_start: Offset(0), hw: Offset(0) };
    let why =
        |mode| sentence::why(&Words { lang: Lang::En, mode, topics: &names }, Some(NodeId::broker(1)), &led);
    assert!(why(Mode::KRaft).contains("metadata log"), "{}", why(Mode::KRaft));
    assert!(why(Mode::ZooKeeper).contains("LeaderAndIsr"), "{}", why(Mode::ZooKeeper));
    assert!(why(Mode::KafkaRaft).contains("voted"), "{}", why(Mode::KafkaRaft));
}
