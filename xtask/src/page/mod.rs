//! Putting the page together: `index.html` and what it links become a [`Site`].
//!
//! A site lives in memory, so a rebuild replaces it whole and nobody ever loads half a page.
//! Invariant: every name that carries a hash is the name of exactly those bytes, and every URL is relative,
//! so that any folder of any static host will do.
mod index;
mod single;
mod site;
mod wasm;

pub(crate) use single::single_file;
pub(crate) use site::{Site, brotli, gzip, is_text};
pub(crate) use wasm::{Profile, ensure_target};

use crate::shell;
use anyhow::{Context, Result, bail};
use index::{Index, Link, Rust};
use std::path::Path;
use wasm::Form;

/// No network but the page's own folder; nothing inline but style attributes, which components set.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'none'";

/// The worker's name in the page's folder.
const WORKER: &str = "kraftscope-worker";

/// What a page is made of before it has names: the inputs of both the folder and the single file.
#[derive(Debug)]
pub(crate) struct Parts {
    index: Index,
    bindings: wasm::Bindings,
    /// What a web worker runs: a search must not hold up the page.
    worker: wasm::Bindings,
    initializer: String,
    css: String,
}

/// Compiles the page and reads everything that `index.html` links.
pub(crate) fn build(profile: Profile) -> Result<Parts> {
    let root = shell::root();
    let index = Index::read(&root.join("index.html"))?;
    let rust = index.rust()?.clone();
    let worker = index.worker()?.to_string();
    wasm::compile(&rust.manifest, &[&rust.bin, &worker], profile)?;
    let bindings = wasm::bound(&rust.bin, "kraftscope", Form::Module, profile)?;
    let worker = wasm::bound(&worker, WORKER, Form::Script, profile)?;
    let initializer = shell::read(&root.join(&rust.initializer))?;
    let mut css = String::new();
    for path in index.css() {
        let text = shell::read(&root.join(path))?;
        forbid_links(path, &text)?;
        css.push_str(&text);
        css.push('\n');
    }
    Ok(Parts { index, bindings, worker, initializer, css })
}

/// The folder form. `reload` adds the script that loads the page anew after a rebuild.
pub(crate) fn assemble(parts: &Parts, reload: bool) -> Result<Site> {
    let root = shell::root();
    let mut site = Site::default();
    let wasm = site.add_hashed("kraftscope_bg", "wasm", parts.bindings.wasm.clone());
    let bindings = site.add_hashed("kraftscope", "js", parts.bindings.js.clone().into_bytes());
    for (name, text) in &parts.bindings.snippets {
        site.add(&format!("snippets/{name}"), text.clone().into_bytes());
    }
    let initializer = site.add_hashed("initializer", "js", parts.initializer.clone().into_bytes());
    let boot = site.add_hashed("boot", "js", boot_script(&bindings, &initializer, &wasm).into_bytes());
    let css = site.add_hashed("style", "css", parts.css.clone().into_bytes());
    let script = site.add_hashed(WORKER, "js", parts.worker.js.clone().into_bytes());
    let module = site.add_hashed(WORKER, "wasm", parts.worker.wasm.clone());
    site.add(&format!("{WORKER}_loader.js"), worker_script(&script, &module).into_bytes());
    let mut style = Some(format!(r#"<link rel="stylesheet" href="{css}">"#));
    let html = parts.index.replace(|link| {
        Ok(match link {
            Link::Rust(Rust { .. }) => start_tags(&bindings, &wasm, &boot, reload),
            Link::Worker(_) => String::new(),
            Link::Css(_) => style.take().unwrap_or_default(),
            Link::Icon(path) => add_icon(&mut site, &root, path)?,
            Link::CopyFile(path) => {
                site.add(file_name(path)?, shell::read_bytes(&root.join(path))?);
                String::new()
            }
            Link::CopyDir(path) => {
                add_folder(&mut site, &root.join(path), file_name(path)?)?;
                String::new()
            }
        })
    })?;
    site.add("index.html", with_policy(&html, POLICY)?.into_bytes());
    if reload {
        site.add("reload.js", include_bytes!("reload.js").to_vec());
    }
    Ok(site)
}

/// The script that Trunk would write for a worker with a loader shim; the page asks for it by this name.
fn worker_script(script: &str, module: &str) -> String {
    format!("importScripts('./{script}');\nwasm_bindgen({{ module_or_path: './{module}' }});\n")
}

/// The script that Trunk would write: load the bindings, then tell the initializer how it went.
fn boot_script(bindings: &str, initializer: &str, wasm: &str) -> String {
    format!(
        "import initializer from './{initializer}';\n\
         const hooks = initializer();\n\
         hooks.onStart();\n\
         try {{\n  \
           const {{ default: init }} = await import('./{bindings}');\n  \
           const wasm = await init({{ module_or_path: new URL('./{wasm}', import.meta.url) }});\n  \
           hooks.onComplete();\n  \
           hooks.onSuccess(wasm);\n\
         }} catch (error) {{\n  \
           hooks.onComplete();\n  \
           hooks.onFailure(error);\n\
         }}\n"
    )
}

fn start_tags(bindings: &str, wasm: &str, boot: &str, reload: bool) -> String {
    let mut tags = format!(
        "<link rel=\"modulepreload\" href=\"{bindings}\">\n    \
         <link rel=\"preload\" href=\"{wasm}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n    \
         <script type=\"module\" src=\"{boot}\"></script>"
    );
    if reload {
        tags.push_str("\n    <script src=\"reload.js\" defer></script>");
    }
    tags
}

/// Puts the content security policy first in the head, so that it rules everything behind it.
fn with_policy(html: &str, policy: &str) -> Result<String> {
    let head = "<meta charset=\"utf-8\">";
    if !html.contains(head) {
        bail!(
            "index.html: no `{head}` to put the content security policy behind: add it at the head's start"
        );
    }
    let meta = format!("{head}\n    <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    Ok(html.replacen(head, &meta, 1))
}

fn add_icon(site: &mut Site, root: &Path, path: &str) -> Result<String> {
    let extension =
        Path::new(path).extension().and_then(|e| e.to_str()).context("an icon without an extension")?;
    let name = site.add_hashed("icon", extension, shell::read_bytes(&root.join(path))?);
    Ok(format!(r#"<link rel="icon" href="{name}">"#))
}

fn add_folder(site: &mut Site, folder: &Path, name: &str) -> Result<()> {
    for path in shell::files_below(folder) {
        let inside = path.strip_prefix(folder).expect("files_below returns paths below the folder");
        let inside = inside.to_string_lossy().replace('\\', "/");
        site.add(&format!("{name}/{inside}"), shell::read_bytes(&path)?);
    }
    Ok(())
}

fn file_name(path: &str) -> Result<&str> {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .with_context(|| format!("`{path}` has no file name"))
}

/// The style sheets become one file in another folder, so a relative URL inside would point nowhere.
fn forbid_links(path: &str, css: &str) -> Result<()> {
    for (number, line) in css.lines().enumerate() {
        let bad = line.split("url(").skip(1).any(|rest| {
            let target = rest.trim_start_matches(['"', '\'']);
            !target.starts_with("data:") && !target.starts_with('#')
        });
        if bad || line.trim_start().starts_with("@import") {
            bail!(
                "{path}:{}: the style sheets are joined into one: use a data: URL or link it in index.html",
                number + 1
            );
        }
    }
    Ok(())
}
