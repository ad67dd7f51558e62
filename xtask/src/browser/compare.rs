//! Comparing: two or three variants under one transport, what is done in all of them, and the table.
use super::{Case, Page};
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    Case { name: "the header opens three modes side by side, and closes them", run: opens },
    Case { name: "a deed is done in every pane, and can be taken back", run: does },
    Case { name: "what has no meaning in a pane is said there", run: leaves_out },
    Case { name: "a mode can be left out and taken in again", run: chooses_modes },
    Case { name: "releases are compared on the script of KIP-101", run: compares_releases },
    Case { name: "a setting is compared with the values that are typed", run: compares_settings },
    Case { name: "a pane can be looked at alone, and all of them again", run: looks_at_one },
    Case { name: "every script of the list is played", run: plays_scripts },
    Case { name: "the panes follow one clock", run: follows },
    Case { name: "a link opens the comparison again", run: links },
    Case { name: "a phone shows the panes below each other", run: fits_a_phone },
];

fn choose(page: &Page, field: &str, value: &str) -> Result<()> {
    let body = "const field = document.querySelector(`[data-testid=${arguments[0]}]`); field.value = arguments[1]; \
                field.dispatchEvent(new Event('change', { bubbles: true }))";
    page.run(body, &[json!(field), json!(value)]).map(drop)
}

fn open_it(page: &Page) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    page.click("compare")?;
    page.wait_until("document.querySelector('[data-testid=pane-2]')")
}

/// What a cell of the table says.
fn cell(page: &Page, figure: &str, pane: u32) -> Result<String> {
    page.text_of(&format!("figure-{figure}-{pane}"))
}

fn opens(page: &mut Page) -> Result<()> {
    open_it(page)?;
    let titles = page.js_text(
        "[...document.querySelectorAll('[data-testid^=pane-focus-]')].map((e) => e.textContent).join()",
    )?;
    ensure!(titles == "ZooKeeper 3.9,KRaft,kafkaraft", "the panes are {titles}");
    page.click("compare-close")?;
    page.wait_until("!document.querySelector('[data-testid=comparison]')")?;
    page.press(&["v"])?;
    page.wait_until("document.querySelector('[data-testid=comparison]')")?;
    page.click("compare")?;
    page.wait_until("!document.querySelector('[data-testid=comparison]')")
}

fn does(page: &mut Page) -> Result<()> {
    open_it(page)?;
    choose(page, "compare-script", "kip-101")?;
    page.wait_until("document.querySelectorAll('.cmp-pane').length === 2")?;
    page.run("kraftscope.pause()", &[])?;
    for deed in ["controller", "metadata", "leader", "majority", "slow", "start", "heal"] {
        page.click(&format!("deed-{deed}"))?;
    }
    page.wait_until("kraftscope.text().includes('start down') && kraftscope.text().includes('heal all')")?;
    page.click("undo")?;
    page.wait_until("!kraftscope.text().includes('heal all') && kraftscope.text().includes('start down')")
}

fn leaves_out(page: &mut Page) -> Result<()> {
    open_it(page)?;
    page.run("kraftscope.act('crash zookeeper-1')", &[])?;
    page.wait_until("document.querySelector('[data-testid=pane-without-1]')")?;
    let said = page.text_of("pane-without-1")?;
    ensure!(said.contains("no ZooKeeper"), "the pane says {said}");
    ensure!(!page.sees("pane-without-0")?, "in ZooKeeper mode it was done");
    Ok(())
}

fn chooses_modes(page: &mut Page) -> Result<()> {
    open_it(page)?;
    page.click("compare-mode-kafkaraft")?;
    page.wait_until("document.querySelectorAll('.cmp-pane').length === 2")?;
    page.click("compare-mode-zookeeper")?;
    ensure!(page.count(".cmp-pane")? == 2, "one alone is no comparison");
    page.click("compare-mode-kafkaraft")?;
    page.wait_until("document.querySelectorAll('.cmp-pane').length === 3")
}

