//! Tests in a real browser.
//!
//! # Adding one
//! A case is a function `fn(&mut Page) -> Result<()>` and a line in the `CASES` of its file; the name is the sentence
//! that it proves. A new file is a line in [`AREAS`]. The case starts on a freshly loaded page of 1440×900 CSS pixels
//! in English and light colours, with empty storage, and a cluster that is ready.
//!
//! - Look at and work the page as a person does: [`Page::click`], [`Page::press`], [`Page::text_of`], by the
//!   `data-testid` of an element.
//! - Reach a moment by the page's handle, `window.kraftscope`: `page.js("kraftscope.until('new leader')")`.
//! - Wait for a condition with [`Page::wait_until`]. There is no sleep, and no case needs one.
//! - Compare with `ensure!`, and say the values.
//!
//! A case fails as well when anything reached `console.error`, or the page panicked, unless it called
//! [`Page::expect_console_errors`]. What a failing case saw lies in `target/browser/`. A case that passes only when it
//! is tried again is called unsteady in the report.
mod acting;
mod claims;
mod compare;
mod controls;
mod dock;
mod groups;
mod handle;
mod harness;
mod hunt;
mod keyboard;
mod lessons;
mod links;
mod modes;
mod page;
mod reading;
mod smoke;

pub(crate) use handle::compare_with_native;
pub(crate) use page::{Page, View};

use crate::chrome;
use crate::http::Server;
use crate::page::{self as site, Profile};
use crate::shell;
use crate::webdriver::Driver;
use anyhow::{Result, bail};
use std::path::Path;
use std::time::Instant;

/// A test: the sentence that it proves, and how.
pub(crate) struct Case {
    name: &'static str,
    run: fn(&mut Page) -> Result<()>,
}

/// The files of this folder, in the order in which they run.
const AREAS: &[(&str, &[Case])] = &[
    ("harness", harness::CASES),
    ("smoke", smoke::CASES),
    ("handle", handle::CASES),
    ("links", links::CASES),
    ("keyboard", keyboard::CASES),
    ("controls", controls::CASES),
    ("dock", dock::CASES),
    ("hunt", hunt::CASES),
    ("acting", acting::CASES),
    ("groups", groups::CASES),
    ("modes", modes::CASES),
    ("compare", compare::CASES),
    ("lessons", lessons::CASES),
    ("claims", claims::CASES),
    ("reading", reading::CASES),
];

/// How many cases passed and failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    passed: usize,
    /// Of those that passed: how many did only when they were tried again.
    unsteady: usize,
    pub(crate) failed: usize,
}

/// The closing line of a test run.
impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "browser: {} passed, {} failed", self.passed, self.failed)?;
        if self.unsteady > 0 {
            write!(f, " ({} passed only at the second try: see UNSTEADY above)", self.unsteady)?;
        }
        Ok(())
    }
}

/// Runs every case whose `area::name` contains `filter`.
pub(crate) fn run(filter: &str) -> Result<Tally> {
    let wanted: Vec<(String, &Case)> = AREAS
        .iter()
        .flat_map(|(area, cases)| cases.iter().map(move |case| (format!("{area}::{}", case.name), case)))
        .filter(|(name, _)| name.contains(filter))
        .collect();
    if wanted.is_empty() {
        bail!("no browser test has `{filter}` in its name");
    }
    let mut tally = Tally::default();
    with_page(Profile::Dev, |page| wanted.iter().try_for_each(|(name, case)| tally.add(page, name, case)))?;
    Ok(tally)
}

impl Tally {
    /// Runs a case. One that fails is tried once more: a browser on a loaded machine has hiccups of its own, and a
    /// broken page fails twice. What passes only then is said aloud, with what the first try saw.
    fn add(&mut self, page: &mut Page, name: &str, case: &Case) -> Result<()> {
        let started = Instant::now();
        let Err(first) = run_case(page, case) else {
            self.passed += 1;
            println!("ok      {name} ({})", shell::seconds(started));
            return Ok(());
        };
        let evidence = save_evidence(page, name)?;
        if run_case(page, case).is_ok() {
            self.passed += 1;
            self.unsteady += 1;
            print!("UNSTEADY");
        } else {
            self.failed += 1;
            print!("FAILED  ");
        }
        println!("{name} ({})\n        {first:#}\n        see {evidence}", shell::seconds(started));
        Ok(())
    }
}

/// Builds the page, serves it, opens a browser and hands it over.
pub(crate) fn with_page(profile: Profile, work: impl FnOnce(&mut Page) -> Result<()>) -> Result<()> {
    let tools = chrome::ensure()?;
    let parts = site::build(profile)?;
    let single = shell::target_dir()?.join("page").join("kraftscope.html");
    shell::write(&single, site::single_file(&parts)?)?;
    let server = Server::start(site::assemble(&parts, false)?, 0)?;
    let driver = Driver::start(&tools)?;
    let mut page = Page::new(driver.session()?, server.url(), single);
    work(&mut page)
}

fn run_case(page: &mut Page, case: &Case) -> Result<()> {
    page.reset()?;
    page.open("")?;
    (case.run)(page)?;
    page.fail_on_console_errors()
}

/// Saves a picture, the text and the scenario of the page that failed; returns the path without its ending.
fn save_evidence(page: &Page, name: &str) -> Result<String> {
    let safe = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let stem = shell::target_dir()?.join("browser").join(safe);
    page.screenshot(&stem.with_extension("png"))?;
    shell::write(&stem.with_extension("txt"), page.transcript())?;
    Ok(format!("{}.png and .txt", Path::new(&stem).display()))
}
