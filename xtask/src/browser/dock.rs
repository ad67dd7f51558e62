//! The dock: timeline, events, checks; by mouse and by keyboard.
use super::{Case, Page, View};
use crate::webdriver::Pointer;
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    Case { name: "a drag on the timeline goes to that time", run: drags_to_a_time },
    Case { name: "the caret stands at the time of the cursor", run: caret_follows },
    Case { name: "a stretch is chosen by keys, looped, and escape ends it", run: loops },
    Case { name: "zooming shows less, and all again", run: zooms },
    Case { name: "a flag is moved by arrow keys and taken away by the delete key", run: flags_by_keys },
    Case {
        name: "a flag is dragged to another time, again and again, and leaves one branch behind",
        run: flags_by_mouse,
    },
    Case { name: "an act in the past keeps the old course, one press away", run: branches },
    Case { name: "a click on an event goes there", run: event_by_click },
    Case { name: "arrow keys choose an event and enter goes there", run: event_by_keys },
    Case { name: "the list shows what is searched, and every event if asked", run: filters },
    Case { name: "every promise has a row that says how it stands", run: checks },
    Case { name: "promises of other modes are folded away", run: folds_other_modes },
    Case { name: "the panel's height is kept", run: keeps_height },
    Case { name: "a finger seeks on a phone", run: seeks_by_touch },
];

/// A run with a past, held still.
fn past(page: &Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.act('crash 1'); kraftscope.step(1500)", &[])?;
    page.wait_for_paint()
}

fn focus(page: &Page, id: &str) -> Result<()> {
    page.wait_until(&format!("document.querySelector('[data-testid=\"{id}\"]')"))?;
    page.run("document.querySelector(`[data-testid=\"${arguments[0]}\"]`).focus()", &[json!(id)]).map(drop)
}

/// Left edge, width and middle height of the lanes.
fn lanes(page: &Page) -> Result<(i64, i64, i64)> {
    let part = |name: &str| {
        page.js_number(&format!("document.querySelector('.tl-canvas').getBoundingClientRect().{name}"))
    };
    let middle = part("y")? + part("height")? * 0.05;
    Ok((part("x")? as i64, part("width")? as i64, middle as i64))
}

fn drags_to_a_time(page: &mut Page) -> Result<()> {
    past(page)?;
    let (left, width, y) = lanes(page)?;
    let end = page.js_number("kraftscope.view().now")?;
    page.drag(Pointer::Mouse, &[(left + width / 2, y), (left + width / 3, y), (left + width / 4, y)])?;
    page.wait_until(&format!("kraftscope.view().now < {end} * 0.5"))?;
    page.wait_until("!kraftscope.playing()")
}

fn caret_follows(page: &mut Page) -> Result<()> {
    past(page)?;
    let caret = "document.querySelector('[data-testid=caret]').getBoundingClientRect().x";
    let at_end = page.js_number(caret)?;
    page.run("kraftscope.seek(10)", &[])?;
    page.wait_until(&format!("{caret} < {at_end} - 50"))?;
    let value = "document.querySelector('[data-testid=timeline]').ariaValueText";
    page.wait_until(&format!("{value} === document.querySelector('[data-testid=time]').textContent"))
}

fn loops(page: &mut Page) -> Result<()> {
    past(page)?;
    page.run("kraftscope.seek(500)", &[])?;
    focus(page, "timeline")?;
    page.press(&["["])?;
    page.wait_until("document.querySelector('[data-testid=loop]') && kraftscope.playing()")?;
    page.press(&["Escape"])?;
    page.wait_until("!document.querySelector('[data-testid=loop]')")
}

fn zooms(page: &mut Page) -> Result<()> {
    past(page)?;
    let axis = "document.querySelector('.tl-axis').textContent";
    let whole = page.js_text(axis)?;
    page.click("zoom-in")?;
    page.click("zoom-in")?;
    page.wait_until(&format!("{axis} !== {}", json!(whole)))?;
    page.click("zoom-all")?;
    page.wait_until(&format!("{axis} === {}", json!(whole)))?;
    focus(page, "timeline")?;
    page.press(&["+"])?;
    page.wait_until(&format!("{axis} !== {}", json!(whole)))?;
    page.press(&["0"])?;
    page.wait_until(&format!("{axis} === {}", json!(whole)))
}

fn flags_by_keys(page: &mut Page) -> Result<()> {
    past(page)?;
    let before = page.js_text("kraftscope.text()")?;
    focus(page, "flag-0")?;
    page.press(&["ArrowRight", "ArrowRight", "ArrowRight", "Enter"])?;
    page.wait_until(&format!("kraftscope.text() !== {}", json!(before)))?;
    ensure!(page.js_text("kraftscope.text()")?.contains("crash broker-1"), "the move lost the action");
    focus(page, "flag-0")?;
    page.press(&["Delete"])?;
    page.wait_until("!document.querySelector('[data-testid=flag-0]')")?;
    page.wait_until("!kraftscope.text().includes('crash broker-1')")
}

fn flags_by_mouse(page: &mut Page) -> Result<()> {
    past(page)?;
    let before = page.js_text("kraftscope.text()")?;
    let (x, y) = page.middle_of("flag-0")?;
    page.drag(Pointer::Mouse, &[(x, y), (x + 20, y), (x + 60, y)])?;
    page.wait_until(&format!("kraftscope.text() !== {}", json!(before)))?;
    ensure!(page.js_text("kraftscope.text()")?.contains("crash broker-1"), "the drag lost the action");
    // The flag is put elsewhere three times: one course of events from before, and one with the last place.
    for by in [20, -30] {
        let before = page.js_text("kraftscope.text()")?;
        let (x, y) = page.middle_of("flag-0")?;
        page.drag(Pointer::Mouse, &[(x, y), (x + by, y), (x + 2 * by, y)])?;
        page.wait_until(&format!("kraftscope.text() !== {}", json!(before)))?;
    }
    page.wait_until("document.querySelectorAll('.button[data-testid^=branch-]').length === 2")
}

