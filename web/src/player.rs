//! The playback clock: how virtual time follows wall time.
//!
//! Kafka's own numbers span four orders of magnitude: a hop takes a millisecond, a session nine seconds. Played at
//! one rate that is unwatchable, and changing the numbers would teach lies. The *adaptive* pace gives every message
//! in flight a readable flight and compresses idle gaps logarithmically; the clock shown is always the true one.
//! The *constant* pace is real time times a factor.
//!
//! Pure: told how much wall time has passed and what lies ahead, it says whether the next event is due.
//! Invariant: the time never passes the next event, and never falls behind the last one.

use kraftscope_core::id::StepId;
use kraftscope_core::time::{Span, Time};

/// Wall milliseconds that a message takes from one node to the other, at speed 1.
const FLIGHT: f64 = 600.0;
/// The same when only routine traffic is in the air (heartbeats, fetches that carry nothing).
const ROUTINE_FLIGHT: f64 = 180.0;
/// Wall milliseconds of an idle gap per doubling of its length in milliseconds, at speed 1.
const GAP_PER_DOUBLING: f64 = 90.0;
/// Wall milliseconds of a single step.
const GLIDE: f64 = 220.0;
/// After so many wall milliseconds without anything notable, time goes faster by and by.
const PATIENCE: f64 = 6000.0;
/// Wall milliseconds in which the speed doubles after that.
const BOREDOM: f64 = 3000.0;
/// How much faster at the most.
const BOREDOM_MOST: f64 = 16.0;
/// A frame is never taken for longer than this: a tab that slept does not leap.
const FRAME_MOST: f64 = 100.0;

/// How virtual time follows wall time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Readable flights, short gaps; times the factor.
    Adaptive(f64),
    /// Real time times the factor.
    Constant(f64),
}

impl Pace {
    /// The factors offered for the adaptive pace.
    pub const ADAPTIVE: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 16.0];
    /// The factors offered for the constant pace.
    pub const CONSTANT: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0];

    /// The factor.
    pub const fn factor(self) -> f64 {
        match self {
            Pace::Adaptive(factor) | Pace::Constant(factor) => factor,
        }
    }

    /// The next faster or slower factor of the same kind.
    #[must_use]
    pub fn shifted(self, faster: bool) -> Pace {
        let next = |all: &[f64], factor: f64| {
            let found = if faster {
                all.iter().find(|f| **f > factor * 1.01)
            } else {
                all.iter().rev().find(|f| **f < factor * 0.99)
            };
            found.copied().unwrap_or(factor)
        };
        match self {
            Pace::Adaptive(factor) => Pace::Adaptive(next(&Pace::ADAPTIVE, factor)),
            Pace::Constant(factor) => Pace::Constant(next(&Pace::CONSTANT, factor)),
        }
    }
}

/// What the clock needs to know of the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outlook {
    /// Time of the last event.
    pub now: Time,
    /// Time of the next one; nothing is left to happen without it.
    pub next: Option<Time>,
    /// The shortest flight in the air that carries something.
    pub flight: Option<Span>,
    /// The shortest flight in the air that is routine.
    pub routine: Option<Span>,
}

/// The clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Player {
    /// Time runs.
    pub playing: bool,
    /// How it runs.
    pub pace: Pace,
    /// Play from the first to the second again and again.
    pub circle: Option<(Time, Time)>,
    /// Pause when this event is reached.
    pub stop_at: Option<StepId>,
    /// Virtual microseconds.
    at: f64,
    /// A single step is under way.
    gliding: bool,
    /// Wall milliseconds since something notable happened.
    quiet: f64,
}

impl Default for Player {
    fn default() -> Player {
        Player {
            playing: false,
            pace: Pace::Adaptive(1.0),
            circle: None,
            stop_at: None,
            at: 0.0,
            gliding: false,
            quiet: 0.0,
        }
    }
}

impl Player {
    /// The virtual time shown.
    pub fn time(&self) -> Time {
        Time(self.at as u64)
    }

    /// Whether time moves, by playing or by a single step.
    pub const fn moves(&self) -> bool {
        self.playing || self.gliding
    }

    /// Goes to the time of an event at once, and ends a step that is under way.
    pub fn jump(&mut self, time: Time) {
        self.at = time.0 as f64;
        self.gliding = false;
    }

    /// Something happened that is worth watching: no hurry.
    pub const fn notice(&mut self) {
        self.quiet = 0.0;
    }

    /// Starts a single step; returns false when one is under way already (it should be finished at once).
    pub fn glide(&mut self) -> bool {
        let started = !self.gliding;
        self.gliding = true;
        started
    }

    /// Lets `wall` milliseconds pass as far as the next event. Returns what is left of them when the next event
    /// is due, and `None` when it is not yet.
    pub fn advance(&mut self, wall: f64, ahead: &Outlook) -> Option<f64> {
        let wall = wall.clamp(0.0, FRAME_MOST);
        self.at = self.at.max(ahead.now.0 as f64);
        let next = ahead.next?.0 as f64;
        if !self.moves() {
            return None;
        }
        let rate = self.rate(ahead);
        let needed = (next - self.at).max(0.0) / rate;
        if needed > wall {
            self.at += rate * wall;
            self.quiet += wall;
            return None;
        }
        self.at = self.at.max(next);
        self.quiet += needed;
        self.gliding = false;
        Some(wall - needed)
    }

    /// Virtual microseconds per wall millisecond.
    fn rate(&self, ahead: &Outlook) -> f64 {
        let gap = ahead.next.map_or(0.0, |next| next.since(ahead.now).0 as f64).max(1.0);
        if self.gliding {
            return gap / GLIDE;
        }
        match self.pace {
            Pace::Constant(factor) => 1000.0 * factor,
            Pace::Adaptive(factor) => natural(ahead, gap) * factor * self.hurry(),
        }
    }

