//! Finds a Chromium with its driver and a font for Chinese, or installs them where the system lets us.
use crate::shell::{self, find_program};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian's names. The font is there so that screenshots in Chinese show text and not boxes.
const BROWSER: &str = "chromium";
const DRIVER: &str = "chromium-driver";
const FONT: &str = "fonts-noto-cjk";

/// The two programs that every browser command needs.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Returns the tools; installs what is missing through apt-get when we may.
pub(crate) fn ensure() -> Result<Tools> {
    let missing = missing();
    if !missing.is_empty() {
        install(&missing)?;
    }
    match (browser(), driver()) {
        (Some(browser), Some(driver)) => Ok(Tools { browser, driver }),
        _ => bail!("{}", advice(&self::missing())),
    }
}

fn missing() -> Vec<&'static str> {
    let present = [(BROWSER, browser().is_some()), (DRIVER, driver().is_some()), (FONT, has_chinese_font())];
    present.into_iter().filter(|(_, present)| !present).map(|(name, _)| name).collect()
}

/// `KRAFTSCOPE_BROWSER`, or the first that is installed.
fn browser() -> Option<PathBuf> {
    let on_mac = ["Google Chrome", "Chromium"]
        .map(|name| PathBuf::from(format!("/Applications/{name}.app/Contents/MacOS/{name}")));
    std::env::var_os("KRAFTSCOPE_BROWSER")
        .map(PathBuf::from)
        .or_else(|| {
            ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
                .iter()
                .find_map(|name| find_program(name))
        })
        .or_else(|| on_mac.into_iter().find(|path| path.is_file()))
}

/// `KRAFTSCOPE_CHROMEDRIVER`, or the one on PATH, or the one that hosted CI machines name in `CHROMEWEBDRIVER`.
fn driver() -> Option<PathBuf> {
    std::env::var_os("KRAFTSCOPE_CHROMEDRIVER")
        .map(PathBuf::from)
        .or_else(|| find_program("chromedriver"))
        .or_else(|| {
            Some(Path::new(&std::env::var_os("CHROMEWEBDRIVER")?).join("chromedriver"))
                .filter(|path| path.is_file())
        })
}

/// Systems other than Linux bring one.
fn has_chinese_font() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let listed = Command::new("fc-list").args([":lang=zh-cn", "family"]).output();
    listed.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
}

fn install(packages: &[&str]) -> Result<()> {
    if find_program("apt-get").is_none() || !(is_root() || has_free_sudo()) {
        // A font alone changes pictures, not results.
        if packages == [FONT] {
            eprintln!("note: no font for Chinese is installed, so screenshots will show boxes");
            return Ok(());
        }
        bail!("{}", advice(packages));
    }
    eprintln!("installing {} with apt-get", packages.join(", "));
    let installed = apt(&["update"]).and_then(|()| {
        let mut words = vec!["install", "-y", "--no-install-recommends"];
        words.extend(packages);
        apt(&words)
    });
    installed.or_else(|error| bail!("{error:#}\n{}", advice(packages)))
}

fn apt(words: &[&str]) -> Result<()> {
    let mut command = if is_root() { shell::command("apt-get") } else { shell::command("sudo") };
    if !is_root() {
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    }
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(["-o", "Dpkg::Use-Pty=0"]).args(words);
    // The names of three hundred unpacked packages are no news.
    shell::run(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

/// As root Chromium needs to be told to go without its sandbox.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn has_free_sudo() -> bool {
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success())
}

fn advice(packages: &[&str]) -> String {
    format!(
        "the browser tests need a Chromium or Chrome with the chromedriver of the same version. Install them and run \
         this again:\n  Debian: sudo apt-get install {}\n  Fedora: sudo dnf install chromium chromedriver\n  \
         Arch:   sudo pacman -S chromium\n  macOS:  brew install --cask google-chrome chromedriver\n\
         or name them in KRAFTSCOPE_BROWSER and KRAFTSCOPE_CHROMEDRIVER. `cargo xtask test --native` runs the rest.",
        packages.join(" ")
    )
}
