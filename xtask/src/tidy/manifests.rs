//! What the Cargo files must say.
use super::Findings;
use crate::shell;
use anyhow::Result;
use std::path::Path;

pub(super) fn check(root: &Path, findings: &mut Findings) -> Result<()> {
    bindgen_versions(&shell::read(&root.join("Cargo.lock"))?, findings);
    for (name, _) in dependencies(&shell::read(&root.join("core/Cargo.toml"))?) {
        if name != "serde" {
            findings.add(
                "core/Cargo.toml",
                1,
                format!("the core depends on `{name}`: it may depend on serde and nothing else"),
            );
        }
    }
    for (name, value) in dependencies(&shell::read(&root.join("xtask/Cargo.toml"))?) {
        if name.starts_with("kraftscope") || value.contains("path") {
            findings.add(
                "xtask/Cargo.toml",
                1,
                format!("xtask links `{name}`: it automates the project and is no part of it"),
            );
        }
    }
    Ok(())
}

/// The library that writes the bindings refuses a module made with another version of wasm-bindgen.
fn bindgen_versions(lock: &str, findings: &mut Findings) {
    let version = |name: &str| {
        let (_, entry) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        entry.split('"').next()
    };
    let (page, tool) = (version("wasm-bindgen"), version("wasm-bindgen-cli-support"));
    if page != tool {
        let (page, tool) = (page.unwrap_or("none"), tool.unwrap_or("none"));
        let what = format!(
            "wasm-bindgen is {page} and wasm-bindgen-cli-support is {tool}, but they must be equal: \
             set `wasm-bindgen-cli-support = \"={page}\"` in xtask/Cargo.toml"
        );
        findings.add("Cargo.lock", 1, what);
    }
}

/// The entries of `[dependencies]`: (name, what stands behind `=`).
fn dependencies(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let section = manifest.split_once("[dependencies]").map_or("", |(_, rest)| rest);
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().split('.').next().unwrap_or_default(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindgen_and_its_tool_must_be_of_one_version() {
        let lock = |tool| {
            format!(
                "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n\n\
                 [[package]]\nname = \"wasm-bindgen-cli-support\"\nversion = \"{tool}\"\n"
            )
        };
        let mut findings = Findings::default();
        bindgen_versions(&lock("0.2.130"), &mut findings);
        assert!(findings.0.is_empty());
        bindgen_versions(&lock("0.2.131"), &mut findings);
        assert_eq!(findings.0.len(), 1);
    }

    #[test]
    fn dependencies_end_where_the_next_section_begins() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\n# a comment = 1\nserde = { workspace = true }\n\n[dev-dependencies]\nb = \"1\"\n";
        assert_eq!(dependencies(manifest).collect::<Vec<_>>(), [("serde", "{ workspace = true }")]);
    }
}
