//! Who may know whom: the dependency rules of ARCHITECTURE.md, as what a file does *not* name.
use super::Findings;
use super::source::{Source, line_of, words};

/// Protocol modules read like the specification: they know no driver and no observer.
const PROTOCOL: [&str; 8] =
    ["kraft", "metadata", "replication", "client", "group", "raft", "zookeeper", "zk_controller"];
const DRIVERS: [&str; 7] = ["sim", "net", "check", "view", "scenario", "history", "explain"];

pub(super) fn check(source: &Source, findings: &mut Findings) {
    let path = source.path.as_str();
    if let Some(inside) = path.strip_prefix("core/src/") {
        let module = inside.split(['/', '.']).next().unwrap_or_default();
        if PROTOCOL.contains(&module) {
            for driver in DRIVERS {
                forbid(source, driver, "a protocol module knows no driver and no observer", findings);
            }
        }
        if module == "quorum" || module == "log" {
            forbid(source, "wire", "arithmetic knows no messages", findings);
        }
        only_plain_collections(source, findings);
        no_std(source, findings);
    }
    if path.starts_with("web/src/view/") || path == "web/src/view.rs" {
        forbid(source, "web_sys", "components draw; the browser is reached in web/src/platform", findings);
    }
    if path.starts_with("web/src/") {
        no_colours(source, findings);
    }
}

/// Reports every path that goes through the module `name`: `name::x`, `crate::name`, `use super::{a, name}`.
fn forbid(source: &Source, name: &str, why: &str, findings: &mut Findings) {
    let code = source.product();
    for at in words(code, name) {
        if is_path(code, at, name) {
            let what = format!("`{name}` is named here, but {why}: hand over plain data, or move this");
            findings.add(&source.path, line_of(code, at), what);
        }
    }
}

fn is_path(code: &str, at: usize, name: &str) -> bool {
    let before = code[..at].trim_end();
    let after = code[at + name.len()..].trim_start();
    let anchored = ["crate::", "super::", "self::"].iter().any(|anchor| before.ends_with(anchor));
    let statement = before.rsplit([';', '}']).next().unwrap_or_default().trim_start();
    let statement = statement.strip_prefix("pub ").unwrap_or(statement);
    let in_use = statement.starts_with("use ") && !after.starts_with('!');
    anchored || in_use || (after.starts_with("::") && !before.ends_with("::"))
}

/// A hash map iterates in an order of its own, and a run must not depend on it.
fn only_plain_collections(source: &Source, findings: &mut Findings) {
    for (number, line) in source.product_lines() {
        for name in ["HashMap", "HashSet"] {
            if words(line, name).next().is_some() {
                let what = format!(
                    "`{name}` has no fixed order, so a replay would differ: use `BTree{}`",
                    &name[4..]
                );
                findings.add(&source.path, number, what);
            }
        }
    }
}

fn no_std(source: &Source, findings: &mut Findings) {
    for (number, line) in source.product_lines() {
        if words(line, "std").any(|at| line[at + 3..].starts_with("::")) {
            findings.add(
                &source.path,
                number,
                "`std` in the core: use `core` or `alloc`, and no clock, luck or I/O",
            );
        }
    }
}

/// A colour in code would not follow the theme.
fn no_colours(source: &Source, findings: &mut Findings) {
    for (number, line) in source.text.lines().enumerate() {
        let is_colour = line.split("\"#").skip(1).any(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
            [3, 4, 6, 8].contains(&digits) && rest[digits..].starts_with('"')
        });
        if is_colour {
            findings.add(
                &source.path,
                number + 1,
                "a colour in code: name a CSS variable instead, so that themes apply",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::found;
    use super::*;

    #[test]
    fn a_protocol_module_may_not_name_a_driver_in_any_form_of_path() {
        for line in
            ["use crate::sim::Sim;", "use crate::{id, sim};", "let a = sim::next();", "crate :: sim :: x();"]
        {
            assert_eq!(
                found(check, "core/src/kraft/vote.rs", &line.replace(" :: ", "::")).len(),
                1,
                "{line}"
            );
            assert!(found(check, "core/src/history.rs", line).is_empty(), "{line}");
        }
    }

    #[test]
    fn a_variable_or_a_comment_of_that_name_is_no_path() {
        let text = "// crate::sim::x\nfn f(view: u8) { let net = view; g(net, \"sim::\"); }\n";
        assert!(found(check, "core/src/kraft/vote.rs", text).is_empty());
    }

    #[test]
    fn the_core_uses_no_std_and_no_hash_map_outside_its_tests() {
        let text = "use std::fmt;\nlet a: HashMap<u8, u8>;\n#[cfg(test)]\nmod tests { use std::fmt; }\n";
        assert_eq!(found(check, "core/src/a.rs", text).len(), 2);
    }

    #[test]
    fn components_never_name_web_sys() {
        assert_eq!(found(check, "web/src/view/stage.rs", "use web_sys::Element;\n").len(), 1);
        assert!(found(check, "web/src/platform/dom.rs", "use web_sys::Element;\n").is_empty());
    }

    #[test]
    fn a_colour_in_the_pages_code_is_found() {
        assert_eq!(found(check, "web/src/scene/dots.rs", "set(\"#a0b1c2\"); set(\"#main\");").len(), 1);
    }
}
