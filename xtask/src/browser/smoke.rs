//! The page starts, from a server and from a disk.
use super::{Case, Page};
use anyhow::{Result, ensure};

pub(super) const CASES: &[Case] = &[
    Case { name: "the page starts with no error on the console", run: starts },
    Case { name: "the single file starts from a disk", run: single_file_starts },
];

/// The loader's own words are gone once the page runs.
fn starts(page: &mut Page) -> Result<()> {
    ensure!(page.count("#boot")? == 0, "the loader's message is still there");
    ensure!(page.count("main")? == 1, "the page needs exactly one <main>");
    Ok(())
}

fn single_file_starts(page: &mut Page) -> Result<()> {
    page.open_single_file()?;
    ensure!(page.count("main")? == 1, "the page needs exactly one <main>");
    Ok(())
}
