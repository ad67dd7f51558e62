//! Find a counterexample: every control, and a search from the question to the run that is played.
use super::{Case, Page};
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    Case { name: "an old protocol is refuted, and the run that does it plays", run: finds },
    Case { name: "the single file searches as well", run: finds_in_single_file },
    Case { name: "what is asked is what is searched, and stop ends it", run: asks },
];

const STAGE: &str = "document.querySelector('[data-testid=hunt]').dataset.stage";

fn choose(page: &Page, id: &str, value: &str) -> Result<()> {
    let body = "const field = document.querySelector(`[data-testid=hunt-${arguments[0]}]`); field.value = arguments[1]; \
                field.dispatchEvent(new Event('change', { bubbles: true })); return field.value";
    let now = page.run(body, &[json!(id), json!(value)])?;
    ensure!(now == json!(value), "{id} offers no {value}, but {now}");
    Ok(())
}

fn finds(page: &mut Page) -> Result<()> {
    page.click("tab-hunt")?;
    choose(page, "release", "0.10.2")?;
    choose(page, "min-isr", "2")?;
    page.click("hunt-start")?;
    page.wait_until(&format!("{STAGE} === 'found'"))?;
    page.wait_until("kraftscope.text().startsWith('release 0.10.2') && kraftscope.playing()")?;
    page.run("kraftscope.pause(); kraftscope.seek(1e9)", &[])?;
    let broken = "document.querySelector('[data-testid=tab-checks]').classList.contains('is-broken')";
    page.wait_until(broken)?;
    let event = page.js_number("kraftscope.view().event")?;
    page.run("kraftscope.seek(0)", &[])?;
    page.click("hunt-open")?;
    page.wait_until("kraftscope.playing()")?;
    page.run("kraftscope.pause(); kraftscope.seek(1e9)", &[])?;
    page.wait_until(&format!("kraftscope.view().event === {event} && {broken}"))?;
    ensure!(page.text_of("hunt-statement")?.ends_with('.'), "the broken promise is not said in words");
    Ok(())
}

fn finds_in_single_file(page: &mut Page) -> Result<()> {
    page.open_single_file()?;
    page.click("tab-hunt")?;
    choose(page, "release", "0.10.2")?;
    page.click("hunt-start")?;
    page.wait_until(&format!("{STAGE} === 'found'"))
}

fn asks(page: &mut Page) -> Result<()> {
    page.click("tab-hunt")?;
    page.click("hunt-faults-none")?;
    let pressed = "[data-testid^=hunt-fault-][aria-pressed=true]";
    ensure!(page.count(pressed)? == 0, "none are left");
    page.click("hunt-fault-pause")?;
    ensure!(page.count(pressed)? == 1, "one is chosen");
    choose(page, "unclean", "true")?;
    choose(page, "unclean", "false")?;
    choose(page, "acks", "1")?;
    choose(page, "acks", "all")?;
    choose(page, "min-isr", "2")?;
    choose(page, "switch", "maximal_isr")?;
    choose(page, "switch", "")?;
    page.click("hunt-start")?;
    page.wait_until(&format!("{STAGE} === 'searching' && /[1-9]/.test(document.querySelector('[data-testid=hunt-words]').textContent)"))?;
    ensure!(
        page.count("[data-testid=hunt-release]:disabled")? == 1,
        "the question stands while it is searched"
    );
    page.click("hunt-stop")?;
    page.wait_until(&format!("{STAGE} === 'stopped'"))?;
    page.click("hunt-faults-all")?;
    ensure!(page.count("[data-testid^=hunt-fault-][aria-pressed=false]")? == 0, "all are chosen");
    Ok(())
}
