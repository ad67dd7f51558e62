//! Everything without a mouse.
use super::{Case, Page};
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "space plays and pauses", run: plays },
    Case { name: "the arrows step forth and back", run: steps },
    Case { name: "a presenter's remote steps", run: remote_steps },
    Case { name: "k stops the selected broker and r starts it again", run: kills },
    Case { name: "the tab key reaches the controls and the focus is seen", run: focus_is_seen },
];

fn plays(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    page.press(&["Space"])?;
    page.wait_until("kraftscope.playing()")?;
    page.press(&["Space"])?;
    page.wait_until("!kraftscope.playing()")
}

fn steps(page: &mut Page) -> Result<()> {
    step_with(page, "ArrowRight", "ArrowLeft")
}

fn remote_steps(page: &mut Page) -> Result<()> {
    step_with(page, "PageDown", "PageUp")
}

/// A step may be one event or more, by the step size, so only the direction is looked at.
fn step_with(page: &mut Page, forth: &str, back: &str) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    let start = event(page)?;
    page.press(&[forth, forth])?;
    page.wait_until(&format!("kraftscope.view().event > {start}"))?;
    page.press(&[forth])?;
    page.wait_until(&format!("kraftscope.view().event > {start} + 1"))?;
    let there = event(page)?;
    page.press(&[back])?;
    page.wait_until(&format!("kraftscope.view().event < {there}"))
}

/// The event at the cursor.
fn event(page: &Page) -> Result<f64> {
    page.js_number("kraftscope.view().event")
}

fn kills(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    page.press(&["2", "k"])?;
    page.wait_until("kraftscope.text().includes('crash broker-2')")?;
    page.press(&["r"])?;
    page.wait_until("kraftscope.text().includes('start broker-2')")
}

/// What has the focus, and whether it shows: by an outline, a shadow, or a stroke in the colour of focus.
const FOCUSED: &str = "
    const element = document.activeElement;
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--focus)';
    const colour = getComputedStyle(probe).color;
    probe.remove();
    const style = getComputedStyle(element);
    const stroked = [element, ...element.children].some((e) => getComputedStyle(e).stroke === colour);
    const shows = style.outlineStyle !== 'none' || style.boxShadow !== 'none' || stroked;
    const name = element.dataset.testid ?? element.getAttribute('aria-label') ?? element.textContent.slice(0, 30);
    return [shows || element === document.body, `${element.tagName} ${name}`];";

/// Twenty tabs reach at least ten different controls.
fn focus_is_seen(page: &mut Page) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        page.press(&["Tab"])?;
        let focused = page.run(FOCUSED, &[])?;
        ensure!(focused[0] == true, "the focus is not seen on {}", focused[1]);
        seen.insert(focused[1].to_string());
    }
    ensure!(seen.len() >= 10, "twenty tabs reached only {seen:?}");
    Ok(())
}
