//! Find a counterexample: the question, and how far the search has come.
//!
//! Knows nothing of the worker: what is to be done there comes back as effects.

use super::mode::releases;
use super::{Effect, Model, Notice, Tab};
use crate::hunt::{Finding, Tell, Wanted};
use crate::session::Session;
use kraftscope_core::config::Acks;
use kraftscope_core::id::StepId;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use kraftscope_search::fault::Fault;

/// What can happen to the search.
#[derive(Clone, Debug, PartialEq)]
pub enum HuntMsg {
    /// Play clusters in this mode.
    Mode(Mode),
    /// Play this release.
    Release(Release),
    /// Producers ask for this.
    Acks(Acks),
    /// Topics ask for this many members in sync.
    MinIsr(u32),
    /// Whether replicas outside the ISR may lead.
    Unclean(bool),
    /// This fault may happen, or may not any more.
    Fault(Fault),
    /// All faults, or none.
    Faults(bool),
    /// This switch stands otherwise than in the release; an empty name: none does.
    Switch(String),
    /// Begin.
    Start,
    /// End the search.
    Stop,
    /// The worker says.
    Told(Tell),
    /// The worker is gone; why.
    Lost(String),
    /// Show the finding.
    Open,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stage {
    /// Nothing is searched.
    #[default]
    Idle,
    /// The worker is loading.
    Starting,
    /// Runs are played.
    Searching {
        /// Runs that are done.
        seeds: u64,
        /// Events.
        events: u64,
        /// Events in a second.
        rate: f64,
    },
    /// One was found and is made shorter.
    Shrinking {
        /// Id of the promise.
        rule: String,
        /// Interventions left.
        left: u32,
        /// Shorter runs that were tried.
        tried: u32,
    },
    /// Found.
    Found(Finding),
    /// It was stopped after so many runs and events without a finding.
    Stopped {
        /// Runs that were done.
        seeds: u64,
        /// Events.
        events: u64,
    },
    /// It failed; why.
    Failed(String),
}

/// The search as the page knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hunt {
    /// The question.
    pub wanted: Wanted,
    /// How far it has come.
    pub stage: Stage,
}

impl Default for Hunt {
    /// A question that is answered at once and teaches something: acks=1.
    fn default() -> Hunt {
        let unsafe_faults = [Fault::Unclean, Fault::Operator];
        let faults = Fault::ALL.iter().filter(|fault| !unsafe_faults.contains(fault));
        let wanted = Wanted {
            mode: Mode::KRaft,
            release: Release::default(),
            acks: Acks::All,
            min_isr: 1,
            unclean: false,
            faults: faults.map(|fault| fault.name().to_owned()).collect(),
            switch: None,
            seed: 1,
        };
        Hunt { wanted, stage: Stage::Idle }
    }
}

impl Hunt {
    /// A worker is at it.
    pub const fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Starting | Stage::Searching { .. } | Stage::Shrinking { .. })
    }

    pub(super) fn change(&mut self, msg: HuntMsg) {
        match msg {
            HuntMsg::Mode(mode) => {
                self.wanted.mode = mode;
                let known = releases(mode);
                if let (Some(first), Some(last)) = (known.first(), known.last()) {
                    self.wanted.release = self.wanted.release.clamp(*first, *last);
                }
            }
            HuntMsg::Release(release) => self.wanted.release = release,
            HuntMsg::Acks(acks) => self.wanted.acks = acks,
            HuntMsg::MinIsr(min_isr) => self.wanted.min_isr = min_isr.clamp(1, 5),
            HuntMsg::Unclean(unclean) => self.wanted.unclean = unclean,
            HuntMsg::Fault(fault) => {
                let faults = &mut self.wanted.faults;
                match faults.iter().position(|name| name == fault.name()) {
                    Some(place) => drop(faults.remove(place)),
                    None => faults.push(fault.name().to_owned()),
                }
            }
            HuntMsg::Faults(all) => {
                let names = Fault::ALL.iter().filter(|_| all).map(|fault| fault.name().to_owned());
                self.wanted.faults = names.collect();
            }
            HuntMsg::Switch(name) => self.wanted.switch = turned(&name, self.wanted.release),
            HuntMsg::Start | HuntMsg::Stop | HuntMsg::Told(_) | HuntMsg::Lost(_) | HuntMsg::Open => {}
        }
        let name = self.wanted.switch.take().map(|(name, _)| name);
        self.wanted.switch = name.and_then(|name| turned(&name, self.wanted.release));
    }

    fn stop(&mut self) {
        let Stage::Searching { seeds, events, .. } = self.stage else {
            self.stage = Stage::Idle;
            return;
        };
        self.stage = Stage::Stopped { seeds, events };
        // The next search goes on where this one ended.
        self.wanted.seed = self.wanted.seed.wrapping_add(seeds);
    }

    fn told(&mut self, tell: Tell) {
        self.stage = match tell {
            Tell::Ready => Stage::Searching { seeds: 0, events: 0, rate: 0.0 },
            Tell::Searching { seeds, events, rate } => Stage::Searching { seeds, events, rate },
            Tell::Shrinking { rule, left, tried } => Stage::Shrinking { rule, left, tried },
            Tell::Found(finding) => {
                self.wanted.seed = finding.seed.wrapping_add(1);
                Stage::Found(finding)
            }
            Tell::Refused(why) => Stage::Failed(why),
        };
    }
}

