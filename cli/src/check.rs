//! `kraftscope check`: runs case files, shows what differs, and writes what was printed with `--bless`.

use kraftscope_core::scenario::parts::{COMPONENTS, SHOWS};
use kraftscope_core::scenario::{Report, ScenarioError, check};
use std::ffi::OsString;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The ending of case files in a folder; a file that is named itself may have any.
const ENDING: &str = "txt";
/// How deep folders are searched: a link that leads back ends here.
const DEEPEST: u32 = 16;

/// Returns whether every file passed.
pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<bool, String> {
    let (mut paths, mut bless): (Vec<OsString>, bool) = (Vec::new(), false);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("bless") => bless = true,
            lexopt::Arg::Long("commands") => {
                print_commands();
                return Ok(true);
            }
            lexopt::Arg::Value(path) => paths.push(path),
            other => return Err(other.unexpected().to_string()),
        }
    }
    if paths.is_empty() {
        return Err("a file or folder is missing: kraftscope check PATH... [--bless]".to_string());
    }
    let mut files = Vec::new();
    for path in &paths {
        let path = Path::new(path);
        if path.is_dir() { collect(path, DEEPEST, &mut files)? } else { files.push(path.to_path_buf()) }
    }
    if files.is_empty() {
        return Err(format!("there is no file *.{ENDING} in what was named"));
    }
    let failed = files.iter().filter(|file| !run(file, bless)).count();
    println!("{} passed, {failed} failed", files.len() - failed);
    Ok(failed == 0)
}

/// Every command of every component, as the reference lists them.
fn print_commands() {
    println!("cluster");
    for verb in SHOWS {
        println!("  show {}\n      {}", verb.usage, verb.about);
    }
    for component in COMPONENTS {
        println!("{}: {}", component.name, component.about);
        for verb in component.verbs {
            println!("  {}\n      {}", verb.usage, verb.about);
        }
    }
}

fn collect(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(wrong)?.collect();
    let mut entries: Vec<PathBuf> = entries.map_err(wrong)?.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() && depth > 0 {
            collect(&entry, depth - 1, files)?;
        } else if entry.extension().is_some_and(|ending| ending == ENDING) {
            files.push(entry);
        }
    }
    Ok(())
}

/// Checks one file and says what is wrong with it. Returns whether it passed, or was blessed.
fn run(file: &Path, bless: bool) -> bool {
    let name = file.display();
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            println!("{name}: {error}");
            return false;
        }
    };
    match guarded(&text) {
        Ok(report) if report.passed() => true,
        Ok(report) if bless => match fs::write(file, report.blessed(&text)) {
            Ok(()) => {
                println!("{name}: blessed");
                true
            }
            Err(error) => {
                println!("{name}: {error}");
                false
            }
        },
        Ok(report) => {
            let title = if report.title.is_empty() { String::new() } else { format!(": {}", report.title) };
            println!("--- {name}{title}\n+++ what was printed\n{}", report.diff(&text));
            false
        }
        Err(ScenarioError { line: 0, message }) => {
            println!("{name}: {message}");
            false
        }
        Err(ScenarioError { line, message }) => {
            println!("{name}:{line}: {message}");
            false
        }
    }
}

/// A text that drives a part where it must never be may meet an assertion of the core: that is this file's failure,
/// and the next file is checked all the same.
fn guarded(text: &str) -> Result<Report, ScenarioError> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(|| check(text)));
    std::panic::set_hook(hook);
    result.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        Err(ScenarioError { line: 0, message: format!("the core refused to go on: {said}") })
    })
}
