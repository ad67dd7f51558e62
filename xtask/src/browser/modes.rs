//! The three modes: the control in the header, ZooKeeper's tree and sessions, Raft groups.
use super::{Case, Page, View};
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    Case { name: "each mode begins the same cluster anew, with the same seed", run: changes },
    Case { name: "the list of releases and the form fit the mode", run: fits },
    Case { name: "an action without a meaning in the mode is named", run: names_what_is_lost },
    Case { name: "the mode changes from the palette, and on a phone from a list", run: other_ways },
    Case { name: "the tree says who is the controller, and a znode tells about itself", run: shows_tree },
    Case { name: "a session that ends by the menu takes the broker's znode with it", run: ends_session },
    Case { name: "a member of the ensemble crashes and starts again by keys", run: loses_member },
    Case { name: "a controller that is cut off wears the badge of a zombie", run: shows_zombie },
    Case { name: "a row is a Raft group that says it has no ISR", run: shows_group },
    Case { name: "a Raft group elects another leader without the controller", run: elects },
    Case { name: "the search for a counterexample takes a mode", run: searches },
];

fn enter(page: &Page, mode: &str, view: &str) -> Result<()> {
    page.click(&format!("mode-{mode}"))?;
    page.wait_until(&format!(
        "kraftscope.view().mode === '{view}' && document.querySelector('[data-testid=mode-{mode}]').getAttribute('aria-pressed') === 'true'"
    ))?;
    let told = page.js_number("(kraftscope.pause(), kraftscope.until('acked >= 5'))")?;
    ensure!(told > 0.0, "in {mode} mode five records are never acknowledged");
    Ok(())
}

fn choose(page: &Page, id: &str, value: &str) -> Result<()> {
    let body = "const field = document.querySelector(`[data-testid=${arguments[0]}]`); field.value = arguments[1]; \
                field.dispatchEvent(new Event('change', { bubbles: true })); return field.value";
    let now = page.run(body, &[json!(id), json!(value)])?;
    ensure!(now == json!(value), "{id} offers no {value}, but {now}");
    Ok(())
}

fn changes(page: &mut Page) -> Result<()> {
    let seed = "document.querySelector('.transport').innerText.match(/seed (\\d+)/)[1]";
    let before = page.js_text(seed)?;
    for (mode, view) in [("zookeeper", "ZooKeeper"), ("kafkaraft", "KafkaRaft"), ("kraft", "KRaft")] {
        enter(page, mode, view)?;
        let told = page.js_number("kraftscope.view().producers[0].acknowledged")?;
        ensure!(told >= 5.0, "in {mode} mode only {told} records were acknowledged");
        let now = page.js_text(seed)?;
        ensure!(now == before, "the seed was {before} and is {now} in {mode} mode");
    }
    ensure!(page.text_of("release")?.contains("4.2"), "KRaft plays another release than before");
    Ok(())
}

fn fits(page: &mut Page) -> Result<()> {
    let releases =
        "[...document.querySelectorAll('[data-testid=release] option')].map((e) => e.value).join(' ')";
    enter(page, "zookeeper", "ZooKeeper")?;
    let offered = page.js_text(releases)?;
    ensure!(offered.starts_with("0.10.2") && offered.ends_with("3.9"), "ZooKeeper is offered {offered}");
    if !page.sees("field-brokers")? {
        page.click("toggle-left")?;
    }
    page.wait_until(
        "document.querySelector('[data-testid=field-zookeepers]') && !document.querySelector('[data-testid=field-controllers]')",
    )?;
    choose(page, "field-zookeepers", "5")?;
    page.wait_until("!document.querySelector('[data-testid=apply]').disabled")?;
    page.click("apply")?;
    page.wait_until("kraftscope.view().zookeepers.length === 5")?;
    enter(page, "kafkaraft", "KafkaRaft")?;
    let offered = page.js_text(releases)?;
    ensure!(offered.starts_with("3.9") && offered.ends_with("4.2"), "kafkaraft is offered {offered}");
    page.wait_until("!document.querySelector('[data-testid=field-group]')")
}

fn names_what_is_lost(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.act('crash controller-1')", &[])?;
    page.click("mode-zookeeper")?;
    page.wait_until("document.querySelector('.notice')?.innerText.includes('You crashed controller 1 (this mode has no controllers')")
}

