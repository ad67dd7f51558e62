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
    let body = "kraftscope.play();
        kraftscope.frames();
        return new Promise((done) => {
          let left = arguments[0];
          const next = () => (--left > 0 ? requestAnimationFrame(next) : done(kraftscope.frames()));
          requestAnimationFrame(next);
        });";
    let frames = page.run(body, &[json!(PLAYED_FRAMES)])?;
    Ok(json!({ "stage": stage, "frames": frames, "memory_bytes": page.js("kraftscope.memory()")? }))
}
