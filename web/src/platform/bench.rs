//! What the handle measures, in the browser and in WebAssembly: numbers for comparing one build with the next.

use super::{clock, handle};
use crate::model::RunMsg;
use crate::store::Store;
use js_sys::Object;
use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, Offset, StepId};
use kraftscope_core::net::Latency;
use kraftscope_core::node::Command;
use kraftscope_core::process::Process;
use kraftscope_core::sim::action::Action;
use kraftscope_core::sim::genesis::Genesis;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// An object of numbers.
pub(super) fn object(fields: &[(&str, f64)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        handle::set(&object, name, &JsValue::from_f64(*value));
    }
    object.into()
}

/// Measures; null for a name that is not known.
pub(super) fn run(store: &Rc<Store>, name: &str) -> JsValue {
    match name {
        "seek" => seek(),
        "big-stage" => big_stage(store),
        "quorum" => quorum(),
        _ => JsValue::NULL,
    }
}

/// 200 seeks to scattered events of a run of 100,000 events.
fn seek() -> JsValue {
    const EVENTS: u64 = 100_000;
    const SEEKS: u64 = 200;
    let Ok(mut history) = History::new(Genesis::default()) else { return JsValue::NULL };
    let began = clock();
    while history.event().0 < EVENTS && history.step().is_some() {}
    let computed = clock() - began;
    let mut times: Vec<f64> = (0..SEEKS)
        .map(|i| {
            // A stride that is coprime to the length scatters the targets and repeats none.
            let target = StepId(i * 61_803 % EVENTS);
            let began = clock();
            history.seek(target);
            clock() - began
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or(0.0)
    };
    object(&[
        ("events", history.end().0 as f64),
        ("computed", computed),
        ("mean", times.iter().sum::<f64>() / SEEKS as f64),
        ("p50", at(0.5)),
        ("p99", at(0.99)),
        ("max", at(1.0)),
    ])
}

/// Shows 7 brokers with 12 partitions and about 200 messages in flight, playing slowly.
fn big_stage(store: &Rc<Store>) -> JsValue {
    const TEXT: &str = "seed 3\ncontrollers 3\nbrokers 7\nlatency continents\nset linger.ms 0\n\
        topic orders partitions 12 replicas 3 min.insync.replicas 2\n";
    let clients = "producer topics orders interval 2ms keys 40 acks all\n".repeat(8)
        + &"consumer topics orders\n".repeat(8);
    let text = format!("{}{clients}----\nuntil ready\nrun 3s\n", TEXT);
    store.dispatch(RunMsg::Load(text).into());
    let (flights, refused) = store.with(|model| {
        model.player.playing = true;
        (model.session.view().flights.len(), model.refusal().is_some())
    });
    if refused {
        return JsValue::NULL;
    }
    object(&[("flights", flights as f64), ("brokers", 7.0), ("partitions", 12.0)])
}

/// Five voters; a record is appended as soon as the last one is committed. As `kraftscope bench` does it natively.
fn quorum() -> JsValue {
    let mut genesis = Genesis {
        controllers: 5,
        brokers: 0,
        topics: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        latency: Latency::Fixed,
        checks: false,
        ..Genesis::default()
    };
    genesis.settings.controller_quorum_append_linger = Span::ZERO;
    let Ok(mut sim) = Sim::new(genesis) else { return JsValue::NULL };
    let mut step = Step::default();
    let mut commits = 0_u32;
    let (mut began, mut before) = (clock(), 0);
    while commits < 20_000 {
        let Some((leader, committed)) = leader(&sim) else {
            sim.step_into(&mut step);
            (began, before) = (clock(), sim.handled());
            continue;
        };
        if sim.apply_into(Action::Call(leader, Command::Append(1)), &mut step).is_err() {
            return JsValue::NULL;
        }
        while leader_hw(&sim, leader) <= committed && sim.step_into(&mut step) {}
        commits += 1;
    }
    let seconds = (clock() - began).max(0.001) / 1000.0;
    let handled = (sim.handled() - before) as f64;
    object(&[
        ("handled", handled),
        ("commits", f64::from(commits)),
        ("seconds", seconds),
        ("messagesPerSecond", handled / seconds),
        ("commitsPerSecond", f64::from(commits) / seconds),
    ])
}

fn leader(sim: &Sim) -> Option<(NodeId, Offset)> {
    sim.world().slots.iter().find_map(|slot| {
        let quorum = slot.process.as_ref().and_then(Process::quorum)?;
        if quorum.is_leader() { Some((slot.id, quorum.high_watermark()?)) } else { None }
    })
}

fn leader_hw(sim: &Sim, leader: NodeId) -> Offset {
    let quorum = sim.world().process(leader).and_then(Process::quorum);
    quorum.and_then(|quorum| quorum.high_watermark()).unwrap_or_default()
}
