//! The verbs of [`Page`] do what they say, shown on a page of a few lines: a case that fails elsewhere is then the
//! page's fault, not the harness's.
use super::{Case, Page, View};
use crate::webdriver::Pointer;
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "a click reaches the element of its test id", run: clicks },
    Case { name: "keys arrive with their modifiers", run: presses },
    Case { name: "typed text lands in the field", run: types },
    Case { name: "a mouse and a finger drag along points", run: drags },
    Case { name: "a view has the size, colours, motion and language asked for", run: looks },
    Case { name: "an error on the console fails a case", run: notices_errors },
];

fn clicks(page: &mut Page) -> Result<()> {
    page.show("<button data-testid=b onclick=\"this.textContent += '!'\">go</button>")?;
    page.click("b")?;
    let text = page.text_of("b")?;
    ensure!(text == "go!", "the button says `{text}`");
    Ok(())
}

fn presses(page: &mut Page) -> Result<()> {
    page.show("<p data-testid=p></p>")?;
    let listen = "addEventListener('keydown', (e) => { \
                  document.querySelector('p').textContent += (e.shiftKey ? '^' : '') + e.key + ' '; })";
    page.run(listen, &[])?;
    page.press(&["k", "Space", "Shift+ArrowRight", "Control+k", "."])?;
    let text = page.text_of("p")?;
    ensure!(text == "k ^Shift ^ArrowRight Control k .", "the keys were `{text}`");
    Ok(())
}

fn types(page: &mut Page) -> Result<()> {
    page.show("<input data-testid=i>")?;
    page.type_into("i", "crash 1 之后")?;
    let text = page.js_text("document.querySelector('input').value")?;
    ensure!(text == "crash 1 之后", "the field holds `{text}`");
    Ok(())
}

fn drags(page: &mut Page) -> Result<()> {
    page.show("<div data-testid=d style='width:200px;height:200px;touch-action:none'></div>")?;
    let listen = "window.seen = []; for (const kind of ['pointerdown', 'pointerup']) addEventListener(kind, \
                  (e) => seen.push(`${e.pointerType} ${Math.round(e.clientX)}`))";
    page.run(listen, &[])?;
    let (x, y) = page.middle_of("d")?;
    for pointer in [Pointer::Mouse, Pointer::Touch] {
        page.drag(pointer, &[(x, y), (x + 20, y), (x + 50, y)])?;
    }
    let seen = page.js_text("seen.join(', ')")?;
    let wanted = format!("mouse {x}, mouse {}, touch {x}, touch {}", x + 50, x + 50);
    ensure!(seen == wanted, "seen: {seen}; wanted: {wanted}");
    Ok(())
}

fn looks(page: &mut Page) -> Result<()> {
    page.look(View { dark: true, reduced_motion: true, language: "zh-CN", ..View::phone() })?;
    page.show("<meta name=viewport content='width=device-width'>")?;
    let seen = page.js_text(
        "[innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches, \
          matchMedia('(prefers-reduced-motion: reduce)').matches, navigator.language].join(' ')",
    )?;
    ensure!(seen == "390 844 true true zh-CN", "the view is `{seen}`");
    Ok(())
}

fn notices_errors(page: &mut Page) -> Result<()> {
    page.run("console.error('on purpose')", &[])?;
    let error = page.fail_on_console_errors().err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(error.contains("on purpose"), "the error went by unseen: `{error}`");
    page.expect_console_errors();
    Ok(())
}
