//! A page under test: the verbs of a person, and waiting for conditions.
use crate::shell;
use crate::webdriver::{Element, Pointer, Session, file_url};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A slow machine under load loads a large module in this time, or the page is broken.
const LOAD: Duration = Duration::from_secs(60);
/// Every other wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// The browser with the page in it.
#[derive(Debug)]
pub(crate) struct Page {
    session: Session,
    url: String,
    single: PathBuf,
    /// Console entries of this case so far.
    console: Vec<(String, String)>,
    errors_expected: bool,
}

/// How the page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// CSS pixels.
    pub(crate) width: u32,
    /// CSS pixels.
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) reduced_motion: bool,
    /// A phone: touch instead of a mouse.
    pub(crate) touch: bool,
    /// What the browser says its person reads, such as `en` or `zh-CN`.
    pub(crate) language: &'static str,
}

impl Default for View {
    fn default() -> Self {
        Self { width: 1440, height: 900, dark: false, reduced_motion: false, touch: false, language: "en" }
    }
}

impl View {
    /// A phone held upright.
    pub(crate) fn phone() -> Self {
        Self { width: 390, height: 844, touch: true, ..Self::default() }
    }
}

impl Page {
    pub(crate) fn new(session: Session, url: String, single: PathBuf) -> Self {
        Self { session, url, single, console: Vec::new(), errors_expected: false }
    }

    /// Forgets everything that an earlier case left: storage, console, size, colours.
    pub(crate) fn reset(&mut self) -> Result<()> {
        // The page keeps its run when it goes away, and may do so after the storage was cleared below.
        self.session.run("Storage.prototype.setItem = () => {}", &[])?;
        self.session.goto("about:blank")?;
        let everything = json!({ "origin": self.url.trim_end_matches('/'), "storageTypes": "all" });
        self.session.devtools("Storage.clearDataForOrigin", everything)?;
        self.look(View::default())?;
        self.block(&[])?;
        self.session.console()?;
        self.console.clear();
        self.errors_expected = false;
        Ok(())
    }

