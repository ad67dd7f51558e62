//! `cargo xtask serve`: the page on this machine, built anew whenever a source changes.
use crate::http::Server;
use crate::page::{self, Profile};
use crate::shell;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const PORT: u16 = 8080;
/// Everything the page is made from.
const WATCHED: [&str; 9] = [
    "core",
    "search",
    "tutorials",
    "web",
    "static",
    "index.html",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
];
const POLL: Duration = Duration::from_millis(400);

pub(crate) fn run(mut args: shell::Args) -> Result<()> {
    let port = args.number("--port")?.unwrap_or(PORT);
    let quiet = args.flag("--no-open");
    let profile = if args.flag("--release") { Profile::Release } else { Profile::Dev };
    args.finish()?;
    let mut seen = snapshot();
    let server = Server::start(page::assemble(&page::build(profile)?, true)?, port)?;
    if server.port() != port {
        println!("port {port} is in use, so this is the next free one");
    }
    println!("kraftscope: {}   (rebuilds on change; Ctrl-C stops)", server.url());
    if !quiet {
        open_browser(&server.url());
    }
    loop {
        std::thread::sleep(POLL);
        let now = snapshot();
        if now == seen {
            continue;
        }
        seen = settle(now);
        match page::build(profile).and_then(|parts| page::assemble(&parts, true)) {
            Ok(site) => {
                server.replace(site);
                println!("page: reloaded");
            }
            Err(error) => eprintln!("error: {error:#}\nthe page stays as it was until this is mended"),
        }
    }
}

/// Every watched file with the time of its last change.
fn snapshot() -> BTreeMap<PathBuf, SystemTime> {
    let root = shell::root();
    let mut seen = BTreeMap::new();
    for watched in WATCHED.map(|name| root.join(name)) {
        let files = if watched.is_dir() { shell::files_below(&watched) } else { vec![watched] };
        for file in files {
            if let Ok(changed) = file.metadata().and_then(|metadata| metadata.modified()) {
                seen.insert(file, changed);
            }
        }
    }
    seen
}

/// Waits until nothing changes any more: an editor or `git checkout` writes many files one after another.
fn settle(mut last: BTreeMap<PathBuf, SystemTime>) -> BTreeMap<PathBuf, SystemTime> {
    loop {
        std::thread::sleep(POLL / 4);
        let now = snapshot();
        if now == last {
            return now;
        }
        last = now;
    }
}

/// Opens the person's browser; where there is none to open, the printed address has to do.
fn open_browser(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/C", "start", ""]);
        command
    } else if std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some() {
        Command::new("xdg-open")
    } else {
        return;
    };
    let _ = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}
