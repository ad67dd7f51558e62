//! The lessons, taken by a student who always gives the first answer and asks for the solution.
use super::{Case, Page};
use crate::shell;
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    Case { name: "every lesson can be taken to its end by its buttons", run: can_be_taken },
    Case { name: "a prediction is judged after the run and not before", run: judges_late },
    Case { name: "a reload keeps the lesson open at its step", run: reloads },
];

/// Presses that no lesson needs more of.
const MOST_PRESSES: usize = 120;

fn can_be_taken(page: &mut Page) -> Result<()> {
    let chapters = shell::root().join("tutorials/chapters");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&chapters).context("no chapters")? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    ensure!(!names.is_empty(), "there is no lesson");
    for name in names {
        open(page, &name)?;
        take(page).with_context(|| format!("lesson {name}"))?;
    }
    Ok(())
}

fn open(page: &mut Page, name: &str) -> Result<()> {
    let answer = page.run("return kraftscope.lesson(arguments[0])", &[json!(name)])?;
    ensure!(answer.is_null(), "lesson {name} does not open: {answer}");
    page.wait_until("document.querySelector('[data-testid=lesson]')?.checkVisibility()")
}

/// Presses the one button that is next, until the lesson offers to be left.
fn take(page: &mut Page) -> Result<()> {
    for _ in 0..MOST_PRESSES {
        let before = page.js_text(STATE)?;
        if page.count("[data-testid=predict][data-answered=false]")? > 0 {
            page.click("answer-0")?;
        } else if page.sees("lesson-skip")? {
            page.click("lesson-skip")?;
        } else if page.sees("lesson-run")? {
            page.click("lesson-run")?;
        } else if page.count("[data-testid=goal][data-reached=false]")? > 0 {
            page.click("solve")?;
        } else if page.sees("lesson-next")? {
            page.click("lesson-next")?;
        } else if page.sees("lesson-leave")? {
            let done = page.js_text("document.querySelector('[data-testid=lesson]').dataset.done")?;
            ensure!(done == "true", "the last step is reached, but the lesson is not done");
            return Ok(());
        } else {
            bail!("no button leads on: {before}");
        }
        page.wait_until(&format!("({STATE}) !== {}", json!(before)))?;
    }
    bail!("{MOST_PRESSES} presses did not reach the end")
}

/// What of a lesson changes with a press.
const STATE: &str = "[document.querySelector('[data-testid=lesson]')?.dataset.step, \
    ...[...document.querySelectorAll('[data-testid=predict], [data-testid=goal]')].map((e) => e.dataset.answered + e.dataset.reached), \
    ...[...document.querySelectorAll('.turn button')].map((e) => e.dataset.testid), \
    !!document.querySelector('[data-testid=after]'), kraftscope.view().event].join(' ')";

fn judges_late(page: &mut Page) -> Result<()> {
    open(page, "03-leader-dies")?;
    for _ in 0..MOST_PRESSES {
        if page.count("[data-testid=predict][data-answered=false]")? > 0 {
            break;
        }
        let next = ["lesson-skip", "lesson-run", "lesson-next"]
            .into_iter()
            .find(|id| page.sees(id).unwrap_or(false));
        let before = page.js_text(STATE)?;
        page.click(next.context("no button leads on to a prediction")?)?;
        page.wait_until(&format!("({STATE}) !== {}", json!(before)))?;
    }
    page.click("answer-0")?;
    page.wait_until("document.querySelector('[data-testid=predict]').dataset.answered === 'true'")?;
    ensure!(
        page.count("[data-verdict=right], [data-verdict=wrong]")? == 0,
        "the answer is judged before the run"
    );
    // The answer lets the script play by itself; its end is a press away.
    page.click("lesson-skip")?;
    page.wait_until("document.querySelector('[data-verdict=right]')")
}

fn reloads(page: &mut Page) -> Result<()> {
    const STEP: &str = "document.querySelector('[data-testid=lesson]').dataset.step";
    open(page, "03-leader-dies")?;
    page.click("lesson-next")?;
    page.wait_until("document.querySelector('[data-testid=predict]') || kraftscope.playing() === false")?;
    let before = (page.js_text(STEP)?, page.js_text("kraftscope.digest()")?);
    page.reload()?;
    page.wait_until("document.querySelector('[data-testid=lesson]')?.checkVisibility()")?;
    let after = (page.js_text(STEP)?, page.js_text("kraftscope.digest()")?);
    ensure!(before == after, "the reload led to {after:?} instead of {before:?}");
    page.run("kraftscope.lesson('')", &[])?;
    page.reload()?;
    ensure!(!page.sees("lesson")?, "a lesson that was left is open again");
    Ok(())
}
