//! Consumer groups: set up by form, seen on the stage, followed through a rebalance.
use super::{Case, Page};
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    Case { name: "a group is set up in the form, in either protocol", run: sets_up },
    Case { name: "the stage says who owns what, the generation and the coordinator", run: shows_shares },
    Case { name: "a member that is closed leaves, and the rebalance is seen", run: closes },
    Case { name: "a click on a group tells about it", run: inspects },
    Case { name: "a message of a group says what it is for", run: explains },
];

const GROUP: &str = "\
release 4.2
seed 7
controllers 3
brokers 3
topic orders partitions 3 replicas 3 min.insync.replicas 2
producer topics orders interval 400ms keys 3 acks all
consumer topics orders group shop
consumer topics orders group shop
";

/// What a screen reader says of the group.
const SAID: &str =
    "document.querySelector('[data-testid=stage] [aria-label^=\"Group shop\"]').getAttribute('aria-label')";

fn opens(page: &Page) -> Result<()> {
    page.run("kraftscope.load(arguments[0]); kraftscope.pause()", &[json!(GROUP)]).map(drop)
}

fn fill(page: &Page, field: &str, text: &str) -> Result<()> {
    let body = "const field = document.querySelector(`[data-testid=field-${arguments[0]}]`); \
                field.value = arguments[1]; \
                for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, { bubbles: true }))";
    page.run(body, &[json!(field), json!(text)]).map(drop)
}

fn sets_up(page: &mut Page) -> Result<()> {
    if !page.sees("field-brokers")? {
        page.click("toggle-left")?;
    }
    fill(page, "consumers", "2")?;
    fill(page, "group", "shop")?;
    page.wait_until("document.querySelector('[data-testid=field-set-group-protocol]')")?;
    fill(page, "set-group-protocol", "consumer")?;
    page.wait_until("!document.querySelector('[data-testid=apply]').disabled")?;
    page.click("apply")?;
    page.wait_until(
        "kraftscope.text().includes('group shop') && kraftscope.text().includes('group.protocol consumer')",
    )?;
    page.run("kraftscope.pause(); kraftscope.until('note RebalanceCompleted')", &[])?;
    page.wait_until("kraftscope.view().groups[0].protocol === 'consumer'")
}

fn shows_shares(page: &mut Page) -> Result<()> {
    opens(page)?;
    page.run("kraftscope.until('note RebalanceBegan')", &[])?;
    page.wait_until(&format!("{SAID}.includes('PreparingRebalance')"))?;
    page.run("kraftscope.until('note RebalanceCompleted'); kraftscope.until('acked >= 18')", &[])?;
    page.wait_until(&format!("{SAID}.includes('Stable, generation 1, coordinator: broker ')"))?;
    let owned =
        page.js_text("[...document.querySelectorAll('.st-owned text')].map((e) => e.textContent).join()")?;
    ensure!(owned.matches("orders-").count() == 3, "the members own {owned}");
    ensure!(page.count(".st-coordinates")? == 1, "one broker coordinates the group");
    let rows = page.count("[data-testid=stage] [aria-label^='Partition __consumer_offsets']")?;
    ensure!(rows == 1, "{rows} rows of __consumer_offsets are shown: one keeps the group");
    Ok(())
}

fn closes(page: &mut Page) -> Result<()> {
    opens(page)?;
    page.run("kraftscope.until('acked >= 18')", &[])?;
    page.right_click_css("[data-testid=stage] [role=button][aria-label^='Consumer 2'] text")?;
    page.click("do-close")?;
    page.run("kraftscope.until('note GroupMemberLeft')", &[])?;
    page.wait_until(&format!("{SAID}.includes('waits for consumer 1 to join')"))?;
    page.run("kraftscope.until('note RebalanceCompleted')", &[])?;
    page.wait_until(&format!("{SAID}.includes('generation 2')"))?;
    page.wait_until("document.querySelector('[aria-label^=\"Consumer 2\"]').textContent.includes('Down')")
}

fn inspects(page: &mut Page) -> Result<()> {
    opens(page)?;
    page.run("kraftscope.until('acked >= 18')", &[])?;
    page.click_css("[data-testid=stage] [aria-label^='Group shop'] .st-name")?;
    let facts = "document.querySelector('[data-testid=inspector] .inspector-facts').innerText";
    page.wait_until(&format!("{facts}.includes('Stable') && {facts}.includes('__consumer_offsets-')"))?;
    page.wait_until(&format!("{facts}.includes('generation') && /broker \\d/.test({facts})"))
}

fn explains(page: &mut Page) -> Result<()> {
    opens(page)?;
    page.run("kraftscope.until('note CoordinatorFound')", &[])?;
    let found = "[...document.querySelectorAll('[data-testid=flight] .flight-name')].find((e) => e.textContent.includes('JoinGroup'))";
    page.run(
        "for (let i = 0; i < 60 && !kraftscope.view().flights.some((f) => f.api === 'JoinGroup'); i++) kraftscope.step()",
        &[],
    )?;
    page.wait_until(found)?;
    page.run(&format!("{found}.click()"), &[])?;
    page.wait_until("document.querySelector('[data-testid=inspector]').innerText.includes('next generation')")
}
