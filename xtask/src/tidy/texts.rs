//! Rules for what is no Rust, and for words: marks of unfinished work, colours, links, languages.
use super::Findings;
use super::source::{Source, words};
use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Unfinished work is not merged; what is left out stands in a module's documentation.
pub(super) fn no_marks(source: &Source, findings: &mut Findings) {
    // The rules name what they look for.
    if source.path.starts_with("xtask/src/tidy/") {
        return;
    }
    for (number, line) in source.text.lines().enumerate() {
        for mark in ["TODO", "FIXME"] {
            if words(line, mark).next().is_some() {
                findings.add(
                    &source.path,
                    number + 1,
                    format!("a `{mark}` mark: finish it, or say under \"Left out\" what is not there"),
                );
            }
        }
    }
    for (number, line) in source.code_lines() {
        for mark in ["todo!", "unimplemented!", "#[ignore"] {
            if source.path.ends_with(".rs") && line.contains(mark) {
                findings.add(&source.path, number, format!("`{mark}`: finish it, or take it out"));
            }
        }
    }
}

/// A colour stands once, as a custom property of a theme; everything else names the property.
pub(super) fn colours_are_variables(source: &Source, findings: &mut Findings) {
    let mut css = source.text.clone();
    while let Some(start) = css.find("/*") {
        let end = css[start..].find("*/").map_or(css.len(), |end| start + end + 2);
        let blank: String = css[start..end].chars().filter(|&c| c == '\n').collect();
        css.replace_range(start..end, &blank);
    }
    for (number, line) in css.lines().enumerate() {
        for declaration in line.split(['{', ';']) {
            let Some((property, value)) = declaration.split_once(':') else { continue };
            if !property.trim().starts_with("--") && has_colour(value) {
                let what = "a colour outside a custom property: add `--name: colour` to the theme and use `var(--name)`";
                findings.add(&source.path, number + 1, what);
            }
        }
    }
}

fn has_colour(value: &str) -> bool {
    let functions = ["rgb(", "rgba(", "hsl(", "hsla(", "hwb(", "lab(", "lch(", "oklab(", "oklch("];
    let names = ["white", "black", "red", "green", "blue", "gray", "grey", "orange", "yellow", "purple"];
    let value = value.replace("url(#", "url(");
    let hex = value.split('#').skip(1).any(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let end = rest[digits..].chars().next();
        [3, 4, 6, 8].contains(&digits) && !end.is_some_and(|c| c.is_alphanumeric() || c == '-')
    });
    let named = value.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|word| names.contains(&word));
    hex || named || functions.iter().any(|function| value.contains(function))
}

/// Links to files of the project and to headings must lead somewhere.
pub(super) fn links_resolve(source: &Source, root: &Path, findings: &mut Findings) {
    let folder = root.join(&source.path).parent().expect("a file lies in a folder").to_path_buf();
    for (number, line) in source.text.lines().enumerate() {
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { root.join(&source.path) } else { folder.join(file) };
            let there = path.exists() && (heading.is_empty() || headings(&path).contains(heading));
            if !there {
                findings.add(
                    &source.path,
                    number + 1,
                    format!("the link `{target}` leads nowhere: mend it or take it out"),
                );
            }
        }
    }
}

