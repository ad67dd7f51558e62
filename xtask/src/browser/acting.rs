//! Breaking the cluster and asking why: menus, palette, conditions, lists, branches.
use super::{Case, Page};
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "the menu of a broker crashes it and control z takes that back", run: crashes_and_undoes },
    Case { name: "a click on a broker tells about it and why", run: inspects },
    Case { name: "the palette carries out a line of scenario text", run: obeys_the_palette },
    Case { name: "the palette finds a command by a few letters", run: finds_by_letters },
    Case { name: "time runs until a condition holds", run: runs_until },
    Case { name: "escape closes what lies over the page", run: escape_closes },
    Case { name: "a message in flight can be dropped from the list", run: drops_from_the_list },
    Case { name: "acting in the past forks and the old branch is kept", run: forks },
    Case { name: "another shape of the cluster is built on request", run: reshapes },
    Case { name: "a spare controller gets its vote from its menu", run: gives_a_vote },
    Case { name: "a partition gets a replica from its menu and moves by a line of text", run: reassigns },
    Case { name: "presenting shows the stage and little else", run: presents },
];

/// The name at the head of the broker's column; below it lie its replicas.
const BROKER_2: &str = "[data-testid=stage] [role=button][aria-label^='Broker 2'] text";

fn ready(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.until('acked >= 5')", &[])?;
    page.wait_for_paint()
}

fn crashes_and_undoes(page: &mut Page) -> Result<()> {
    ready(page)?;
    page.right_click_css(BROKER_2)?;
    page.click("do-crash")?;
    page.wait_until("kraftscope.text().includes('crash broker-2')")?;
    page.wait_until("kraftscope.view().brokers.find((b) => b.id === 2).health !== 'Up'")?;
    page.press(&["Control+z"])?;
    page.wait_until("!kraftscope.text().includes('crash broker-2')")?;
    page.wait_until("kraftscope.view().brokers.find((b) => b.id === 2).health === 'Up'")
}

fn inspects(page: &mut Page) -> Result<()> {
    ready(page)?;
    page.click_css(BROKER_2)?;
    page.wait_until("document.querySelector('[data-testid=inspector]')?.innerText.includes('roker 2')")?;
    page.run("kraftscope.act('crash broker-1'); kraftscope.until('leader orders-0 != broker-1')", &[])?;
    page.wait_until("document.querySelector('[data-testid=sentence]').innerText.length > 20")?;
    let why = page.text_of("why-line")?;
    ensure!(why.len() > 20, "the page gives no reason but `{why}`");
    Ok(())
}

fn obeys_the_palette(page: &mut Page) -> Result<()> {
    ready(page)?;
    page.press(&["/"])?;
    page.type_into("palette-input", "pause broker-3")?;
    page.press(&["Enter"])?;
    page.wait_until("kraftscope.text().includes('pause broker-3')")?;
    ensure!(!page.sees("palette-dialogue")?, "the palette is still open");
    Ok(())
}

fn finds_by_letters(page: &mut Page) -> Result<()> {
    ready(page)?;
    page.press(&["Control+k"])?;
    page.type_into("palette-input", "crash broker 3")?;
    page.wait_until("document.querySelectorAll('[data-testid=palette-item]').length > 0")?;
    page.click("palette-item")?;
    page.wait_until("kraftscope.text().includes('crash broker-3')")
}

fn runs_until(page: &mut Page) -> Result<()> {
    ready(page)?;
    page.press(&["u"])?;
    page.type_into("until-input", "acked >= 20")?;
    page.click("until-go")?;
    page.wait_until("kraftscope.view().producers.reduce((sum, p) => sum + p.acknowledged, 0) >= 20")
}

fn escape_closes(page: &mut Page) -> Result<()> {
    ready(page)?;
    for key in ["?", "/", "u"] {
        page.press(&[key])?;
        page.wait_until("document.querySelectorAll('[role=dialog]').length === 1")?;
        page.wait_until("document.querySelector('[role=dialog]').contains(document.activeElement)")
            .map_err(|error| error.context(format!("the focus is not in what `{key}` opened")))?;
        page.press(&["Escape"])?;
        page.wait_until("document.querySelectorAll('[role=dialog]').length === 0")?;
    }
    Ok(())
}