/// The switch of this name, turned against the release; `None` when there is no such switch.
fn turned(name: &str, release: Release) -> Option<(String, String)> {
    let switch = kraftscope_core::switches::SWITCHES.iter().find(|switch| switch.name == name)?;
    let value = if (switch.get)(&release.features()) { "off" } else { "on" };
    Some((name.to_owned(), value.to_owned()))
}

impl Model {
    pub(super) fn update_hunt(&mut self, msg: HuntMsg) -> Vec<Effect> {
        match msg {
            HuntMsg::Start => {
                self.hunt.stage = Stage::Starting;
                vec![Effect::StartWorker]
            }
            HuntMsg::Stop => {
                self.hunt.stop();
                vec![Effect::EndWorker]
            }
            HuntMsg::Told(tell) => self.heard(tell),
            HuntMsg::Lost(why) => {
                self.hunt.stage = Stage::Failed(why);
                vec![Effect::EndWorker]
            }
            HuntMsg::Open => self.open_finding(),
            change => {
                if !self.hunt.is_running() {
                    self.hunt.change(change);
                }
                Vec::new()
            }
        }
    }

    fn heard(&mut self, tell: Tell) -> Vec<Effect> {
        if !self.hunt.is_running() {
            return Vec::new();
        }
        let ready = tell == Tell::Ready;
        self.hunt.told(tell);
        match &self.hunt.stage {
            Stage::Found(_) => {
                let mut effects = vec![Effect::EndWorker];
                if self.dock_open && self.tab == Tab::Hunt {
                    effects.extend(self.open_finding());
                }
                effects
            }
            Stage::Failed(_) => vec![Effect::EndWorker],
            _ if ready => {
                vec![Effect::TellWorker(serde_json::to_string(&self.hunt.wanted).unwrap_or_default())]
            }
            _ => Vec::new(),
        }
    }

    /// Shows the run that was found from its first intervention on, and plays it to where the promise breaks.
    fn open_finding(&mut self) -> Vec<Effect> {
        let Stage::Found(finding) = &self.hunt.stage else { return Vec::new() };
        let end = StepId(finding.event);
        match Session::load(&finding.text) {
            Ok(session) => self.show(session, "notice.counterexample"),
            Err(what) => {
                self.tell(Notice::refusal(what));
                return Vec::new();
            }
        }
        let first =
            self.session.interventions().iter().map(|done| done.event.0).filter(|event| *event < end.0);
        let first = first.min().unwrap_or(0).max(1) - 1;
        self.session.seek(StepId(first));
        self.follow();
        self.player.stop_at = Some(end);
        self.player.playing = true;
        vec![Effect::Save]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_turned_against_the_release_that_is_played() {
        let mut hunt = Hunt::default();
        hunt.change(HuntMsg::Switch("maximal_isr".to_owned()));
        assert_eq!(hunt.wanted.switch, Some(("maximal_isr".to_owned(), "off".to_owned())));
        hunt.change(HuntMsg::Switch("leader_epoch_bump_on_shrink".to_owned()));
        assert_eq!(hunt.wanted.switch.as_ref().map(|(_, value)| value.as_str()), Some("on"));
        hunt.change(HuntMsg::Switch(String::new()));
        assert_eq!(hunt.wanted.switch, None);
    }

    #[test]
    fn a_search_that_was_stopped_goes_on_where_it_ended() {
        let mut hunt = Hunt::default();
        hunt.told(Tell::Searching { seeds: 40, events: 9, rate: 1.0 });
        assert!(hunt.is_running());
        hunt.stop();
        assert_eq!((hunt.wanted.seed, hunt.is_running()), (41, false));
    }

    #[test]
    fn a_fault_is_chosen_and_left_out_again() {
        let mut hunt = Hunt::default();
        hunt.change(HuntMsg::Faults(false));
        hunt.change(HuntMsg::Fault(Fault::Crash));
        assert_eq!(hunt.wanted.faults, ["crash"]);
        hunt.change(HuntMsg::Fault(Fault::Crash));
        assert!(hunt.wanted.faults.is_empty());
    }
}