fn compares_releases(page: &mut Page) -> Result<()> {
    open_it(page)?;
    choose(page, "compare-kind", "releases")?;
    page.wait_until("document.querySelectorAll('.cmp-pane').length === 2")?;
    choose(page, "compare-script", "kip-101")?;
    page.run("kraftscope.pause()", &[])?;
    page.press(&["End"])?;
    page.wait_until("document.querySelector('[data-testid=figure-lost-0]').textContent.startsWith('1')")?;
    ensure!(cell(page, "lost", 1)?.starts_with('0'), "today nothing is lost");
    choose(page, "compare-release-0", "4.0")?;
    page.wait_until("document.querySelector('[data-testid=pane-focus-0]').textContent === '4.0'")?;
    page.wait_until("document.querySelector('[data-testid=figure-lost-0]').textContent.startsWith('0')")
}

fn compares_settings(page: &mut Page) -> Result<()> {
    open_it(page)?;
    choose(page, "compare-kind", "set")?;
    page.wait_until("document.querySelector('[data-testid=compare-setting]')")?;
    choose(page, "compare-setting", "acks")?;
    page.wait_until("document.querySelector('[data-testid=pane-focus-0]').textContent === 'acks = 1'")?;
    choose(page, "compare-value-0", "0")?;
    page.wait_until("document.querySelector('[data-testid=pane-focus-0]').textContent === 'acks = 0'")
}

fn looks_at_one(page: &mut Page) -> Result<()> {
    open_it(page)?;
    page.click("pane-alone-1")?;
    page.wait_until("document.querySelectorAll('.cmp-pane').length === 1")?;
    ensure!(page.text_of("pane-focus-1")? == "KRaft", "the pane that was asked for is shown");
    ensure!(page.count("[data-testid=figure-sent-2]")? == 1, "the others are still counted");
    page.click("deed-leader")?;
    page.wait_until("kraftscope.text().includes('crash leader:')")?;
    page.click("pane-alone-1")?;
    page.wait_until("document.querySelectorAll('.cmp-pane').length === 3")
}

fn plays_scripts(page: &mut Page) -> Result<()> {
    open_it(page)?;
    for script in ["leader-crash", "controller-crash", "follower-slow", "majority-lost"] {
        choose(page, "compare-script", script)?;
        page.run("kraftscope.pause()", &[])?;
        page.press(&["End"])?;
        page.wait_until(
            "!document.querySelector('[data-testid=figure-acknowledged-1]').textContent.startsWith('0')",
        )?;
    }
    Ok(())
}

fn follows(page: &mut Page) -> Result<()> {
    open_it(page)?;
    let before = cell(page, "sent", 1)?;
    page.click("play")?;
    page.wait_until(&format!(
        "document.querySelector('[data-testid=figure-sent-1]').textContent !== '{before}'"
    ))?;
    page.click("play")?;
    page.click("pane-focus-1")?;
    page.wait_until(
        "document.querySelector('[data-testid=pane-focus-1]').getAttribute('aria-pressed') === 'true'",
    )
}

fn links(page: &mut Page) -> Result<()> {
    open_it(page)?;
    page.click("deed-leader")?;
    page.wait_until("kraftscope.text().includes('crash leader:')")?;
    let link = page.js_text("kraftscope.share()")?;
    page.run("localStorage.clear()", &[])?;
    page.open_url(&link)?;
    page.wait_until("document.querySelector('[data-testid=pane-2]')")?;
    page.wait_until("kraftscope.text().includes('crash leader:')")
}

fn fits_a_phone(page: &mut Page) -> Result<()> {
    page.look(super::View { width: 390, height: 844, touch: true, ..super::View::default() })?;
    page.run("kraftscope.pause()", &[])?;
    page.click("more-open")?;
    page.click("compare")?;
    page.wait_until("document.querySelector('[data-testid=pane-2]')")?;
    let stacked = "const of = (n) => document.querySelector(`[data-testid=pane-${n}]`).getBoundingClientRect(); \
                   return of(1).top >= of(0).bottom && of(2).top >= of(1).bottom";
    ensure!(page.run(stacked, &[])? == json!(true), "the panes stand below each other");
    let wide = "return document.querySelector('.compare').scrollWidth <= window.innerWidth";
    ensure!(page.run(wide, &[])? == json!(true), "nothing sticks out");
    Ok(())
}
