//! The case files of `core/tests/scenarios/`, and the reference that explains how to write them.
#![allow(clippy::unwrap_used)]

use kraftscope_core::scenario::parts::{COMPONENTS, SHOWS};
use kraftscope_core::scenario::{Report, check};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    found.sort();
    found
}

fn failure(name: &str, text: &str) -> Option<String> {
    match check(text) {
        Ok(report) if report.passed() => None,
        Ok(report) => Some(format!("--- {name}\n{}", report.diff(text))),
        Err(error) => Some(format!("{name}: {error}")),
    }
}

/// `cargo run -p kraftscope-cli -- check core/tests/scenarios` shows the same, and `--bless` rewrites.
#[test]
fn every_case_file_prints_what_it_says() {
    let files = files(&folder());
    assert!(!files.is_empty());
    let failures: Vec<String> = files
        .iter()
        .filter_map(|file| failure(&file.display().to_string(), &fs::read_to_string(file).unwrap()))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A case that names no source cannot be judged.
#[test]
fn every_case_file_begins_with_its_source_and_has_a_title() {
    for file in files(&folder()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# "), "{} does not begin with a comment", file.display());
        assert!(!check(&text).unwrap().title.is_empty(), "{} has no title", file.display());
    }
}

fn reference() -> String {
    fs::read_to_string(folder().join("README.md")).unwrap()
}

#[test]
fn the_reference_names_every_component_and_every_command() {
    let reference = reference();
    let parts =
        COMPONENTS.iter().flat_map(|component| component.verbs.iter().map(|verb| verb.usage.to_string()));
    let shows = SHOWS.iter().map(|verb| format!("show {}", verb.usage));
    let missing: Vec<String> =
        parts.chain(shows).filter(|usage| !reference.contains(&format!("`{usage}`"))).collect();
    assert!(missing.is_empty(), "README.md lacks: {missing:#?}");
    for component in COMPONENTS {
        let heading = format!("### `{}`", component.name);
        assert!(reference.contains(&heading), "README.md lacks a section {heading}");
    }
}

#[test]
fn every_example_of_the_reference_prints_what_it_says() {
    let reference = reference();
    let examples: Vec<&str> =
        reference.split("```scenario\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let failures: Vec<String> =
        examples.iter().filter_map(|example| failure("an example of README.md", example)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let shown: Vec<String> = examples
        .iter()
        .map(|example| check(example).unwrap())
        .map(|Report { component, .. }| component)
        .collect();
    for component in COMPONENTS.iter().map(|component| component.name).chain(["cluster"]) {
        assert!(shown.iter().any(|name| name == component), "README.md has no example of {component}");
    }
}
