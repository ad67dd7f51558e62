//! The claims: the list, each run one click away, and the links.
use super::{Case, Page, View};
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "the lesson picker leads to the list, and a click to a run that stands still", run: picks },
    Case { name: "a link opens the list, and another one a run", run: links },
    Case { name: "a reload keeps the claim open at its moment", run: reloads },
    Case { name: "on a phone the claim leaves the partition in sight", run: on_a_phone },
];

const LOOK: &str = "document.querySelector('[data-testid=look]')?.innerText ?? ''";

fn picks(page: &mut Page) -> Result<()> {
    page.open("?new")?;
    page.run(
        "const picker = document.querySelector('[data-testid=lesson-picker]'); picker.value = '#claims'; \
         picker.dispatchEvent(new Event('change', { bubbles: true }))",
        &[],
    )?;
    page.wait_until("document.querySelector('[data-testid=claims]')?.checkVisibility()")?;
    let entries = page.count(".claims-entry")?;
    ensure!(entries == page.count(".claims-entry .verdict")?, "a claim has no verdict");
    page.click("run-05-stale-reads")?;
    page.wait_until("document.querySelector('[data-testid=claim]')?.checkVisibility()")?;
    ensure!(!page.sees("claims")?, "the list still covers the run");
    ensure!(page.js("kraftscope.playing()")? == false, "the run does not stand still");
    ensure!(!page.js_text(LOOK)?.is_empty(), "nothing says what to look at");
    let before = page.js_text("kraftscope.digest()")?;
    page.run("kraftscope.step(50)", &[])?;
    ensure!(page.js_text("kraftscope.digest()")? != before, "the run cannot be played on");
    page.click("claim-again")?;
    page.wait_until(&format!("kraftscope.digest() === '{before}'"))?;
    page.click("claim-next")?;
    page.wait_until("document.querySelector('[data-testid=claim]').dataset.claim === '6'")?;
    page.click("claim-all")?;
    page.wait_until("document.querySelector('[data-testid=claims]')?.checkVisibility()")
}

fn links(page: &mut Page) -> Result<()> {
    page.run("localStorage.clear()", &[])?;
    page.open("#claims")?;
    page.wait_until("document.querySelector('[data-testid=claims]')?.checkVisibility()")?;
    page.open("#claim=05-stale-reads")?;
    page.wait_until("document.querySelector('[data-testid=claim]')?.dataset.run === '05-stale-reads'")?;
    page.open("#claim=nothing")?;
    page.wait_until("[...document.querySelectorAll('[role=alert]')].some((e) => e.innerText.trim())")
}

fn reloads(page: &mut Page) -> Result<()> {
    page.run("kraftscope.claim('05-stale-reads')", &[])?;
    let before = (page.js_text(LOOK)?, page.js_text("kraftscope.digest()")?);
    page.reload()?;
    page.wait_until("document.querySelector('[data-testid=claim]')?.checkVisibility()")?;
    let after = (page.js_text(LOOK)?, page.js_text("kraftscope.digest()")?);
    ensure!(before == after, "the reload led to {after:?} instead of {before:?}");
    page.run("kraftscope.claim('')", &[])?;
    page.reload()?;
    ensure!(!page.sees("claim")?, "a claim that was closed is open again");
    Ok(())
}

fn on_a_phone(page: &mut Page) -> Result<()> {
    page.look(View::phone())?;
    page.open("")?;
    page.run("kraftscope.claim('05-stale-reads')", &[])?;
    page.wait_for_paint()?;
    let edge = |css: &str, edge: &str| {
        page.js_number(&format!("document.querySelector('{css}').getBoundingClientRect().{edge}"))
    };
    let (card, sheet) = (edge(".st-card", "bottom")?, edge(".side.left", "top")?);
    ensure!(card <= sheet, "the partition ends at {card}, the claim begins at {sheet}");
    ensure!(page.sees("play")?, "the run cannot be played on");
    Ok(())
}
