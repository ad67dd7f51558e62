use super::*;
use crate::i18n::Lang;
use crate::model::{ActMsg, RunMsg, Theme, TimeMsg};
use kraftscope_core::config::find;

fn comparing(differ: Differ) -> Model {
    let mut model = Model::opening(Lang::En, Theme::Auto);
    model.player.playing = false;
    let script = Script::of_run(&model.session);
    model.compare(String::new(), script, differ);
    model
}

fn releases() -> Differ {
    Differ::Releases(vec![Release::V3_9, Release::V4_1])
}

#[test]
fn a_deed_is_done_in_every_pane_at_the_same_moment() {
    let mut model = comparing(releases());
    model.update(CompareMsg::Do("crash leader:orders-0".to_owned()).into());
    let at: Vec<Time> = (0..2).map(|pane| model.pane_session(pane).interventions()[0].time).collect();
    assert_eq!(at[0], at[1]);
    model.update(ActMsg::Undo.into());
    let left: Vec<usize> = (0..2).map(|pane| model.pane_session(pane).interventions().len()).collect();
    assert_eq!(left, [0, 0]);
}

#[test]
fn a_comparison_that_was_closed_can_be_opened_again_as_it_was() {
    let mut model = comparing(releases());
    model.update(CompareMsg::Do("crash leader:orders-0".to_owned()).into());
    model.update(CompareMsg::Close.into());
    let back = model.notice.as_ref().and_then(|notice| notice.back.clone());
    model.update(*back.expect("there is a way back").1);
    assert!(model.compare.is_some());
    assert!((0..2).all(|pane| model.pane_session(pane).interventions().len() == 1));
}

#[test]
fn a_pane_is_shown_alone_and_the_others_go_on() {
    let mut model = comparing(releases());
    model.update(CompareMsg::Alone(1).into());
    let compare = model.compare.as_ref().expect("compares");
    assert_eq!((compare.alone, compare.focus, compare.panes.len()), (true, 1, 2));
    model.update(CompareMsg::Do("crash leader:orders-0".to_owned()).into());
    assert!((0..2).all(|pane| model.pane_session(pane).interventions().len() == 1));
    model.update(CompareMsg::Alone(1).into());
    assert_eq!(model.compare.as_ref().map(|compare| compare.alone), Some(false));
}

#[test]
fn what_has_no_meaning_in_a_pane_is_named_there_and_done_in_the_others() {
    let mut model = comparing(Differ::Modes(vec![Mode::ZooKeeper, Mode::KRaft]));
    model.update(CompareMsg::Do("crash controller-1".to_owned()).into());
    let compare = model.compare.as_ref().expect("compares");
    let why: Vec<&str> = compare.panes[0].unmet.iter().map(|unmet| unmet.why.key()).collect();
    assert_eq!(why, ["no-controllers"]);
    assert!(compare.panes[1].unmet.is_empty());
}

#[test]
fn a_comparison_comes_back_from_its_text() {
    let mut model = comparing(releases());
    model.update(CompareMsg::Do("crash leader:orders-0".to_owned()).into());
    model.update(TimeMsg::SeekTime(model.session.now() + Span::secs(12)).into());
    let text = model.text();
    let mut other = Model::opening(Lang::En, Theme::Auto);
    other.update(RunMsg::Load(text.clone()).into());
    assert_eq!(other.text(), text);
    let digests = |model: &Model| [0, 1].map(|pane| model.pane_session(pane).history().digest());
    assert_eq!(digests(&other), digests(&model));
}

#[test]
fn the_other_panes_follow_the_clock_of_the_one_in_focus() {
    let mut model = comparing(releases());
    let at = model.session.now() + Span::secs(3);
    model.update(TimeMsg::SeekTime(at).into());
    let behind = |pane| at.since(model.pane_session(pane).now());
    assert!([0, 1].map(behind).iter().all(|gap| *gap < Span::secs(1)));
    model.update(CompareMsg::Focus(1).into());
    let focused = model.session.genesis().settings.release;
    assert_eq!(focused, Release::V4_1);
    let other = model.pane_session(0).genesis().settings.release;
    assert_eq!(other, Release::V3_9);
}

#[test]
fn every_script_of_the_page_can_be_read_and_says_what_it_compares() {
    for (name, text) in SCRIPTS {
        assert!(Script::of_text(text).is_ok(), "{name}");
        assert!(Differ::of_text(text).is_some(), "{name}");
    }
}

/// Source: KIP-101, case 1.
#[test]
fn the_acknowledged_record_is_lost_before_0_11_and_kept_today() {
    let mut model = comparing(releases());
    model.update(CompareMsg::Script("kip-101".to_owned()).into());
    model.update(TimeMsg::ToEnd.into());
    let lost = |pane| {
        let sim = model.pane_session(pane).history().sim();
        sim.meter().map(|meter| kraftscope_core::compare::lost(sim, meter))
    };
    assert_eq!([lost(0), lost(1)], [Some(1), Some(0)]);
}

#[test]
fn stopping_shows_the_run_from_before() {
    let mut model = Model::opening(Lang::En, Theme::Auto);
    let before = model.text();
    model.update(CompareMsg::Toggle.into());
    assert!(model.compare.is_some());
    model.update(CompareMsg::Toggle.into());
    assert_eq!((model.compare.is_none(), model.text()), (true, before));
}

#[test]
fn a_setting_that_is_offered_exists() {
    for (key, _) in SETTINGS {
        assert!(find(key).is_some(), "{key}");
    }
}