    fn hurry(&self) -> f64 {
        ((self.quiet - PATIENCE).max(0.0) / BOREDOM).exp2().min(BOREDOM_MOST)
    }
}

/// The adaptive rate at speed 1.
fn natural(ahead: &Outlook, gap: f64) -> f64 {
    let idle = gap / (GAP_PER_DOUBLING * (1.0 + gap / 1000.0).log2()).max(1.0);
    let air = |span: Option<Span>, wall: f64| span.map(|span| (span.0 as f64).max(1.0) / wall);
    air(ahead.flight, FLIGHT).or_else(|| air(ahead.routine, ROUTINE_FLIGHT)).unwrap_or(idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOP: Outlook = Outlook {
        now: Time(5_000_000),
        next: Some(Time(5_001_000)),
        flight: Some(Span::millis(1)),
        routine: None,
    };

    fn playing(pace: Pace) -> Player {
        let mut player = Player { playing: true, pace, ..Player::default() };
        player.jump(HOP.now);
        player
    }

    /// Wall milliseconds until the next event.
    fn wall_until_due(player: &mut Player, ahead: &Outlook) -> f64 {
        let mut wall = 0.0;
        loop {
            if let Some(left) = player.advance(10.0, ahead) {
                return wall + 10.0 - left;
            }
            wall += 10.0;
        }
    }

    #[test]
    fn a_message_takes_six_tenths_of_a_second_whatever_the_network() {
        assert!((wall_until_due(&mut playing(Pace::Adaptive(1.0)), &HOP) - 600.0).abs() < 1.0);
        let far = Outlook { next: Some(Time(5_090_000)), flight: Some(Span::millis(90)), ..HOP };
        assert!((wall_until_due(&mut playing(Pace::Adaptive(1.0)), &far) - 600.0).abs() < 1.0);
        assert!((wall_until_due(&mut playing(Pace::Adaptive(2.0)), &HOP) - 300.0).abs() < 1.0);
    }

    #[test]
    fn an_idle_gap_takes_time_by_its_logarithm() {
        let gap = |millis: u64| {
            let ahead = Outlook { next: Some(HOP.now + Span::millis(millis)), flight: None, ..HOP };
            wall_until_due(&mut playing(Pace::Adaptive(1.0)), &ahead)
        };
        assert!((gap(1) - 90.0).abs() < 1.0);
        assert!((800.0..820.0).contains(&gap(500)), "{}", gap(500));
        assert!((1100.0..1250.0).contains(&gap(9000)), "{}", gap(9000));
    }

    #[test]
    fn routine_traffic_passes_faster_and_never_slows_what_matters() {
        let routine = Outlook { flight: None, routine: Some(Span::millis(1)), ..HOP };
        assert!((wall_until_due(&mut playing(Pace::Adaptive(1.0)), &routine) - 180.0).abs() < 1.0);
        let both = Outlook { routine: Some(Span::millis(1)), ..HOP };
        assert!((wall_until_due(&mut playing(Pace::Adaptive(1.0)), &both) - 600.0).abs() < 1.0);
    }

    #[test]
    fn the_constant_pace_is_real_time_times_the_factor() {
        let second = Outlook { next: Some(Time(6_000_000)), ..HOP };
        assert!((wall_until_due(&mut playing(Pace::Constant(1.0)), &second) - 1000.0).abs() < 1.0);
        assert!((wall_until_due(&mut playing(Pace::Constant(10.0)), &second) - 100.0).abs() < 1.0);
    }

    #[test]
    fn the_clock_never_passes_the_next_event() {
        let mut player = playing(Pace::Constant(1.0));
        assert_eq!(player.advance(50.0, &HOP), Some(49.0));
        assert_eq!(player.time(), Time(5_001_000));
    }

    #[test]
    fn a_paused_clock_stands_still_until_a_step_glides_to_the_next_event() {
        let mut player = Player::default();
        player.jump(HOP.now);
        assert_eq!(player.advance(16.0, &HOP), None);
        assert_eq!(player.time(), HOP.now);
        assert!(player.glide());
        assert!(!player.glide(), "a second step finishes the first at once");
        assert!((wall_until_due(&mut player, &HOP) - 220.0).abs() < 1.0);
        assert!(!player.moves());
    }

    #[test]
    fn nothing_left_to_happen_stops_the_clock() {
        let mut player = playing(Pace::Constant(1.0));
        assert_eq!(player.advance(16.0, &Outlook { next: None, ..HOP }), None);
        assert_eq!(player.time(), HOP.now);
    }

    #[test]
    fn a_long_time_without_news_goes_faster_until_something_notable_happens() {
        let mut player = playing(Pace::Adaptive(1.0));
        let slow = Outlook { next: Some(Time(3_600_000_000)), flight: Some(Span::secs(3)), ..HOP };
        let calm = player.rate(&slow);
        (0..300).for_each(|_| {
            player.advance(100.0, &slow);
        });
        assert!((player.rate(&slow) / calm - BOREDOM_MOST).abs() < 0.01);
        player.notice();
        assert!((player.rate(&slow) - calm).abs() < 0.01);
    }

    #[test]
    fn faster_and_slower_stay_within_the_offered_factors() {
        assert_eq!(Pace::Adaptive(1.0).shifted(true), Pace::Adaptive(2.0));
        assert_eq!(Pace::Adaptive(0.25).shifted(false), Pace::Adaptive(0.25));
        assert_eq!(Pace::Constant(100.0).shifted(true), Pace::Constant(100.0));
    }
}
