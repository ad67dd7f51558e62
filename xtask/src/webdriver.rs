//! A client for as much of W3C WebDriver as the browser commands use, and Chromium's own commands through it.
//!
//! It knows nothing of kraftscope. One [`Driver`] is one chromedriver process, one [`Session`] one browser process.
use crate::chrome;
use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// A command that takes longer has hung.
const TIMEOUT: Duration = Duration::from_secs(180);

/// A running chromedriver; it ends with this value.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Child,
    url: String,
    browser: PathBuf,
    agent: ureq::Agent,
}

/// A running browser; it ends with this value.
#[derive(Debug)]
pub(crate) struct Session {
    url: String,
    agent: ureq::Agent,
    profile: PathBuf,
}

/// An element of the current page.
#[derive(Debug, Clone)]
pub(crate) struct Element(String);

/// What points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pointer {
    Mouse,
    Touch,
}

impl Driver {
    /// Starts chromedriver on a port that it finds free.
    pub(crate) fn start(tools: &chrome::Tools) -> Result<Self> {
        let mut command = Command::new(&tools.driver);
        command.args(["--port=0", "--log-level=WARNING"]);
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("chromedriver has no output")?).lines();
        let port = loop {
            let line = lines.next().context("chromedriver ended before it was ready")??;
            if let Some((_, port)) = line.trim_end_matches('.').rsplit_once("successfully on port ") {
                break port.to_string();
            }
        };
        // Its later lines must go somewhere, or it would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None);
        let agent = config.build().new_agent();
        Ok(Self { process, url: format!("http://127.0.0.1:{port}"), browser: tools.browser.clone(), agent })
    }

    /// Starts a browser with an empty profile.
    pub(crate) fn session(&self) -> Result<Session> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile =
            std::env::temp_dir().join(format!("kraftscope-browser-{}-{number}", std::process::id()));
        let mut flags: Vec<String> = [
            "--headless",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            "--window-size=1440,900",
        ]
        .map(String::from)
        .into();
        flags.push(format!("--user-data-dir={}", profile.display()));
        if chrome::is_root() {
            flags.push("--no-sandbox".into());
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": self.browser, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": TIMEOUT.as_millis() as u64, "pageLoad": TIMEOUT.as_millis() as u64 },
        } } });
        let url = format!("{}/session", self.url);
        let answer = call(&self.agent, "POST", &url, Some(wanted)).context("the browser did not start")?;
        let id = answer["sessionId"].as_str().context("chromedriver gave the session no id")?;
        Ok(Session { url: format!("{url}/{id}"), agent: self.agent.clone(), profile })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = call(&self.agent, "DELETE", &self.url, None);
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

impl Session {
    fn get(&self, path: &str) -> Result<Value> {
        call(&self.agent, "GET", &format!("{}{path}", self.url), None)
    }

    fn post(&self, path: &str, body: Value) -> Result<Value> {
        call(&self.agent, "POST", &format!("{}{path}", self.url), Some(body))
    }

    pub(crate) fn goto(&self, url: &str) -> Result<()> {
        self.post("/url", json!({ "url": url })).map(drop)
    }

    /// Runs the body of a function and returns what it returns; a promise is waited for.
    pub(crate) fn run(&self, body: &str, args: &[Value]) -> Result<Value> {
        self.post("/execute/sync", json!({ "script": body, "args": args }))
    }

    pub(crate) fn find(&self, css: &str) -> Result<Element> {
        let answer = self.post("/element", json!({ "using": "css selector", "value": css }));
        let answer = answer.with_context(|| format!("no element `{css}`"))?;
        Ok(Element(answer[ELEMENT].as_str().context("an element without a reference")?.into()))
    }

    pub(crate) fn text(&self, element: &Element) -> Result<String> {
        let text = self.get(&format!("/element/{}/text", element.0))?;
        Ok(text.as_str().unwrap_or_default().into())
    }

    /// Clicks as a person does: scrolled into view, in the middle, refused when something lies on top.
    pub(crate) fn click(&self, element: &Element) -> Result<()> {
        self.post(&format!("/element/{}/click", element.0), json!({})).map(drop)
    }

    /// Types into an element.
    pub(crate) fn type_into(&self, element: &Element, text: &str) -> Result<()> {
        self.post(&format!("/element/{}/value", element.0), json!({ "text": text })).map(drop)
    }

    /// Presses keys one after another on whatever has the focus. A key is one character or a name of [`key_code`];
    /// `Shift+x` holds the modifier.
    pub(crate) fn press(&self, keys: &[&str]) -> Result<()> {
        let mut actions = Vec::new();
        for chord in keys {
            let parts: Vec<&str> = if chord.len() > 1 { chord.split('+').collect() } else { vec![chord] };
            let codes: Vec<String> = parts.iter().map(|key| key_code(key)).collect::<Result<_>>()?;
            actions.extend(codes.iter().map(|code| json!({ "type": "keyDown", "value": code })));
            actions.extend(codes.iter().rev().map(|code| json!({ "type": "keyUp", "value": code })));
        }
        self.act(json!([{ "type": "key", "id": "keyboard", "actions": actions }]))
    }

