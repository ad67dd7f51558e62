//! `cargo xtask tidy`: rules of this project that no compiler and no clippy checks.
//!
//! Plain line scanning, on purpose: a rule is a few lines that say what they look for. Every finding names a place,
//! what is wrong there and what to do.
mod layers;
mod manifests;
mod shape;
mod source;
mod texts;

use crate::shell;
use anyhow::{Result, bail};
use source::Source;
use std::path::Path;

/// A broken rule: `file:line: what is wrong: what to do`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, file: &str, line: usize, what: impl Into<String>) {
        self.0.push(Finding { file: file.into(), line, what: what.into() });
    }
}

/// Prints every broken rule; one is enough to fail.
pub(crate) fn run() -> Result<()> {
    let findings = check(&shell::root())?;
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} of the project's rules are broken", findings.len());
    }
    println!("tidy: the project keeps its rules");
    Ok(())
}

/// Every broken rule of the project in `root`, sorted by place.
fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Findings::default();
    for path in shell::files_below(root) {
        let Some(kind) = path.extension().and_then(|extension| extension.to_str()) else { continue };
        if !["rs", "css", "js", "mjs", "html", "md", "toml"].contains(&kind) {
            continue;
        }
        let inside = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        if inside.starts_with("dist/") || inside.starts_with("shots/") {
            continue;
        }
        let source = Source::new(inside, shell::read(&path)?);
        texts::no_marks(&source, &mut findings);
        match kind {
            "rs" => {
                shape::check(&source, &mut findings);
                layers::check(&source, &mut findings);
            }
            "css" => texts::colours_are_variables(&source, &mut findings),
            "md" => texts::links_resolve(&source, root, &mut findings),
            _ => {}
        }
    }
    manifests::check(root, &mut findings)?;
    texts::languages_agree(root, &mut findings)?;
    texts::notes_are_tested(root, &mut findings)?;
    texts::style_sheets_are_linked(root, &mut findings)?;
    findings.0.sort();
    Ok(findings.0)
}

/// Runs one rule on one made-up file and prints what it found, for the tests of the rules.
#[cfg(test)]
fn found(rule: fn(&Source, &mut Findings), path: &str, text: &str) -> Vec<String> {
    let mut findings = Findings::default();
    rule(&Source::new(path.into(), text.into()), &mut findings);
    findings.0.iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_keeps_its_own_rules() {
        let findings: Vec<String> = check(&shell::root()).unwrap().iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
