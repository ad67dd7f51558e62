//! A link is a whole session, and comes from strangers.
use super::{Case, Page};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;

pub(super) const CASES: &[Case] = &[
    Case { name: "a share link brings back the same moment", run: shares },
    Case { name: "a reload loses nothing", run: reloads },
    Case { name: "a reload right after an act loses nothing either", run: reloads_at_once },
    Case { name: "a hostile link shows a message and a page that works", run: survives_hostile_links },
];

fn shares(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.until('acked >= 3'); kraftscope.act('crash broker-1'); kraftscope.step(120)", &[])?;
    let before = page.js_text("kraftscope.digest()")?;
    let link = page.js_text("kraftscope.share()")?;
    page.run("localStorage.clear()", &[])?;
    page.open_url(&link)?;
    let after = page.js_text("kraftscope.digest()")?;
    ensure!(before == after, "the link {link} led to {after} instead of {before}");
    Ok(())
}

/// The page keeps the run a moment after the last change.
fn reloads(page: &mut Page) -> Result<()> {
    page.run("const k = kraftscope; k.pause(); k.until('acked >= 3'); k.act('crash broker-2')", &[])?;
    page.run("kraftscope.seek(kraftscope.view().event + 60)", &[])?;
    let before = page.js_text("kraftscope.digest()")?;
    page.wait_until("localStorage.getItem('kraftscope.session') === kraftscope.text()")?;
    page.reload()?;
    let after = page.js_text("kraftscope.digest()")?;
    ensure!(before == after, "the reload led to {after} instead of {before}");
    Ok(())
}

/// The page keeps the run when it goes away, however little time has passed.
fn reloads_at_once(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.until('acked >= 3')", &[])?;
    page.wait_until("localStorage.getItem('kraftscope.session') === kraftscope.text()")?;
    page.run("kraftscope.act('crash broker-2'); kraftscope.seek(kraftscope.view().event + 60)", &[])?;
    let before = page.js_text("kraftscope.digest()")?;
    page.reload()?;
    let after = page.js_text("kraftscope.digest()")?;
    ensure!(before == after, "the reload led to {after} instead of {before}");
    Ok(())
}

/// Half a link, letters that no link holds, markup, a bomb, and runs that nobody can play.
fn survives_hostile_links(page: &mut Page) -> Result<()> {
    let link = page.js_text("kraftscope.share()")?;
    let fragment = link.split_once('#').map_or("", |(_, fragment)| fragment);
    let half = fragment[..fragment.len() / 2].to_string();
    let hostile = [
        half,
        "run=%00%ff%fe".into(),
        "run=<img src=x onerror=\"window.hurt = true\">".into(),
        format!("run={}", "A".repeat(1_000_000)),
        packed(&vec![b'\n'; 50_000_000]),
        packed(b"brokers 4000000000\n----\n"),
        packed(b"<script>window.hurt = true</script>"),
        packed(b"seed 1\n----\nrun 99999999999999999999s\n"),
        packed(b"seed 1\n----\nuntil acked >= 1000000000\n"),
    ];
    for fragment in hostile {
        page.open(&format!("#{fragment}"))?;
        let shown: String = fragment.chars().take(60).collect();
        page.wait_until("[...document.querySelectorAll('[role=alert]')].some((e) => e.innerText.trim())")
            .with_context(|| format!("no message for #{shown}"))?;
        ensure!(page.js("!!window.hurt")? == false, "markup of #{shown} ran");
        let before = page.js_number("kraftscope.step(0)")?;
        let after = page.js_number("kraftscope.step(5)")?;
        ensure!(after >= before + 5.0, "after #{shown} the page stands still at event {after}");
    }
    Ok(())
}

/// A link's fragment with any text in it, as the page itself would pack it.
fn packed(text: &[u8]) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("a vector takes every byte");
    let bytes = encoder.finish().expect("a vector takes every byte");
    format!("run={}", URL_SAFE_NO_PAD.encode(bytes))
}
