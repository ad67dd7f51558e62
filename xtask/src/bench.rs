//! `cargo xtask browser-bench`: what the page costs in a real browser, as JSON.
//!
//! It measures the module of `dist`, because that is what people get. Times are the browser's own, in milliseconds.
use crate::browser::{self, Page};
use crate::page::Profile;
use crate::shell;
use anyhow::Result;
use serde_json::{Value, json};

/// How many frames of the big stage are measured.
const PLAYED_FRAMES: u32 = 240;
/// How many frames are measured while the page searches.
const HUNT_FRAMES: u32 = 600;

pub(crate) fn run(args: shell::Args) -> Result<()> {
    args.finish()?;
    let mut report = Value::Null;
    browser::with_page(Profile::Release, |page| {
        page.reset()?;
        page.open("")?;
        report = json!({
            "opened_ms": page.js("kraftscope.opened()")?,
            "digests": browser::compare_with_native(page)?,
            "seek": fresh(page, "kraftscope.bench('seek')")?,
            "memory_after_seeks_bytes": page.js("kraftscope.memory()")?,
            "quorum": fresh(page, "kraftscope.bench('quorum')")?,
            "big_stage": big_stage(page)?,
            "hunt": hunt(page)?,
        });
        Ok(())
    })?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// A measurement on a page that nothing else has used.
fn fresh(page: &mut Page, expression: &str) -> Result<Value> {
    page.open("")?;
    page.js(expression)
}

/// The largest stage that the page is made for, played: main-thread milliseconds of its frames.
fn big_stage(page: &mut Page) -> Result<Value> {
    let stage = fresh(page, "kraftscope.bench('big-stage')")?;
    let frames = played(page, PLAYED_FRAMES)?;
    Ok(json!({ "stage": stage, "frames": frames, "memory_bytes": page.js("kraftscope.memory()")? }))
}

/// Plays and returns the main-thread milliseconds of so many frames.
fn played(page: &Page, frames: u32) -> Result<Value> {
    let body = "kraftscope.play();
        kraftscope.frames();
        return new Promise((done) => {
          let left = arguments[0];
          const next = () => (--left > 0 ? requestAnimationFrame(next) : done(kraftscope.frames()));
          requestAnimationFrame(next);
        });";
    page.run(body, &[json!(frames)])
}

/// The search for a counterexample where there is none, while the page plays: what it says of its rate, the time
/// between frames that a person sees, and what the page does in them.
fn hunt(page: &mut Page) -> Result<Value> {
    page.open("")?;
    page.click("tab-hunt")?;
    for control in ["hunt-faults-none", "hunt-fault-crash", "hunt-fault-pause", "hunt-start"] {
        page.click(control)?;
    }
    page.wait_until("document.querySelector('[data-testid=hunt]').dataset.stage === 'searching'")?;
    let frames = played(page, HUNT_FRAMES)?;
    let body = "return new Promise((done) => {
          const times = [];
          const next = (now) => (times.push(now) > arguments[0] ? done(times) : requestAnimationFrame(next));
          requestAnimationFrame(next);
        });";
    let times: Vec<f64> = serde_json::from_value(page.run(body, &[json!(HUNT_FRAMES)])?)?;
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    let at = |percent: usize| gaps[(gaps.len() - 1) * percent / 100];
    let between = json!({ "p50": at(50), "p99": at(99), "max": at(100) });
    let words = page.text_of("hunt-words")?;
    page.click("hunt-stop")?;
    Ok(json!({ "words": words, "frames": frames, "between_frames_ms": between }))
}