/// The anchors that hosts make of the headings of a Markdown file.
fn headings(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let titles =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    titles
        .map(|title| {
            let kept = title.to_lowercase();
            kept.chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

pub(super) fn style_sheets_are_linked(root: &Path, findings: &mut Findings) -> Result<()> {
    let index = shell::read(&root.join("index.html"))?;
    for path in shell::files_below(&root.join("static/css")) {
        let inside = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        if !index.contains(&format!("href=\"{inside}\"")) {
            let what =
                format!("not linked: add `<link data-trunk rel=\"css\" href=\"{inside}\">` to index.html");
            findings.add(&inside, 1, what);
        }
    }
    Ok(())
}

/// Every key stands in every language with the same placeholders, and every note has its words.
pub(super) fn languages_agree(root: &Path, findings: &mut Findings) -> Result<()> {
    let mut files = Vec::new();
    for path in shell::files_below(&root.join("web")) {
        let (folder, name) =
            (path.parent().expect("a file lies in a folder"), path.file_name().expect("a file has a name"));
        if name.to_string_lossy().ends_with(".json") && folder.ends_with("i18n") {
            let inside = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            let json: Value =
                serde_json::from_str(&shell::read(&path)?).with_context(|| format!("{inside} is no JSON"))?;
            let mut words = BTreeMap::new();
            flatten("", &json, &mut words);
            files.push((inside, words));
        }
    }
    if files.is_empty() {
        return Ok(());
    }
    compare(&files, findings);
    let notes = note_variants(&shell::read(&root.join("core/src/note.rs"))?);
    for (file, words) in &files {
        let known: BTreeSet<String> = words.keys().flat_map(|key| key.split('.').map(plain)).collect();
        for note in notes.iter().filter(|note| !known.contains(&plain(note))) {
            findings.add(file, 1, format!("no words for the note `{note}`: add its key"));
        }
    }
    Ok(())
}

/// Every note is named by a test of the core or stands in the output of a case file: it happens.
pub(super) fn notes_are_tested(root: &Path, findings: &mut Findings) -> Result<()> {
    let mut tests = String::new();
    for path in shell::files_below(&root.join("core/tests")) {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => tests += &shell::read(&path)?,
            Some("txt") => tests += &without_questions(&shell::read(&path)?),
            _ => {}
        }
    }
    for note in note_variants(&shell::read(&root.join("core/src/note.rs"))?) {
        if words(&tests, &note).next().is_none() {
            let what = format!("no test names the note `{note}`: write a case that shows it");
            findings.add("core/src/note.rs", 1, what);
        }
    }
    Ok(())
}

/// A case file without the lines that only ask for notes, which need not be there.
fn without_questions(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("show notes ")).flat_map(|line| [line, "\n"]).collect()
}

fn compare(files: &[(String, BTreeMap<String, String>)], findings: &mut Findings) {
    let all: BTreeSet<&String> = files.iter().flat_map(|(_, words)| words.keys()).collect();
    for key in all {
        let wanted = files
            .iter()
            .find_map(|(_, words)| words.get(key))
            .map(|text| placeholders(text))
            .unwrap_or_default();
        for (file, words) in files {
            match words.get(key) {
                None => findings.add(
                    file,
                    1,
                    format!("the key `{key}` of another language is not here: translate it"),
                ),
                Some(text) if text.trim().is_empty() => {
                    findings.add(file, 1, format!("the key `{key}` has no words"))
                }
                Some(text) if placeholders(text) != wanted => {
                    let what = format!(
                        "`{key}` has the placeholders {:?}, another language has {wanted:?}",
                        placeholders(text)
                    );
                    findings.add(file, 1, what);
                }
                Some(_) => {}
            }
        }
    }
}

fn flatten(prefix: &str, json: &Value, words: &mut BTreeMap<String, String>) {
    if let Value::Object(map) = json {
        for (name, value) in map {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            flatten(&key, value, words);
        }
    } else {
        words.insert(prefix.into(), json.as_str().unwrap_or_default().into());
    }
}

/// The names in braces; `{n|one|other}` chooses a form by `n`, and a language may need no forms.
fn placeholders(text: &str) -> BTreeSet<&str> {
    let braces = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    braces.map(|(inside, _)| inside.split('|').next().unwrap_or_default()).collect()
}

/// A name whatever its case: `LeaderElected`, `leader_elected` and `leader-elected` are one.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The variants of `pub enum Note`.
fn note_variants(text: &str) -> Vec<String> {
    let source = Source::new("note.rs".into(), text.into());
    let body = source.product().split_once("pub enum Note {").map_or("", |(_, rest)| rest);
    let lines = body.lines().take_while(|line| *line != "}");
    let names = lines
        .filter(|line| line.starts_with("    ") && line[4..].starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| line.trim().split([' ', '{', '(', ',']).next().unwrap_or_default().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::found;
    use super::*;

    #[test]
    fn marks_of_unfinished_work_are_found_in_code_and_comments() {
        let text = "// TODO later\nfn a() { todo!() }\n#[ignore]\nlet todos = \"todo!\";\n";
        assert_eq!(found(no_marks, "core/src/a.rs", text).len(), 3);
    }

    #[test]
    fn a_colour_may_stand_only_in_a_custom_property() {
        let css = ":root { --ink: #123; }\n#fade { color: var(--ink); transition: color 1s }\n/* #fff */\n\
                   a { border: 1px solid #aabbcc }\nb { color: white; fill: rgb(1 2 3) }\nc { mask: url(#face) }\n";
        let lines: Vec<String> =
            found(colours_are_variables, "a.css", css).iter().map(|finding| finding[..1].into()).collect();
        assert_eq!(lines, ["4", "5", "5"]);
    }

    #[test]
    fn languages_have_the_same_keys_and_placeholders() {
        let file = |name: &str, pairs: &[(&str, &str)]| {
            let words = pairs.iter().map(|(key, text)| ((*key).into(), (*text).into())).collect();
            (name.to_string(), words)
        };
        let files = [
            file("en", &[("a", "{n} left"), ("b", "x"), ("d", "{n|one|#}")]),
            file("zh", &[("a", "{m}"), ("c", " "), ("d", "{n}")]),
        ];
        let mut findings = Findings::default();
        compare(&files, &mut findings);
        assert_eq!(findings.0.len(), 4);
    }

    #[test]
    fn a_note_that_is_only_asked_for_has_not_happened() {
        let text = "show notes Started Stopped\n----\nbroker-1 Started\n";
        assert_eq!(without_questions(text), "----\nbroker-1 Started\n");
    }

    #[test]
    fn the_variants_of_the_note_are_read_with_their_fields_left_out() {
        let text = "pub enum Other {\n    X,\n}\npub enum Note {\n    /// Words.\n    Plain,\n    With { a: u8 },\n    Long {\n        b: u8,\n    },\n}\n";
        assert_eq!(note_variants(text), ["Plain", "With", "Long"]);
        assert_eq!(plain("note-leader_Elected"), "noteleaderelected");
    }
}
