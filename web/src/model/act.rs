//! What a person does to the cluster: every way leads to the same actions, and every one can be taken back.

use super::{Effect, Model, Notice, Overlay};
use crate::select::{Selection, Spot};
use kraftscope_core::id::NodeId;
use kraftscope_core::net::Link;
use kraftscope_core::node::Loss;
use kraftscope_core::sim::action::Action;
use kraftscope_core::time::Time;
use kraftscope_core::view::Health;

/// What can be done.
#[derive(Clone, Debug, PartialEq)]
pub enum ActMsg {
    /// These, now, as one wish.
    Do(Vec<Action>),
    /// What this line of scenario text says.
    Line(String),
    /// Take back the last wish before the cursor.
    Undo,
    /// Take back the intervention of that number.
    Remove(u32),
    /// Move the intervention of that number to another time.
    Move(u32, Time),
    /// Show another course of events.
    Switch(u32),
    /// The key `K`: crash what is selected.
    Kill,
    /// The key `R`: start or resume what is selected.
    Restart,
    /// The key `P`: pause or resume what is selected.
    Pause,
    /// The key `C`: cut what is selected off, or let it back.
    Cut,
}

impl Model {
    pub(super) fn update_act(&mut self, msg: ActMsg) -> Vec<Effect> {
        match msg {
            ActMsg::Undo if self.compare.is_some() => self.undo_everywhere(),
            ActMsg::Line(line) if self.compare.is_some() => self.do_everywhere(line.trim()),
            // A comparison has one course of events, and its script is the only way to another.
            ActMsg::Remove(_) | ActMsg::Move(..) | ActMsg::Switch(_) if self.compare.is_some() => {}
            ActMsg::Do(actions) => self.act(&actions),
            ActMsg::Line(line) => match self.session.read(&line) {
                Ok(actions) => self.act(&actions),
                Err(error) => self.tell(Notice::refusal(error)),
            },
            ActMsg::Undo => self.undo(),
            ActMsg::Remove(number) => {
                let impossible = self.session.remove(number);
                self.changed_past(impossible);
            }
            ActMsg::Move(number, time) => {
                let impossible = self.session.move_to(number, time);
                self.changed_past(impossible);
            }
            ActMsg::Switch(number) => {
                self.session.switch(number);
                self.notice = None;
                self.follow();
            }
            ActMsg::Kill => self.act_on_selected(|node, _| Action::Crash(node, Loss::Nothing)),
            ActMsg::Restart => self.act_on_selected(|node, health| match health {
                Health::Paused => Action::Resume(node),
                Health::Up | Health::Down => Action::Start(node),
            }),
            ActMsg::Pause => self.act_on_selected(|node, health| match health {
                Health::Paused => Action::Resume(node),
                Health::Up | Health::Down => Action::Pause(node),
            }),
            ActMsg::Cut => self.cut_selected(),
        }
        vec![Effect::Save]
    }

    /// Does this at the time shown. In the past it forks, and says so in one line with a way back.
    fn act(&mut self, actions: &[Action]) {
        self.overlay = self.overlay.take().filter(|overlay| !matches!(overlay, Overlay::Menu(..)));
        self.callout = false;
        self.player.notice();
        if self.compare.is_some() {
            let lines: Vec<String> = actions.iter().map(|action| self.session.line(action)).collect();
            lines.iter().for_each(|line| self.do_everywhere(line));
            return;
        }
        let line = actions.first().map(|action| self.session.line(action)).unwrap_or_default();
        match self.session.act(self.player.time(), actions) {
            Err(refusal) => self.tell(Notice::refusal(refusal)),
            Ok(done) => {
                let news = match done.kept {
                    Some(branch) => Notice::good("notice.forked", vec![("action", line)])
                        .with_way_back("notice.forked.back", ActMsg::Switch(branch)),
                    None => Notice::good("notice.done", vec![("action", line)])
                        .with_way_back("notice.undo", ActMsg::Undo),
                };
                self.tell(news);
                self.follow();
            }
        }
    }

    fn undo(&mut self) {
        let before = self.session.branches().len();
        if !self.session.undo() {
            self.tell(Notice::good("notice.nothing-to-undo", Vec::new()));
            return;
        }
        let branches = self.session.branches();
        let kept = branches.iter().position(|branch| !branch.current && branches.len() > before);
        let news = Notice::good("notice.undone", Vec::new());
        self.tell(match kept {
            Some(branch) => news.with_way_back("notice.forked.back", ActMsg::Switch(branch as u32)),
            None => news,
        });
        self.follow();
    }

    fn changed_past(&mut self, impossible: u32) {
        let key = if impossible == 0 { "notice.replayed" } else { "notice.impossible" };
        self.tell(Notice::good(key, vec![("n", impossible.to_string())]));
        self.follow();
    }

    fn act_on_selected(&mut self, action: impl FnOnce(NodeId, Health) -> Action) {
        match self.selected.and_then(Selection::node) {
            Some(node) => self.act(&[action(node, self.health(node))]),
            None => self.tell(Notice::good("notice.select-first", Vec::new())),
        }
    }

    fn cut_selected(&mut self) {
        let view = self.session.view();
        let is_cut = |from, to| view.links.iter().any(|link| link.cut && link.from == from && link.to == to);
        match self.selected {
            Some(Selection::Link { from, to }) => {
                let links = [Link { from, to }, Link { from: to, to: from }];
                let action = if is_cut(from, to) { Action::Heal } else { Action::Cut };
                self.act(&links.map(action));
            }
            other => match other.and_then(Selection::node) {
                Some(node) => {
                    let isolated = view.links.iter().any(|link| link.cut && link.from == node);
                    self.act(&[if isolated { Action::Rejoin(node) } else { Action::Isolate(node) }]);
                }
                None => self.tell(Notice::good("notice.select-first", Vec::new())),
            },
        }
    }

    /// How a process is.
    pub fn health(&self, node: NodeId) -> Health {
        self.session.history().sim().world().health(node)
    }

    /// Opens the menu of what can be done to this.
    pub(super) fn open_menu(&mut self, target: Selection, at: Spot) {
        self.selected = Some(target);
        self.overlay = Some(Overlay::Menu(target, at));
    }
}
