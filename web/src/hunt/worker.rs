//! What runs inside the worker: it hears one question, searches, shrinks what it finds, and tells how it goes.
//!
//! It works in slices and lets the browser breathe between them, so that its messages leave.

use super::{Finding, Tell, Wanted};
use gloo_timers::callback::Timeout;
use js_sys::Date;
use kraftscope_core::check::Why;
use kraftscope_search::fault::Fault;
use kraftscope_search::hunt::{Found, Hunt, HuntSpec, HuntState};
use kraftscope_search::shrink::Shrink;
use kraftscope_search::violation::Excuse;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Milliseconds of work between two breaths, and so between two messages to the page.
const SLICE: f64 = 150.0;
/// Events between two looks at the clock.
const BITE: u64 = 5_000;

/// Waits for the question.
pub fn start() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        let hunt = serde_json::from_str::<Wanted>(&text).map_err(|error| error.to_string()).and_then(hunt);
        match hunt {
            Ok(hunt) => search(hunt, Date::now()),
            Err(why) => tell(&Tell::Refused(why)),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    tell(&Tell::Ready);
}

fn hunt(wanted: Wanted) -> Result<Hunt, String> {
    let faults: Result<Vec<Fault>, String> = wanted.faults.iter().map(|name| Fault::parse(name)).collect();
    Hunt::new(HuntSpec {
        mode: wanted.mode,
        acks: wanted.acks,
        min_isr: wanted.min_isr,
        unclean: wanted.unclean,
        release: wanted.release,
        switches: wanted.switch.into_iter().collect(),
        faults: faults?,
        seed: wanted.seed,
    })
}

/// One slice of the search, and then the next.
fn search(mut hunt: Hunt, began: f64) {
    let slice = Date::now();
    while Date::now() - slice < SLICE {
        if let HuntState::Found(found) = hunt.advance(BITE) {
            let shrink = Shrink::new(&found);
            return shorten(shrink, *found, hunt.progress().seeds);
        }
    }
    let progress = hunt.progress();
    let seconds = ((Date::now() - began) / 1000.0).max(0.001);
    tell(&Tell::Searching {
        seeds: progress.seeds,
        events: progress.events,
        rate: progress.events as f64 / seconds,
    });
    Timeout::new(0, move || search(hunt, began)).forget();
}

/// One slice of making it shorter, and then the next.
fn shorten(mut shrink: Shrink, found: Found, seeds: u64) {
    let slice = Date::now();
    while Date::now() - slice < SLICE {
        if shrink.advance(BITE) {
            return tell(&Tell::Found(finding(&shrink, &found, seeds)));
        }
    }
    let so_far = shrink.finding();
    tell(&Tell::Shrinking {
        rule: so_far.violation.rule.to_owned(),
        left: so_far.steps,
        tried: so_far.tried as u32,
    });
    Timeout::new(0, move || shorten(shrink, found, seeds)).forget();
}

fn finding(shrink: &Shrink, found: &Found, seeds: u64) -> Finding {
    let finding = shrink.finding();
    Finding {
        rule: finding.violation.rule.to_owned(),
        text: finding.scenario_text.clone(),
        event: finding.violation.event.0,
        steps: finding.steps,
        seed: found.seed,
        seeds,
        excuse: finding.violation.excuse.map(|excuse| reason(excuse).to_owned()),
    }
}

const fn reason(excuse: Excuse) -> &'static str {
    match excuse {
        Excuse::AcksOne
        | Excuse::Void(
            Why::NoAcksAll
            | Why::NoIdempotence
            | Why::Disordered { .. }
            | Why::ElrOff
            | Why::NoIsr
            | Why::NoGroups
            | Why::ReadsUnconfirmed
            | Why::MinIsrNotEnforced,
        ) => "acks",
        Excuse::Void(Why::DroppedReplicaEligible { .. }) => "dropped",
        Excuse::Void(Why::TooManyLosses { .. } | Why::MemberForgot { .. }) => "losses",
        Excuse::Void(Why::UncleanElection { .. }) => "unclean",
        Excuse::Void(Why::LeaderLostRecords { .. }) => "lost",
        Excuse::Void(Why::ForgottenProposal { .. }) => "forgotten",
        Excuse::Void(Why::MinIsrUnheardOf { .. }) => "unheard",
    }
}

fn tell(what: &Tell) {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };
    let text = serde_json::to_string(what).unwrap_or_default();
    let _ = scope.post_message(&JsValue::from(text));
}
