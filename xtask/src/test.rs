//! `cargo xtask test`: everything that must hold, cheapest first; the first failure ends it.
use crate::{browser, page, shell, tidy};
use anyhow::{Result, ensure};
use std::time::Instant;

pub(crate) fn run(mut args: shell::Args) -> Result<()> {
    let only_native = args.flag("--native");
    let only_tidy = args.flag("--tidy");
    let only_browser = args.flag("--browser");
    let filter = args.word().unwrap_or_default();
    args.finish()?;
    let started = Instant::now();
    if only_tidy {
        return tidy::run();
    }
    if !only_browser {
        native()?;
    }
    if only_native {
        return Ok(());
    }
    let tally = step("browser tests", || browser::run(&filter))?;
    println!("-- in all: {}\n\n{tally}", shell::seconds(started));
    ensure!(tally.failed == 0, "the browser tests above failed");
    Ok(())
}

/// All that needs no browser.
fn native() -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    step("formatting", || shell::run(shell::cargo().args(["fmt", "--all", "--check"])))?;
    step("tidy", tidy::run)?;
    step("clippy", || {
        shell::run(shell::cargo().args(["clippy", "--quiet", "--workspace", "--all-targets"]).args(deny))
    })?;
    step("clippy of the page, as WebAssembly", || {
        page::ensure_target()?;
        let target = ["--package", "kraftscope-web", "--target", "wasm32-unknown-unknown"];
        shell::run(shell::cargo().args(["clippy", "--quiet"]).args(target).args(deny))
    })?;
    step("native tests", || shell::run(shell::cargo().args(["test", "--quiet", "--workspace"])))
}

fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    shell::heading(title);
    let started = Instant::now();
    let result = work()?;
    println!("-- {title}: {}", shell::seconds(started));
    Ok(result)
}