fn branches(page: &mut Page) -> Result<()> {
    past(page)?;
    let old = page.js_text("kraftscope.digest()")?;
    page.run("kraftscope.seek(400); kraftscope.act('pause 2')", &[])?;
    page.wait_until("document.querySelector('[data-testid=branch-1]')")?;
    page.click("branch-0")?;
    page.wait_until(&format!("kraftscope.digest() === {}", json!(old)))
}

fn events(page: &Page) -> Result<()> {
    past(page)?;
    page.click("tab-events")?;
    page.wait_until("document.querySelectorAll('[data-testid=event-row]').length > 3")
}

fn event_by_click(page: &mut Page) -> Result<()> {
    events(page)?;
    let row = "document.querySelector('[data-testid=event-row]')";
    let event = page.js_text(&format!("{row}.dataset.event"))?;
    page.run(&format!("{row}.click()"), &[])?;
    page.wait_until(&format!("kraftscope.view().event === {event}"))
}

fn event_by_keys(page: &mut Page) -> Result<()> {
    events(page)?;
    let end = page.js_number("kraftscope.view().event")?;
    focus(page, "events")?;
    page.press(&["ArrowUp", "ArrowUp", "Enter"])?;
    page.wait_until(&format!("kraftscope.view().event < {end}"))?;
    page.press(&["Home", "Enter"])?;
    page.wait_until(
        "document.querySelector('[aria-selected=true][data-testid=event-row]')?.id === 'event-row-0'",
    )
}

fn filters(page: &mut Page) -> Result<()> {
    events(page)?;
    let count = |page: &Page| -> Result<f64> {
        page.wait_until("!document.querySelector('[data-testid=events-count]').textContent.includes('…')")?;
        page.js_number("parseInt(document.querySelector('[data-testid=events-count]').textContent)")
    };
    let notes = count(page)?;
    page.click("events-every")?;
    page.wait_until("document.querySelector('[data-testid=events-every]').ariaPressed === 'true'")?;
    let every = count(page)?;
    ensure!(every > notes, "{every} rows for every event, {notes} for the notes");
    page.click("events-every")?;
    page.type_into("events-search", "fenced")?;
    page.wait_until("document.querySelector('[data-testid=events-search]').value === 'fenced'")?;
    let found = count(page)?;
    ensure!(0.0 < found && found < notes, "{found} of {notes} rows speak of fencing");
    let text = page.text_of("event-row")?;
    ensure!(text.to_lowercase().contains("fenced"), "a row without the word: {text}");
    Ok(())
}

fn checks(page: &mut Page) -> Result<()> {
    past(page)?;
    page.click("tab-checks")?;
    page.wait_until("document.querySelectorAll('tr[data-state]').length > 40")?;
    let broken = page.count("tr[data-state=broken]")?;
    ensure!(broken == 0, "{broken} promises are broken in a run with one crash");
    let row = page.text_of("check-K1")?;
    ensure!(row.contains("At most one node"), "the row says `{row}`");
    let tab = page.text_of("tab-checks")?;
    ensure!(tab.contains('✓'), "the tab says `{tab}`");
    Ok(())
}

fn folds_other_modes(page: &mut Page) -> Result<()> {
    page.js("kraftscope.mode('zookeeper')")?;
    page.click("tab-checks")?;
    page.wait_until("document.querySelector('[data-testid=check-Z1]')")?;
    let foreign = page.count("[data-testid=check-K1], [data-testid=check-R1]")?;
    ensure!(foreign == 0, "{foreign} promises of other modes are shown with ZooKeeper");
    page.click("checks-more")?;
    page.wait_until("document.querySelector('[data-testid=check-K1]').dataset.state === 'void'")?;
    page.click("checks-more")?;
    page.wait_until("!document.querySelector('[data-testid=check-K1]')")?;
    page.js("kraftscope.mode('kafkaraft')")?;
    page.wait_until("document.querySelector('[data-testid=check-R1]')")?;
    let foreign = page.count("[data-testid=check-Z1], [data-testid=check-P3]")?;
    ensure!(foreign == 0, "{foreign} promises of other modes are shown with kafkaraft");
    Ok(())
}

fn keeps_height(page: &mut Page) -> Result<()> {
    let height = "document.querySelector('[role=tabpanel]').offsetHeight";
    let before = page.js_number(height)?;
    focus(page, "dock-handle")?;
    page.press(&["ArrowUp", "ArrowUp"])?;
    page.wait_until(&format!("{height} === {before} + 32"))?;
    page.reload()?;
    page.wait_until(&format!("{height} === {before} + 32"))
}

fn seeks_by_touch(page: &mut Page) -> Result<()> {
    page.look(View::phone())?;
    page.open("")?;
    page.click("tab-timeline")?;
    past(page)?;
    let (left, width, y) = lanes(page)?;
    let end = page.js_number("kraftscope.view().now")?;
    page.drag(Pointer::Touch, &[(left + width / 2, y), (left + width / 4, y)])?;
    page.wait_until(&format!("kraftscope.view().now < {end} * 0.6"))
}