fn drops_from_the_list(page: &mut Page) -> Result<()> {
    ready(page)?;
    if !page.sees("flights")? {
        page.click("toggle-right")?;
    }
    page.run("while (kraftscope.view().flights.length === 0) kraftscope.step()", &[])?;
    let flights = page.js_number("kraftscope.view().flights.length")?;
    page.click("flight-drop")?;
    page.wait_until("/\\bdrop \\d+/.test(kraftscope.text())")?;
    let left = page.js_number("kraftscope.view().flights.length")?;
    ensure!(left < flights, "{flights} messages were in flight before, {left} after");
    Ok(())
}

fn forks(page: &mut Page) -> Result<()> {
    ready(page)?;
    page.run(
        "const k = kraftscope; k.act('crash broker-1'); k.step(300); k.back(200); k.act('crash broker-2')",
        &[],
    )?;
    page.wait_until("document.querySelector('[data-testid=branches], [data-testid=notice-back]')")?;
    let text = page.js_text("kraftscope.text()")?;
    ensure!(text.contains("crash broker-1") && text.contains("crash broker-2"), "the run is now:\n{text}");
    Ok(())
}

fn reshapes(page: &mut Page) -> Result<()> {
    ready(page)?;
    if !page.sees("field-brokers")? {
        page.click("toggle-left")?;
    }
    let set = "const field = document.querySelector('[data-testid=field-brokers]'); field.value = ''; field.focus()";
    page.run(set, &[])?;
    page.type_into("field-brokers", "5")?;
    page.press(&["Tab"])?;
    page.click("apply")?;
    page.wait_until("kraftscope.view().brokers.length === 5")
}

fn gives_a_vote(page: &mut Page) -> Result<()> {
    let text = "controllers 3 spare 1\\nbrokers 1\\n----\\nuntil ready\\nstart controller-4\\nrun 3s\\n";
    page.run(&format!("kraftscope.load('{text}'); kraftscope.pause()"), &[])?;
    page.wait_for_paint()?;
    page.wait_until("kraftscope.view().controllers[3].role === 'Observer'")?;
    page.right_click_css("[data-testid=stage] [role=button][aria-label^='Controller 4'] text")?;
    page.click("do-add-voter")?;
    page.wait_until("kraftscope.text().includes('add-voter controller-4')")?;
    page.run("kraftscope.until('note VotersCommitted')", &[])?;
    page.wait_until("kraftscope.view().controllers[3].voter")?;
    page.run("kraftscope.act('replace-disk controller-4')", &[])?;
    page.wait_until("!kraftscope.view().controllers[3].voter")
}

fn reassigns(page: &mut Page) -> Result<()> {
    let text = "controllers 3\\nbrokers 4\\ntopic orders partitions 1 replicas 3 min.insync.replicas 2 \
                first-broker 1\\nproducer topics orders interval 400ms\\n----\\nuntil ready\\n";
    page.run(&format!("kraftscope.load('{text}'); kraftscope.pause()"), &[])?;
    page.wait_for_paint()?;
    page.right_click_css("[data-testid=stage] .st-row text")?;
    page.click("do-replica-add")?;
    page.wait_until("kraftscope.text().includes('reassign orders-0 1,2,3,4')")?;
    page.wait_until("kraftscope.view().partitions[0].adding.length === 1")?;
    page.run("kraftscope.until('note ReassignmentCompleted')", &[])?;
    page.wait_until("kraftscope.view().partitions[0].isr.length === 4")?;
    page.press(&["/"])?;
    page.type_into("palette-input", "reassign orders-0 4,2,3")?;
    page.press(&["Enter"])?;
    page.wait_until("kraftscope.text().includes('reassign orders-0 4,2,3')")?;
    page.wait_until("kraftscope.view().partitions[0].copies.length === 3")
}

fn presents(page: &mut Page) -> Result<()> {
    ready(page)?;
    let before = page.js_number("document.querySelector('[data-testid=stage]').clientWidth")?;
    page.press(&["f"])?;
    page.wait_until("!document.querySelector('[data-testid=inspector]')?.checkVisibility()")?;
    page.wait_for_paint()?;
    let after = page.js_number("document.querySelector('[data-testid=stage]').clientWidth")?;
    ensure!(after >= before, "the stage shrank from {before} to {after}");
    page.press(&["f"])?;
    page.wait_until(
        "document.querySelector('[data-testid=present]')?.getAttribute('aria-pressed') === 'false'",
    )
}
