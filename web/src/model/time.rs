//! The transport: play, step, seek, wait for a condition.

use super::{Effect, LessonMsg, Model, Notice, Overlay, StepSize};
use crate::player::Pace;
use crate::session::{LONGEST, PATIENCE};
use kraftscope_core::id::StepId;
use kraftscope_core::time::Time;

/// What can happen to time.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeMsg {
    /// Play or pause.
    Toggle,
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// One step of the chosen size.
    Forward,
    /// One event back.
    Back,
    /// Forward to the next notable note.
    ForwardNotable,
    /// Back to the latest notable note.
    BackNotable,
    /// To the first event.
    ToStart,
    /// To the furthest event.
    ToEnd,
    /// Another step size.
    SetStep(StepSize),
    /// Another pace.
    SetPace(Pace),
    /// The next faster pace.
    Faster,
    /// The next slower pace.
    Slower,
    /// Forward until this condition holds.
    Until(String),
    /// To this event.
    Seek(StepId),
    /// To this time.
    SeekTime(Time),
    /// Play this stretch again and again.
    Circle(Option<(Time, Time)>),
}

impl Model {
    pub(super) fn update_time(&mut self, msg: TimeMsg) -> Vec<Effect> {
        self.player.notice();
        // In a lesson a step forward is a step of the lesson, unless its script is being watched.
        if msg == TimeMsg::Forward || msg == TimeMsg::ForwardNotable {
            let skips = msg == TimeMsg::ForwardNotable;
            if let Some(next) = self.onward().filter(|next| skips || *next != LessonMsg::Skip) {
                return self.update_lesson(next);
            }
        }
        match msg {
            TimeMsg::Toggle => self.player.playing = !self.player.playing,
            TimeMsg::Play => self.player.playing = true,
            TimeMsg::Pause => self.player.playing = false,
            TimeMsg::Forward => self.forward(),
            TimeMsg::Back => self.hold(|model| {
                model.session.back();
            }),
            TimeMsg::ForwardNotable => self.hold(|model| {
                if !model.session.step_notable() {
                    model.tell(Notice::good("notice.nothing-notable", Vec::new()));
                }
            }),
            TimeMsg::BackNotable => self.hold(|model| model.session.back_notable()),
            TimeMsg::ToStart => self.hold(|model| model.session.seek(StepId(0))),
            TimeMsg::ToEnd => self.hold(|model| match &model.compare {
                Some(compare) => {
                    let end = compare.script.end();
                    model.session.seek_time(end);
                }
                None => model.session.seek(model.session.end()),
            }),
            TimeMsg::SetStep(step) => self.step = step,
            TimeMsg::SetPace(pace) => self.player.pace = pace,
            TimeMsg::Faster => self.player.pace = self.player.pace.shifted(true),
            TimeMsg::Slower => self.player.pace = self.player.pace.shifted(false),
            TimeMsg::Until(condition) => self.until(&condition),
            TimeMsg::Seek(event) => self.hold(|model| model.session.seek(event)),
            TimeMsg::SeekTime(time) => {
                self.session.seek_time(time);
                self.follow();
            }
            TimeMsg::Circle(circle) => {
                self.player.circle = circle;
                if let Some((from, _)) = circle {
                    self.session.seek_time(from);
                    self.follow();
                    self.player.jump(from);
                    self.player.playing = true;
                }
            }
        }
        if !self.player.playing {
            self.align(self.session.now());
        }
        if self.player.playing { Vec::new() } else { vec![Effect::Save] }
    }

    /// Pauses, moves the cursor, and lets the clock follow.
    fn hold(&mut self, travel: impl FnOnce(&mut Model)) {
        self.player.playing = false;
        travel(self);
        self.follow();
    }

    fn forward(&mut self) {
        self.player.playing = false;
        match self.step {
            // The message is seen arriving; a second press, or nothing left to see, ends the step at once.
            StepSize::Action => {
                if !self.player.glide() || self.session.next_due() == Some(self.player.time()) {
                    self.session.step();
                    self.follow();
                }
            }
            StepSize::Message => self.hold(|model| {
                model.session.step_message();
            }),
            StepSize::Notable => {
                self.update_time(TimeMsg::ForwardNotable);
            }
        }
    }

    fn until(&mut self, condition: &str) {
        match self.session.until(condition, PATIENCE) {
            Ok(true) => self.overlay = self.overlay.take().filter(|overlay| *overlay != Overlay::Until),
            Ok(false) => {
                let args = vec![("condition", condition.to_owned()), ("n", PATIENCE.to_string())];
                self.tell(Notice { bad: true, ..Notice::good("notice.not-reached", args) });
            }
            Err(error) => {
                self.tell(Notice::refusal(error));
                return;
            }
        }
        self.player.playing = false;
        self.follow();
    }

    /// Lets `wall` milliseconds pass; `go_on` says whether there is time for another event within this frame.
    /// Returns whether an event happened.
    pub fn pass(&mut self, wall: f64, go_on: impl Fn() -> bool) -> bool {
        if !self.player.moves() {
            return false;
        }
        if self.compare.is_some() {
            return self.pass_all(wall, go_on);
        }
        let adaptive = matches!(self.player.pace, Pace::Adaptive(_));
        let before = self.session.event();
        let mut left = Some(wall);
        while let Some(wall) = left {
            let ahead = self.session.outlook(adaptive);
            left = self.player.advance(wall, &ahead);
            if left.is_some() {
                if !self.session.roll() {
                    break;
                }
                if self.session.is_news() {
                    self.player.notice();
                }
                if self.player.stop_at.is_some_and(|end| self.session.event() >= end) {
                    self.player.stop_at = None;
                    self.player.playing = false;
                }
                left = left.filter(|_| go_on() && self.player.moves());
            }
        }
        if let Some((from, to)) = self.player.circle
            && self.player.time() > to
        {
            self.session.seek_time(from);
            self.player.jump(from);
        }
        self.session.arrive();
        self.check_goal();
        if self.player.playing && self.session.event().0 >= LONGEST {
            self.player.playing = false;
            self.tell(Notice::good("notice.longest", vec![("n", LONGEST.to_string())]));
        }
        self.session.event() != before
    }
}
