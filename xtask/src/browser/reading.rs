//! What a person reads, on every screen, in both languages and with every sense.
use super::{Case, Page, View};
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "nothing scrolls sideways on a phone, a projector or a laptop", run: no_sideways_scrolling },
    Case { name: "the page speaks the language that the browser asks for", run: speaks_chinese },
    Case { name: "no key of a language file is shown in place of words", run: no_bare_keys },
    Case { name: "every control has a name for a screen reader", run: controls_have_names },
    Case { name: "text stands out from its ground in light and dark", run: contrast },
    Case { name: "reduced motion draws no flight", run: reduced_motion },
    Case { name: "no word of the stage stands on another", run: words_keep_apart },
    Case {
        name: "on a phone a lesson leaves the partition in sight that it speaks of",
        run: lesson_on_a_phone,
    },
    Case {
        name: "no button is too small for its words, on a projector in large type neither",
        run: buttons_hold_their_words,
    },
    Case { name: "the panels are as wide as their words, however long", run: panels_hold_their_words },
];

/// The text nodes on which a contrast check is possible: (text, ratio, needed).
const CONTRAST: &str = include_str!("contrast.js");

fn no_sideways_scrolling(page: &mut Page) -> Result<()> {
    let laptop = View::default();
    for view in [
        View::phone(),
        View { language: "zh-CN", ..View::phone() },
        View { width: 1024, height: 768, ..laptop },
        laptop,
    ] {
        page.look(view)?;
        page.open("")?;
        let width = page.js_number("document.documentElement.scrollWidth")?;
        ensure!(
            width <= f64::from(view.width),
            "the page is {width} CSS pixels wide on a screen of {}",
            view.width
        );
    }
    Ok(())
}

fn speaks_chinese(page: &mut Page) -> Result<()> {
    let english = page.js_text("document.documentElement.lang")?;
    ensure!(english.starts_with("en"), "the page says it is in `{english}`");
    page.look(View { language: "zh-CN", ..View::default() })?;
    page.open("")?;
    let chinese = page.js_text("document.documentElement.lang")?;
    ensure!(chinese.starts_with("zh"), "the page says it is in `{chinese}`");
    let letters = page.js_number("(document.body.innerText.match(/[\\u4e00-\\u9fff]/g) ?? []).length")?;
    ensure!(letters > 50.0, "only {letters} Chinese characters are on the page");
    Ok(())
}

fn no_bare_keys(page: &mut Page) -> Result<()> {
    for language in ["en", "zh-CN"] {
        page.look(View { language, ..View::default() })?;
        page.open("")?;
        page.run("kraftscope.pause(); kraftscope.until('acked >= 3'); kraftscope.act('crash broker-1'); kraftscope.step(200)", &[])?;
        page.wait_for_paint()?;
        let bare = page.js_text(
            "(document.body.innerText.match(/\\b[a-z][a-z-]+(\\.[a-z][a-z_-]+)+\\b/g) ?? []).join(' ')",
        )?;
        let bare: Vec<&str> = bare.split(' ').filter(|word| is_bare_key(word)).collect();
        ensure!(bare.is_empty(), "these look like keys: {bare:?}");
    }
    Ok(())
}

/// Kafka's settings have dots as well, so a key is known by how our keys begin.
fn is_bare_key(word: &str) -> bool {
    ["note.", "why.", "stage.", "inspector.", "dock.", "lesson.", "header.", "error."]
        .iter()
        .any(|start| word.starts_with(start))
}

fn controls_have_names(page: &mut Page) -> Result<()> {
    let nameless = page.js_text(
        "[...document.querySelectorAll('button, a[href], input, select, textarea, [role=button], [role=tab], [tabindex=\"0\"]')] \
         .filter((e) => e.checkVisibility()) \
         .filter((e) => ![e.getAttribute('aria-label'), e.getAttribute('aria-labelledby'), e.title, e.textContent, \
                          e.labels?.[0]?.textContent].some((name) => name?.trim())) \
         .map((e) => e.outerHTML.slice(0, 120)).join('\\n')",
    )?;
    ensure!(nameless.is_empty(), "controls without a name:\n{nameless}");
    Ok(())
}

fn contrast(page: &mut Page) -> Result<()> {
    for dark in [false, true] {
        page.look(View { dark, ..View::default() })?;
        page.wait_for_paint()?;
        let faint = page.run(CONTRAST, &[])?;
        let faint: Vec<&str> =
            faint.as_array().into_iter().flatten().filter_map(|line| line.as_str()).collect();
        ensure!(faint.is_empty(), "dark: {dark}; too faint:\n{}", faint.join("\n"));
    }
    Ok(())
}

fn reduced_motion(page: &mut Page) -> Result<()> {
    page.look(View { reduced_motion: true, ..View::default() })?;
    page.open("")?;
    page.wait_for_paint()?;
    let moving =
        page.js_number("document.getAnimations().filter((a) => a.playState === 'running').length")?;
    ensure!(moving == 0.0, "{moving} animations run although the person asked for none");
    Ok(())
}

