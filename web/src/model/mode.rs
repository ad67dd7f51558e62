//! The same cluster in another mode: ZooKeeper, KRaft, kafkaraft.
//!
//! Shape, seed, settings and plan stay. What a mode cannot have (a release that knows it, groups without a
//! coordinator, spare controllers) is left out there and comes back with the mode that has it, as long as nothing else
//! of the cluster was changed meanwhile.

use super::run::of_release;
use super::{HuntMsg, Model, Notice, RunMsg};
use crate::i18n::doings;
use crate::i18n::words::Words;
use crate::i18n::{t, tr};
use kraftscope_core::compare::Nowhere;
use kraftscope_core::mode::{MetadataPlane, Mode, ReplicationPlane};
use kraftscope_core::release::Release;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use std::rc::Rc;

/// How many actions without a meaning are named.
const NAMED: usize = 3;

/// A cluster, and what became of it in the mode that is shown.
#[derive(Debug)]
pub(super) struct Origin {
    /// As a person made it.
    source: Genesis,
    /// As it is shown.
    shown: Genesis,
}

/// The releases that can be played in this mode, oldest first.
pub fn releases(mode: Mode) -> Vec<Release> {
    Release::of_mode(mode).to_vec()
}

/// This cluster in another mode. Everything that is not of the mode stays.
pub fn genesis_in(source: &Genesis, mode: Mode) -> Genesis {
    let mut genesis = source.clone().in_mode(mode);
    let known = releases(mode);
    let release = genesis.settings.release;
    if let (Some(first), Some(last), false) = (known.first(), known.last(), known.contains(&release)) {
        genesis.settings = of_release(&genesis.settings, release.clamp(*first, *last));
    }
    if mode.replication() == ReplicationPlane::Raft {
        genesis.consumers.iter_mut().for_each(|consumer| consumer.group = None);
    }
    if mode.metadata() == MetadataPlane::ZooKeeper {
        genesis.spare_controllers = 0;
    }
    genesis
}

impl Model {
    /// Begins the same cluster anew in this mode, and plays on it what has a meaning there.
    pub(super) fn change_mode(&mut self, mode: Mode) {
        let current = self.session.genesis();
        if current.mode == mode {
            return;
        }
        let source = match &self.origin {
            Some(origin) if origin.shown == *current => origin.source.clone(),
            _ => current.clone(),
        };
        let genesis = genesis_in(&source, mode);
        match self.session.again(genesis.clone()) {
            Ok((session, without)) => {
                let without: Vec<String> = self.words(|words| {
                    without.iter().map(|(action, why)| left_out(words, action, why)).collect()
                });
                let left = genesis.consumers != source.consumers;
                self.show(session, "notice.mode");
                if !self.hunt.is_running() {
                    self.hunt.change(HuntMsg::Mode(mode));
                }
                self.origin = Some(Rc::new(Origin { source, shown: genesis }));
                self.tell(self.news(mode, &without, left));
                self.player.playing = true;
            }
            Err(what) => self.tell(Notice::refusal(what)),
        }
    }

    /// Which mode it is, and what had no meaning there.
    fn news(&self, mode: Mode, without: &[String], no_groups: bool) -> Notice {
        let key = match (without.is_empty(), no_groups) {
            (true, false) => "notice.mode",
            (true, true) => "notice.mode.groups",
            (false, _) => "notice.mode.without",
        };
        let mut named = without.iter().take(NAMED).cloned().collect::<Vec<String>>().join(" ");
        if without.len() > NAMED {
            named.push_str(" …");
        }
        let args = vec![
            ("mode", tr(self.lang, &format!("mode.{}", mode.name()))),
            ("n", without.len().to_string()),
            ("what", named),
        ];
        Notice::good(key, args).with_way_back("notice.previous.back", RunMsg::Swap)
    }
}

/// An action without a meaning, and why it has none.
fn left_out(words: &Words<'_>, action: &Action, why: &Nowhere) -> String {
    let did = doings::did(words, action);
    let why = tr(words.lang, &format!("compare.why.{}", why.key()));
    let did = did.trim_end_matches(['.', '。']).to_owned();
    t(words.lang, "notice.mode.left-out", &[("action", did), ("why", why)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::model::{ActMsg, Theme};
    use kraftscope_core::id::Text;

    #[test]
    fn a_mode_has_only_the_releases_that_know_it() {
        assert_eq!(releases(Mode::ZooKeeper).last(), Some(&Release::V3_9));
        assert_eq!(releases(Mode::KafkaRaft).first(), Some(&Release::V3_9));
        let genesis = genesis_in(&Genesis::default(), Mode::ZooKeeper);
        assert_eq!(
            (genesis.settings.release, genesis.controllers, genesis.zookeepers),
            (Release::V3_9, 0, 3)
        );
    }

    /// Source: kafkaraft has no group coordinator.
    #[test]
    fn a_group_is_left_out_where_nobody_can_coordinate_it() {
        let mut source = Genesis::default();
        source.consumers[0].group = Text::new("shop");
        let genesis = genesis_in(&source, Mode::KafkaRaft);
        assert_eq!((genesis.consumers[0].group, genesis.validate()), (None, Ok(())));
    }

    #[test]
    fn what_a_mode_cannot_have_comes_back_with_the_mode_that_has_it() {
        let mut model = Model::opening(Lang::En, Theme::Auto);
        let before = model.session.genesis().clone();
        for mode in [Mode::ZooKeeper, Mode::KafkaRaft, Mode::KRaft] {
            model.update(RunMsg::Mode(mode).into());
        }
        assert_eq!(*model.session.genesis(), before);
    }

    #[test]
    fn the_opening_cluster_works_in_every_mode() {
        for mode in Mode::ALL {
            let mut model = Model::opening(Lang::En, Theme::Auto);
            model.update(RunMsg::Mode(mode).into());
            assert_eq!(model.session.until("acked >= 20", 40_000), Ok(true), "{mode}");
        }
    }

    #[test]
    fn an_action_without_a_meaning_in_the_mode_is_named() {
        let mut model = Model::opening(Lang::En, Theme::Auto);
        model.update(ActMsg::Line("crash controller-1".to_owned()).into());
        model.update(RunMsg::Mode(Mode::ZooKeeper).into());
        let notice = model.notice.expect("says what became of the plan");
        assert_eq!(notice.key, "notice.mode.without");
        let named = &notice.args[2].1;
        assert!(named.starts_with("You crashed controller 1 (this mode has no controllers"), "{named}");
    }
}