fn other_ways(page: &mut Page) -> Result<()> {
    page.press(&["/"])?;
    page.type_into("palette-input", "mode: kafkaraft")?;
    page.press(&["Enter"])?;
    page.wait_until("kraftscope.view().mode === 'KafkaRaft'")?;
    page.look(View::phone())?;
    page.open("")?;
    page.click("more-open")?;
    choose(page, "mode", "zookeeper")?;
    page.wait_until("kraftscope.view().mode === 'ZooKeeper'")
}

fn shows_tree(page: &mut Page) -> Result<()> {
    enter(page, "zookeeper", "ZooKeeper")?;
    let branch = "document.querySelector('[data-testid=\"znode-/controller\"]')";
    page.wait_until(&format!("/Broker \\d/.test({branch}.textContent)"))?;
    let ids = page.js_text("document.querySelector('[data-testid=\"znode-/brokers/ids\"]').textContent")?;
    ensure!(ids.contains("3/3"), "/brokers/ids says {ids}");
    ensure!(page.count(".st-controls")? == 1, "one broker wears the controller's badge");
    page.run(&format!("{branch}.focus()"), &[])?;
    page.press(&["Enter"])?;
    let facts = "document.querySelector('[data-testid=inspector]').innerText";
    page.wait_until(&format!("{facts}.includes('/controller') && {facts}.includes('ephemeral')"))?;
    page.wait_until(&format!("{facts}.includes('watched by')"))
}

fn ends_session(page: &mut Page) -> Result<()> {
    enter(page, "zookeeper", "ZooKeeper")?;
    page.press(&["3", "m"])?;
    page.click("do-expire-session")?;
    page.press(&["u"])?;
    page.click("until-session-expired")?;
    page.wait_until(
        "document.querySelector('[data-testid=\"znode-/brokers/ids\"] .st-zsession.is-out')?.textContent === '3'",
    )
}

fn loses_member(page: &mut Page) -> Result<()> {
    enter(page, "zookeeper", "ZooKeeper")?;
    page.run("document.querySelector('[data-testid=stage] [aria-label^=\"ZooKeeper 1\"]').focus()", &[])?;
    page.press(&["Enter", "k"])?;
    page.wait_until("kraftscope.view().zookeepers[0].health === 'Down'")?;
    page.press(&["r"])?;
    page.wait_until("kraftscope.view().zookeepers[0].health === 'Up'")
}

fn shows_zombie(page: &mut Page) -> Result<()> {
    enter(page, "zookeeper", "ZooKeeper")?;
    page.run(
        "const office = kraftscope.view().ensemble.znodes.find((z) => z.path === 'Controller').data.Node; \
         kraftscope.act(`isolate broker-${office}`); kraftscope.until('note SessionExpired')",
        &[],
    )?;
    page.wait_until("document.querySelector('.st-controls.is-bad')")
}

fn shows_group(page: &mut Page) -> Result<()> {
    enter(page, "kafkaraft", "KafkaRaft")?;
    let said = page.js_text(
        "document.querySelector('[data-testid=stage] [aria-label^=\"Partition orders-0\"], [data-testid=stage] [aria-label^=\"orders-0\"]').getAttribute('aria-label')",
    )?;
    ensure!(said.contains("Raft group") && said.contains("no ISR"), "the row is told as {said}");
    page.run("document.querySelector('[data-testid=stage] .st-row').focus()", &[])?;
    page.press(&["Enter"])?;
    let facts = "document.querySelector('[data-testid=inspector]').innerText";
    page.wait_until(&format!("{facts}.includes('a Raft group has no ISR') && {facts}.includes('2 of 3')"))
}

fn elects(page: &mut Page) -> Result<()> {
    enter(page, "kafkaraft", "KafkaRaft")?;
    page.run(
        "const leader = kraftscope.view().partitions[0].leader; kraftscope.act(`crash broker-${leader}`); \
         kraftscope.until('note RaftElectionStarted')",
        &[],
    )?;
    page.wait_until("document.querySelector('.st-card.is-raft-asking')")?;
    page.press(&["u"])?;
    page.click("until-new-leader")?;
    page.wait_until("kraftscope.view().partitions.some((p) => p.leader_epoch > 1)")
}

fn searches(page: &mut Page) -> Result<()> {
    page.click("tab-hunt")?;
    choose(page, "hunt-mode", "kafkaraft")?;
    let releases =
        "[...document.querySelectorAll('[data-testid=hunt-release] option')].map((e) => e.value).join(' ')";
    page.wait_until(&format!("{releases} === '3.9 4.0 4.1 4.2'"))?;
    choose(page, "hunt-mode", "zookeeper")?;
    page.wait_until(&format!("{releases}.startsWith('0.10.2')"))
}