    /// Presses the pointer at the first point, moves it along the others and lets go; CSS pixels of the viewport.
    pub(crate) fn drag(&self, pointer: Pointer, path: &[(i64, i64)]) -> Result<()> {
        let Some((&(x, y), rest)) = path.split_first() else { bail!("a drag along no points") };
        let to =
            |(x, y): (i64, i64), ms: u32| json!({ "type": "pointerMove", "duration": ms, "x": x, "y": y });
        let mut actions = vec![to((x, y), 0), json!({ "type": "pointerDown", "button": 0 })];
        actions.extend(rest.iter().map(|&point| to(point, 60)));
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
        let kind = if pointer == Pointer::Touch { "touch" } else { "mouse" };
        let parameters = json!({ "pointerType": kind });
        self.act(json!([{ "type": "pointer", "id": kind, "parameters": parameters, "actions": actions }]))
    }

    /// Presses the other mouse button, for the menu.
    pub(crate) fn right_click(&self, (x, y): (i64, i64)) -> Result<()> {
        let actions = json!([
            { "type": "pointerMove", "duration": 0, "x": x, "y": y },
            { "type": "pointerDown", "button": 2 },
            { "type": "pointerUp", "button": 2 },
        ]);
        self.act(json!([{ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": actions }]))
    }

    fn act(&self, actions: Value) -> Result<()> {
        self.post("/actions", json!({ "actions": actions })).map(drop)
    }

    /// A PNG of the viewport.
    pub(crate) fn screenshot(&self) -> Result<Vec<u8>> {
        let text = self.get("/screenshot")?;
        STANDARD.decode(text.as_str().unwrap_or_default()).context("the screenshot is no base64")
    }

    /// A command of the Chrome DevTools protocol.
    pub(crate) fn devtools(&self, command: &str, params: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": params }))
    }

    /// What the console got since the last call: (level, text).
    pub(crate) fn console(&self) -> Result<Vec<(String, String)>> {
        let entries = self.post("/se/log", json!({ "type": "browser" }))?;
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_string();
        let entries = entries.as_array().cloned().unwrap_or_default();
        Ok(entries.iter().map(|entry| (text(entry, "level"), text(entry, "message"))).collect())
    }
}

/// The code that WebDriver gives to a key without a character.
fn key_code(key: &str) -> Result<String> {
    let code = match key {
        "Backspace" => '\u{E003}',
        "Tab" => '\u{E004}',
        "Enter" => '\u{E007}',
        "Shift" => '\u{E008}',
        "Control" => '\u{E009}',
        "Alt" => '\u{E00A}',
        "Escape" => '\u{E00C}',
        "Space" => ' ',
        "PageUp" => '\u{E00E}',
        "PageDown" => '\u{E00F}',
        "End" => '\u{E010}',
        "Home" => '\u{E011}',
        "ArrowLeft" => '\u{E012}',
        "ArrowUp" => '\u{E013}',
        "ArrowRight" => '\u{E014}',
        "ArrowDown" => '\u{E015}',
        "Delete" => '\u{E017}',
        _ => {
            let mut characters = key.chars();
            match (characters.next(), characters.next()) {
                (Some(character), None) => character,
                _ => bail!("`{key}` is no key: name it in webdriver.rs, key_code"),
            }
        }
    };
    Ok(code.to_string())
}

fn call(agent: &ureq::Agent, method: &str, url: &str, body: Option<Value>) -> Result<Value> {
    let mut answer = match (method, body) {
        ("GET", _) => agent.get(url).call(),
        ("DELETE", _) => agent.delete(url).call(),
        (_, body) => agent
            .post(url)
            .header("Content-Type", "application/json")
            .send(body.unwrap_or_else(|| json!({})).to_string()),
    }
    .context("chromedriver does not answer")?;
    // A screenshot of a large page is a few megabytes of base64.
    let text = answer.body_mut().with_config().limit(256 << 20).read_to_string()?;
    let mut json: Value = serde_json::from_str(&text).context("chromedriver answers no JSON")?;
    let value = json["value"].take();
    if let Some(error) = value["error"].as_str() {
        let message = value["message"].as_str().unwrap_or_default();
        bail!("{error}: {}", message.lines().next().unwrap_or_default());
    }
    Ok(value)
}

/// Ends a path for a person: as a `file:` address.
pub(crate) fn file_url(path: &Path) -> String {
    format!("file://{}", path.display())
}
