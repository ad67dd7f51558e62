//! The page starts, from a server and from a disk.
use super::{Case, Page};
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "the page starts with no error on the console", run: starts },
    Case { name: "the single file starts from a disk", run: single_file_starts },
    Case { name: "every address in the page is relative, so any folder of a host will do", run: is_relative },
    Case { name: "a module that does not arrive is told in both languages", run: tells_of_a_missing_module },
];

/// The loader's own words are gone once the page runs.
fn starts(page: &mut Page) -> Result<()> {
    ensure!(page.count("#boot")? == 0, "the loader's message is still there");
    ensure!(page.count("main")? == 1, "the page needs exactly one <main>");
    Ok(())
}

fn single_file_starts(page: &mut Page) -> Result<()> {
    page.open_single_file()?;
    ensure!(page.count("main")? == 1, "the page needs exactly one <main>");
    Ok(())
}

fn is_relative(page: &mut Page) -> Result<()> {
    let absolute = page.js_text(
        "[...document.querySelectorAll('[src], link[href]')].map((e) => e.getAttribute('src') ?? e.getAttribute('href')) \
         .filter((to) => to.startsWith('/') || to.includes('//')).join(' ')",
    )?;
    ensure!(absolute.is_empty(), "these addresses are absolute: {absolute}");
    let foreign = page.js_text(
        "performance.getEntriesByType('resource').map((e) => e.name) \
         .filter((name) => !name.startsWith(location.origin)).join(' ')",
    )?;
    ensure!(foreign.is_empty(), "the page asked others for: {foreign}");
    Ok(())
}

fn tells_of_a_missing_module(page: &mut Page) -> Result<()> {
    page.expect_console_errors();
    page.block(&["*.wasm"])?;
    page.open_without_waiting()?;
    page.wait_until("document.querySelector('#boot[role=alert] .boot-error')?.innerText")?;
    let text = page.js_text("document.getElementById('boot').innerText")?;
    ensure!(text.contains("could not start") && text.contains("无法启动"), "the page says: {text}");
    Ok(())
}