    /// Looks at the page in another way; what is already loaded stays loaded.
    pub(crate) fn look(&self, view: View) -> Result<()> {
        let scheme = if view.dark { "dark" } else { "light" };
        let motion = if view.reduced_motion { "reduce" } else { "no-preference" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        let size = json!({ "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.touch });
        self.session.devtools("Emulation.setEmulatedMedia", json!({ "features": features }))?;
        self.session.devtools("Emulation.setDeviceMetricsOverride", size)?;
        self.session.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": view.touch }))?;
        let agent = self.session.run("return navigator.userAgent", &[])?;
        let agent = json!({ "userAgent": agent, "acceptLanguage": view.language });
        self.session.devtools("Emulation.setUserAgentOverride", agent).map(drop)
    }

    /// Loads the page anew, with `rest` behind its address (`?query`, `#fragment`), and waits until it is ready.
    pub(crate) fn open(&mut self, rest: &str) -> Result<()> {
        let url = format!("{}{rest}", self.url);
        self.open_url(&url)
    }

    /// Loads the same address again, as the reload key does.
    pub(crate) fn reload(&mut self) -> Result<()> {
        self.session.run("location.reload()", &[])?;
        self.wait("window.kraftscope && kraftscope.ready", LOAD)
    }

    /// Loads the page anew, whatever comes of it.
    pub(crate) fn open_without_waiting(&self) -> Result<()> {
        self.session.goto(&self.url)
    }

    /// From now on addresses of these patterns cannot be reached.
    pub(crate) fn block(&self, patterns: &[&str]) -> Result<()> {
        self.session.devtools("Network.enable", json!({}))?;
        self.session
            .devtools("Network.setCacheDisabled", json!({ "cacheDisabled": !patterns.is_empty() }))?;
        self.session.devtools("Network.setBlockedURLs", json!({ "urls": patterns })).map(drop)
    }

    /// Opens the single file from the disk.
    pub(crate) fn open_single_file(&mut self) -> Result<()> {
        self.open_url(&file_url(&self.single))
    }

    /// Shows other HTML in place of the page.
    pub(crate) fn show(&self, html: &str) -> Result<()> {
        self.session.goto("about:blank")?;
        self.session.run("document.write(arguments[0]); document.close()", &[json!(html)]).map(drop)
    }

    /// Loads an address of the page, such as a share link, and waits until it is ready.
    pub(crate) fn open_url(&mut self, url: &str) -> Result<()> {
        // The same address with another fragment would load nothing.
        self.session.goto("about:blank")?;
        self.session.goto(url)?;
        self.wait("window.kraftscope && kraftscope.ready", LOAD)
    }

    /// The value of a JavaScript expression.
    pub(crate) fn js(&self, expression: &str) -> Result<Value> {
        self.session.run(&format!("return ({expression});"), &[]).with_context(|| format!("`{expression}`"))
    }

    /// The value of a JavaScript expression that is text.
    pub(crate) fn js_text(&self, expression: &str) -> Result<String> {
        let value = self.js(expression)?;
        let text = value.as_str().with_context(|| format!("`{expression}` is {value}, not text"))?;
        Ok(text.into())
    }

    /// The value of a JavaScript expression that is a number.
    pub(crate) fn js_number(&self, expression: &str) -> Result<f64> {
        let value = self.js(expression)?;
        value.as_f64().with_context(|| format!("`{expression}` is {value}, not a number"))
    }

    /// Runs a function body with arguments; `arguments[0]` is the first.
    pub(crate) fn run(&self, body: &str, args: &[Value]) -> Result<Value> {
        self.session.run(body, args)
    }

    /// Waits until a JavaScript condition holds.
    pub(crate) fn wait_until(&self, condition: &str) -> Result<()> {
        self.wait(condition, PATIENCE)
    }

    fn wait(&self, condition: &str, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        loop {
            if self.js(&format!("!!({condition})"))? == true {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("within {} s this never held: {condition}", patience.as_secs());
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// Waits until everything that was decided so far is on the screen: fonts are there and transitions are over.
    pub(crate) fn wait_for_paint(&self) -> Result<()> {
        let body = "return (async () => {
            const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            await document.fonts.ready;
            await frame();
            const ends = (a) => Number.isFinite(a.effect?.getComputedTiming().endTime) && a.playState === 'running';
            await Promise.allSettled(document.getAnimations().filter(ends).map((a) => a.finished));
            await frame();
          })()";
        self.session.run(body, &[]).map(drop)
    }

    /// Clicks the element of this `data-testid` once it is there.
    pub(crate) fn click(&self, id: &str) -> Result<()> {
        self.click_css(&test_id(id))
    }

    /// Clicks the first element that matches once it is there.
    pub(crate) fn click_css(&self, css: &str) -> Result<()> {
        self.with_element(css, |element| self.session.click(element))
            .with_context(|| format!("clicking `{css}`"))
    }

    /// Types into the element of this `data-testid`.
    pub(crate) fn type_into(&self, id: &str, text: &str) -> Result<()> {
        let css = test_id(id);
        self.with_element(&css, |element| self.session.type_into(element, text))
            .with_context(|| format!("typing into `{css}`"))
    }

    /// Presses keys, such as `["Space", "Shift+ArrowRight", "k"]`.
    pub(crate) fn press(&self, keys: &[&str]) -> Result<()> {
        self.session.press(keys).with_context(|| format!("pressing {keys:?}"))
    }

    /// Presses and moves a pointer along points of the viewport.
    pub(crate) fn drag(&self, pointer: Pointer, path: &[(i64, i64)]) -> Result<()> {
        self.session.drag(pointer, path)
    }

    /// Presses the other mouse button on the first element that matches.
    pub(crate) fn right_click_css(&self, css: &str) -> Result<()> {
        self.session.right_click(self.middle_of_css(css)?)
    }

    /// The middle of the element of this `data-testid`, in CSS pixels of the viewport.
    pub(crate) fn middle_of(&self, id: &str) -> Result<(i64, i64)> {
        self.middle_of_css(&test_id(id))
    }

    fn middle_of_css(&self, css: &str) -> Result<(i64, i64)> {
        self.wait_for(css)?;
        let body = "const box = document.querySelector(arguments[0]).getBoundingClientRect();\
                    return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];";
        let point = self.session.run(body, &[json!(css)])?;
        Ok((point[0].as_i64().unwrap_or_default(), point[1].as_i64().unwrap_or_default()))
    }

    /// Whether an element of this `data-testid` is there and can be seen.
    pub(crate) fn sees(&self, id: &str) -> Result<bool> {
        let seen =
            self.js(&format!("!!document.querySelector({})?.checkVisibility()", json!(test_id(id))))?;
        Ok(seen == true)
    }

    /// The text that a person sees in the element of this `data-testid`.
    pub(crate) fn text_of(&self, id: &str) -> Result<String> {
        let css = test_id(id);
        self.with_element(&css, |element| self.session.text(element))
            .with_context(|| format!("reading `{css}`"))
    }

    /// How many elements match.
    pub(crate) fn count(&self, css: &str) -> Result<u64> {
        let count =
            self.session.run("return document.querySelectorAll(arguments[0]).length", &[json!(css)])?;
        count.as_u64().context("a count that is no number")
    }

    /// Does something with the first element that matches once it is there. The page may draw that element anew
    /// between finding and using it, as lists do; a person would not notice, so the new one is taken.
    fn with_element<T>(&self, css: &str, work: impl Fn(&Element) -> Result<T>) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.wait_for(css)?;
            let done = self.session.find(css).and_then(|element| work(&element));
            match done {
                Err(error) if Instant::now() < until && is_gone(&error) => {}
                done => return done,
            }
        }
    }

    fn wait_for(&self, css: &str) -> Result<()> {
        self.wait_until(&format!("document.querySelector({})", json!(css)))
    }

    /// A case that makes the page complain calls this.
    pub(crate) fn expect_console_errors(&mut self) {
        self.errors_expected = true;
    }

    /// Fails when the console got an error since the last reset.
    pub(crate) fn fail_on_console_errors(&mut self) -> Result<()> {
        let entries = self.session.console()?;
        self.console.extend(entries);
        let mut errors =
            self.console.iter().filter(|(level, _)| level == "SEVERE").map(|(_, text)| text.as_str());
        let first = errors.next().filter(|_| !self.errors_expected);
        ensure!(first.is_none(), "the console got an error: {}", first.unwrap_or_default());
        Ok(())
    }

    /// Saves what is seen now.
    pub(crate) fn screenshot(&self, path: &Path) -> Result<()> {
        shell::write(path, self.session.screenshot()?)
    }

    /// Everything that helps to understand a failure and can still be had.
    pub(crate) fn transcript(&self) -> String {
        let ask = |expression: &str| {
            self.js(expression).map_or_else(
                |error| format!("{error:#}"),
                |value| value.as_str().map_or_else(|| value.to_string(), String::from),
            )
        };
        let mut console = self.console.clone();
        console.extend(self.session.console().unwrap_or_default());
        let console: String = console.iter().map(|(level, text)| format!("{level}: {text}\n")).collect();
        format!(
            "# address\n{}\n\n# console\n{console}\n# text\n{}\n\n# scenario\n{}\n",
            ask("location.href"),
            ask("document.body.innerText"),
            ask("window.kraftscope ? kraftscope.text() : 'no handle'"),
        )
    }
}

/// Whether an element was taken away between finding and using it.
fn is_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let text = cause.to_string();
        text.starts_with("stale element reference") || text.starts_with("no such element")
    })
}

fn test_id(id: &str) -> String {
    format!("[data-testid={}]", json!(id))
}
