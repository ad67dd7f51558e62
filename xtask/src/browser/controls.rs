//! The header and the transport, by mouse and by finger.
use super::{Case, Page, View};
use crate::webdriver::Pointer;
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "the page opens on a healthy cluster that moves by itself", run: opens_moving },
    Case { name: "the play button plays and pauses", run: plays },
    Case { name: "buttons step forth and back", run: steps },
    Case { name: "a finger steps on a phone", run: steps_by_touch },
    Case { name: "the language changes at once and stays after a reload", run: keeps_language },
    Case { name: "the colours change at once and stay after a reload", run: keeps_theme },
    Case { name: "every tab of the dock shows its panel", run: shows_panels },
];

fn opens_moving(page: &mut Page) -> Result<()> {
    let before = page.js_number("kraftscope.view().now")?;
    page.wait_until(&format!("kraftscope.view().now > {before}"))?;
    let leaderless =
        page.js_number("kraftscope.view().partitions.filter((p) => p.leader === null).length")?;
    ensure!(leaderless == 0.0, "{leaderless} partitions have no leader");
    let partitions = page.js_number("kraftscope.view().partitions.length")?;
    ensure!(partitions > 0.0, "the page opens on a cluster without a partition");
    Ok(())
}

fn plays(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    page.click("play")?;
    page.wait_until(
        "kraftscope.playing() && document.querySelector('[data-testid=play]').dataset.playing === 'true'",
    )?;
    page.click("play")?;
    page.wait_until(
        "!kraftscope.playing() && document.querySelector('[data-testid=play]').dataset.playing === 'false'",
    )
}

fn steps(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    let start = page.js_number("kraftscope.view().event")?;
    page.click("notable")?;
    page.wait_until(&format!("kraftscope.view().event > {start}"))?;
    let there = page.js_number("kraftscope.view().event")?;
    page.click("back")?;
    page.wait_until(&format!("kraftscope.view().event < {there}"))?;
    page.click("to-start")?;
    page.wait_until("kraftscope.view().event === 0")
}

fn steps_by_touch(page: &mut Page) -> Result<()> {
    page.look(View::phone())?;
    page.open("")?;
    page.run("kraftscope.pause()", &[])?;
    let start = page.js_number("kraftscope.view().event")?;
    let button = page.middle_of("notable")?;
    ensure!(button.0 < 390 && button.1 < 844, "the button lies outside of the screen, at {button:?}");
    page.drag(Pointer::Touch, &[button])?;
    page.wait_until(&format!("kraftscope.view().event > {start}"))
}

fn keeps_language(page: &mut Page) -> Result<()> {
    page.click("language")?;
    page.wait_until("document.documentElement.lang.startsWith('zh')")?;
    page.reload()?;
    page.wait_until("document.documentElement.lang.startsWith('zh')")?;
    page.click("language")?;
    page.wait_until("document.documentElement.lang.startsWith('en')")
}

fn keeps_theme(page: &mut Page) -> Result<()> {
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = page.js_text(ground)?;
    for _ in 0..3 {
        if page.js_text(ground)? == light {
            page.click("theme")?;
            page.wait_for_paint()?;
        }
    }
    let dark = page.js_text(ground)?;
    ensure!(dark != light, "three presses left the ground at {light}");
    page.reload()?;
    page.wait_for_paint()?;
    let kept = page.js_text(ground)?;
    ensure!(kept == dark, "the reload made {kept} of {dark}");
    Ok(())
}

fn shows_panels(page: &mut Page) -> Result<()> {
    let tabs = page.js_text(
        "[...document.querySelectorAll('[data-testid^=\"tab-\"]')].map((e) => e.dataset.testid).join(' ')",
    )?;
    ensure!(tabs.split(' ').count() >= 3, "the tabs are `{tabs}`");
    for tab in tabs.split(' ') {
        let panel = format!("[data-testid=\"{}\"]", tab.replace("tab-", "panel-"));
        if page.count(&panel)? == 0 {
            page.click(tab)?;
        }
        page.wait_until(&format!("document.querySelector('{panel}')?.checkVisibility()"))?;
    }
    Ok(())
}
