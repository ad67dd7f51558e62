//! `cargo xtask shots`: pictures of the page at fixed moments, for eyes: every size, colour scheme and language.
//!
//! A moment is reached by the page's handle, so that the same moment is the same picture on every machine.
use crate::browser::{self, Page, View};
use crate::page::Profile;
use crate::shell;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// A name, and how the page gets there from its opening; `k` is `window.kraftscope`.
const MOMENTS: [(&str, &str); 16] = [
    ("opening", "k.until('acked >= 3')"),
    (
        "mid-election",
        "k.until('acked >= 5'); k.act('crash controller-' + (k.view().controllers.find((c) => c.active).id - 100)); k.until('note BecameCandidate')",
    ),
    ("failover", "k.until('acked >= 5'); k.act('crash broker-1'); k.until('leader orders-0 != broker-1')"),
    ("shrunk-isr", "k.until('acked >= 5'); k.act('pause broker-2'); k.until('isr orders-0 lacks broker-2')"),
    (
        "rebalance",
        "k.load('controllers 3\\nbrokers 3\\ntopic orders partitions 3 replicas 3\\nproducer topics orders interval 400ms\\n\
         consumer topics orders group shop\\nconsumer topics orders group shop\\n'); \
         k.until('acked >= 20'); k.act('call consumer-2 shutdown'); k.until('note GroupMemberLeft')",
    ),
    ("zookeeper", "k.mode('zookeeper'); k.pause(); k.until('acked >= 5')"),
    (
        "zookeeper-failover",
        "k.mode('zookeeper'); k.pause(); k.until('acked >= 5'); \
         k.act('crash broker-' + k.view().ensemble.znodes.find((z) => z.path === 'Controller').data.Node); \
         k.until('note SessionExpired'); k.until('acked >= 12')",
    ),
    (
        "zookeeper-zombie",
        "k.mode('zookeeper'); k.pause(); k.until('acked >= 5'); \
         k.act('isolate broker-' + k.view().ensemble.znodes.find((z) => z.path === 'Controller').data.Node); \
         k.until('note SessionExpired')",
    ),
    ("kafkaraft", "k.mode('kafkaraft'); k.pause(); k.until('acked >= 5')"),
    (
        "kafkaraft-failover",
        "k.mode('kafkaraft'); k.pause(); k.until('acked >= 5'); k.act('crash broker-1'); \
         k.until('note RaftLeaderElected'); k.until('acked >= 16')",
    ),
    (
        "kafkaraft-split",
        "k.mode('kafkaraft'); k.pause(); k.until('acked >= 5'); k.act('isolate broker-1'); k.until('note RaftLeaderElected')",
    ),
    ("lesson-step", "k.lesson('03-leader-dies')"),
    ("claim", "k.claim('05-stale-reads')"),
    ("claims", "location.hash = 'claims'"),
    (
        "compare",
        "k.load('# compare modes zookeeper kraft kafkaraft\\nbrokers 3\\ntopic orders partitions 3 replicas 3 min.insync.replicas 2\\n\
         producer topics orders interval 400ms\\n----\\nuntil ready\\nrun 2s\\ncrash leader:orders-0\\nrun 20s\\n'); \
         k.pause(); k.until('acked >= 40')",
    ),
    ("error", "k.load('this is no scenario')"),
];
const SIZES: [(u32, u32); 3] = [(1440, 900), (1024, 768), (390, 844)];
const LANGUAGES: [(&str, &str); 2] = [("en", "en"), ("zh", "zh-CN")];

pub(crate) fn run(mut args: shell::Args) -> Result<()> {
    let film = args.value("--film")?;
    let frames = args.number("--frames")?.unwrap_or(12);
    let folder = PathBuf::from(args.word().context("shots needs a folder: `cargo xtask shots DIR`")?);
    let folder = std::env::current_dir()?.join(folder);
    let filter = args.word().unwrap_or_default();
    args.finish()?;
    browser::with_page(Profile::Dev, |page| match &film {
        Some(moment) => shoot_film(page, moment, frames, &folder),
        None => shoot_stills(page, &filter, &folder),
    })
}

/// One picture for each moment, size, colour scheme and language whose name has every part of `filter` in it.
fn shoot_stills(page: &mut Page, filter: &str, folder: &Path) -> Result<()> {
    let wanted = |name: &str| filter.split(',').all(|part| has(name, part.trim()));
    let mut count = 0;
    for (moment, script) in MOMENTS {
        for (width, height) in SIZES {
            for (short, language) in LANGUAGES {
                let name = |dark| {
                    format!("{moment}-{width}x{height}-{}-{short}", if dark { "dark" } else { "light" })
                };
                let schemes: Vec<bool> =
                    [false, true].into_iter().filter(|&dark| wanted(&name(dark))).collect();
                let Some(&first) = schemes.first() else { continue };
                let view =
                    View { width, height, touch: width < 500, dark: first, language, ..View::default() };
                reach(page, view, script).with_context(|| name(first))?;
                for dark in schemes {
                    page.look(View { dark, ..view })?;
                    page.wait_for_paint()?;
                    page.screenshot(&folder.join(format!("{}.png", name(dark))))?;
                    count += 1;
                }
            }
        }
    }
    ensure!(count > 0, "no shot has `{filter}` in its name; the moments are {}", names());
    println!("{count} pictures in {}", folder.display());
    Ok(())
}

/// `frames` pictures one after another while the page plays on from a moment.
fn shoot_film(page: &mut Page, moment: &str, frames: u32, folder: &Path) -> Result<()> {
    let found = MOMENTS.iter().find(|(name, _)| *name == moment);
    let (_, script) =
        found.with_context(|| format!("there is no moment `{moment}`; there are {}", names()))?;
    reach(page, View::default(), script)?;
    page.run("kraftscope.play()", &[])?;
    for number in 0..frames {
        page.screenshot(&folder.join(format!("{moment}-{number:03}.png")))?;
        page.wait_for_paint()?;
    }
    println!("{frames} pictures in {}", folder.display());
    Ok(())
}

fn reach(page: &mut Page, view: View, script: &str) -> Result<()> {
    page.reset()?;
    page.look(view)?;
    page.open("")?;
    page.run(&format!("const k = kraftscope; k.pause(); {script};"), &[]).map(drop)
}

/// A language of two letters must be a whole part of the name: `en` stands in `opening` as well.
fn has(name: &str, part: &str) -> bool {
    if part.len() == 2 { name.split('-').any(|whole| whole == part) } else { name.contains(part) }
}

fn names() -> String {
    MOMENTS.map(|(name, _)| name).join(", ")
}
