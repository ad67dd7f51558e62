//! The automation of kraftscope: everything that is done *to* the project and is not part of it.
//!
//! It links nothing of ours; it drives cargo, wasm-bindgen (as a library) and a headless browser.
//! `index.html` says what the page consists of, in Trunk's words; [`page`] reads it and puts the page together,
//! and every other command works on that one result: `serve` and `dist` hand it out, `test`, `shots` and
//! `browser-bench` open it in a browser.
mod bench;
mod browser;
mod chrome;
mod dist;
mod http;
mod mutants;
mod page;
mod serve;
mod shell;
mod shots;
mod test;
mod tidy;
mod webdriver;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  serve [--port N] [--no-open] [--release]   build the page, serve it on this machine, rebuild on change
  dist                                       build dist/: the folder for a static host, and one single file
  test [--native | --tidy | --browser [FILTER]]
                                             every check and test there is, or one part of them
  mutants [FILTER] [--minutes N] [--fuzz-only] [--json]
                                             takes guards out of the core, one by one: does anything notice?
  tidy                                       the rules that no compiler checks
  shots DIR [FILTER]                         pictures of the page at fixed moments; FILTER: parts of a name, with commas
  shots DIR --film MOMENT [--frames N]       pictures one after another while the page plays
  browser-bench                              what the page costs in a browser, as JSON";

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let mut args = shell::Args::from_env();
    match args.word().as_deref() {
        Some("serve") => serve::run(args),
        Some("dist") => dist::run(args),
        Some("test") => test::run(args),
        Some("shots") => shots::run(args),
        Some("browser-bench") => bench::run(args),
        Some("mutants") => mutants::run(args),
        Some("tidy") => args.finish().and_then(|()| tidy::run()),
        Some("help") | None => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`\n{USAGE}"),
    }
}