/// Pairs of words in the picture that cover one another.
const COLLISIONS: &str = "const words = [...document.querySelectorAll('[data-testid=stage] svg text')]
    .map((e) => [e.textContent, e.getBoundingClientRect()]).filter(([text, r]) => text.trim() && r.width);
  const shared = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  return words.flatMap(([a, r], i) => words.slice(i + 1)
    .filter(([b, other]) => a !== b && shared(r, other)).map(([b]) => `${a} / ${b}`)).join('; ')";

/// Moments with many words: a failover, a partition that moves on four brokers, several epochs, one-way cuts, a group.
const CROWDED: [&str; 5] = [
    "k.until('acked >= 5'); k.act('crash broker-1'); k.until('leader orders-0 != broker-1'); k.step(400)",
    "k.load('controllers 3\\nbrokers 4\\ntopic orders partitions 2 replicas 3 first-broker 1\\n\
     producer topics orders interval 400ms\\n----\\nuntil ready\\nreassign orders-0 4,2,3\\n'); k.step(8)",
    "k.until('acked >= 5'); k.act('crash broker-1'); k.until('leader orders-0 != broker-1'); k.act('start broker-1'); \
     k.until('isr orders-0 = 1,2,3'); k.act('elect orders-0'); k.step(900)",
    "k.until('acked >= 5'); k.act('cut broker-1 -> broker-2'); k.act('cut controller-1 -> broker-1'); k.step(50)",
    "k.load('controllers 3\\nbrokers 3\\ntopic orders partitions 3 replicas 3\\nproducer topics orders interval 400ms\\n\
     consumer topics orders group shop\\nconsumer topics orders group shop\\n'); k.until('acked >= 20')",
];

fn words_keep_apart(page: &mut Page) -> Result<()> {
    for view in [View::phone(), View { width: 1024, height: 768, ..View::default() }, View::default()] {
        page.look(view)?;
        for moment in CROWDED {
            page.open("?new")?;
            page.run(&format!("const k = kraftscope; k.pause(); {moment}"), &[])?;
            page.wait_for_paint()?;
            let found = page.run(COLLISIONS, &[])?;
            ensure!(found == "", "{} wide, after `{moment}`: {found}", view.width);
        }
    }
    Ok(())
}

fn lesson_on_a_phone(page: &mut Page) -> Result<()> {
    page.look(View::phone())?;
    page.open("")?;
    page.run("kraftscope.lesson('05-acknowledged-and-lost')", &[])?;
    page.wait_for_paint()?;
    let bottom = |css: &str, edge: &str| {
        page.js_number(&format!("document.querySelector('{css}').getBoundingClientRect().{edge}"))
    };
    let (card, sheet) = (bottom(".st-card", "bottom")?, bottom(".side.left", "top")?);
    ensure!(card <= sheet, "the partition ends at {card}, the lesson begins at {sheet}");
    ensure!(page.sees("sentence")?, "the sentence of the moment is hidden");
    ensure!(!page.sees("play")?, "the lesson's buttons and the transport compete");
    // The last step is the student's turn.
    page.run("localStorage.setItem('kraftscope.progress', '05-acknowledged-and-lost 5 0,0,0,0,0,-')", &[])?;
    page.reload()?;
    page.run("kraftscope.lesson('05-acknowledged-and-lost')", &[])?;
    page.wait_until("document.querySelector('[data-testid=goal][data-reached=false]')")?;
    ensure!(page.sees("play")?, "time cannot be let run while the student has to act");
    Ok(())
}

fn panels_hold_their_words(page: &mut Page) -> Result<()> {
    page.run("const k = kraftscope; k.pause(); k.until('acked >= 3')", &[])?;
    for key in ["w", "1"] {
        page.press(&[key])?;
        page.wait_for_paint()?;
        let wide = page.js_number(
            "Math.max(...[...document.querySelectorAll('.side.right *')].map((e) => e.getBoundingClientRect().right))",
        )?;
        ensure!(wide <= 1440.0, "after {key} the right panel reaches to {wide}");
    }
    Ok(())
}

/// Buttons whose words are wider than they are.
const TIGHT: &str = "return [...document.querySelectorAll('button')].filter((e) => e.checkVisibility())
    .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.trim()).join('; ')";

fn buttons_hold_their_words(page: &mut Page) -> Result<()> {
    let projector = View { width: 1024, height: 768, ..View::default() };
    for view in [projector, View { language: "zh-CN", ..View::phone() }, View::default()] {
        page.look(view)?;
        page.open("?new")?;
        page.run(
            "const k = kraftscope; k.pause(); k.until('acked >= 3'); k.act('crash broker-1'); k.step(30)",
            &[],
        )?;
        for key in ["Escape", "f", "f"] {
            page.wait_for_paint()?;
            let tight = page.run(TIGHT, &[])?;
            ensure!(tight == "", "{} wide, before {key}: {tight}", view.width);
            page.press(&[key])?;
        }
    }
    Ok(())
}
