//! The page's handle, `window.kraftscope`: a run is a value, and every way to a moment leads to the same one.
use super::{Case, Page};
use crate::shell;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

pub(super) const CASES: &[Case] = &[
    Case { name: "steps forth and back pass through the same states", run: steps_back },
    Case { name: "a seek lands where the steps led", run: seeks },
    Case { name: "WebAssembly and native code compute the same cluster", run: same_as_native },
    Case { name: "an action that is not possible is refused with a reason", run: refuses },
    Case { name: "a scenario with an error is refused and the cluster stays", run: keeps_the_cluster },
];

fn steps_back(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.seek(0)", &[])?;
    let forth = "const seen = [kraftscope.digest()]; \
                 for (let i = 0; i < 80; i++) { kraftscope.step(); seen.push(kraftscope.digest()); } return seen";
    let back = "const seen = [kraftscope.digest()]; \
                for (let i = 0; i < 80; i++) { kraftscope.back(); seen.unshift(kraftscope.digest()); } return seen";
    let first = page.run(forth, &[])?;
    let reversed = page.run(back, &[])?;
    let again = page.run(forth, &[])?;
    ensure!(first == reversed && first == again, "forth {first}, back {reversed}, forth again {again}");
    let different =
        first.as_array().context("no list of digests")?.windows(2).filter(|pair| pair[0] != pair[1]).count();
    ensure!(different > 40, "only {different} of 80 steps changed anything: the digest misses something");
    Ok(())
}

fn seeks(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.seek(0); kraftscope.step(700)", &[])?;
    let stepped = page.js_text("kraftscope.digest()")?;
    for detour in [3, 699, 1500, 0] {
        page.run("kraftscope.seek(arguments[0]); kraftscope.seek(700)", &[json!(detour)])?;
        let sought = page.js_text("kraftscope.digest()")?;
        ensure!(sought == stepped, "by way of {detour}: {sought}, by steps: {stepped}");
    }
    Ok(())
}

fn same_as_native(page: &mut Page) -> Result<()> {
    let digests = compare_with_native(page)?;
    ensure!(digests["browser"] == digests["native"], "{digests}");
    Ok(())
}

/// The digests of one run in the browser and by the command line. The run has a crash and a cut in it, so that
/// timers, elections and faults are part of the comparison.
pub(crate) fn compare_with_native(page: &mut Page) -> Result<Value> {
    let script = "const k = kraftscope; k.seek(0); k.until('acked >= 3'); k.act('crash broker-1'); k.step(400); \
                  k.act('cut broker-2 broker-3'); return k.step(1600)";
    let events = page.run(script, &[])?;
    let in_browser = page.js_text("kraftscope.digest()")?;
    let file = shell::target_dir()?.join("browser").join("same-as-native.txt");
    shell::write(&file, page.js_text("kraftscope.text()")?)?;
    let cli = ["run", "--quiet", "--package", "kraftscope-cli", "--", "run"];
    let native = shell::output(shell::cargo().args(cli).arg(&file).arg("--digest"))?;
    Ok(json!({ "events": events, "browser": in_browser, "native": native.trim() }))
}

fn refuses(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause()", &[])?;
    for line in ["crash broker-99", "fly away", "start broker-1"] {
        let answer = page.run("return kraftscope.act(arguments[0])", &[json!(line)])?;
        ensure!(answer.as_str().is_some_and(|reason| !reason.is_empty()), "`{line}` was answered {answer}");
    }
    Ok(())
}

fn keeps_the_cluster(page: &mut Page) -> Result<()> {
    page.run("kraftscope.pause(); kraftscope.step(50)", &[])?;
    let before = page.js_text("kraftscope.digest()")?;
    let answer = page.js("kraftscope.load('this is no scenario')")?;
    ensure!(answer.as_str().is_some_and(|reason| !reason.is_empty()), "the answer was {answer}");
    let after = page.js_text("kraftscope.digest()")?;
    ensure!(before == after, "the cluster changed from {before} to {after}");
    Ok(())
}
