//! From the web crate to a WebAssembly module and its JavaScript bindings.
//!
//! wasm-bindgen is driven as a library of the very version in Cargo.lock, so that nothing needs to be installed.
//! Its output is memoised by the bytes of its input: most runs of `cargo xtask test` change no page.
use crate::shell;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Instant;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// What the module is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build, quick enough to run: `serve` and the browser tests.
    Dev,
    /// Small: `dist`.
    Release,
}

/// What wasm-bindgen made.
#[derive(Debug)]
pub(crate) struct Bindings {
    pub(crate) js: String,
    pub(crate) wasm: Vec<u8>,
    /// Scripts that crates bring along, by their path below `snippets/`.
    pub(crate) snippets: Vec<(String, String)>,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }
}

/// How the JavaScript side is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An ES module, for the page.
    Module,
    /// A classic script that defines `wasm_bindgen`, for `importScripts` in a worker.
    Script,
}

/// Compiles binaries of one package (the path of its Cargo.toml below the root) in one go.
pub(crate) fn compile(manifest: &str, bins: &[&str], profile: Profile) -> Result<()> {
    ensure_target()?;
    let mut cargo = shell::cargo();
    cargo.args(["build", "--target", TARGET, "--profile", profile.name()]);
    for bin in bins {
        cargo.args(["--bin", bin]);
    }
    shell::run(cargo.arg("--manifest-path").arg(shell::root().join(manifest)))
}

/// Binds a compiled binary under `name`.
pub(crate) fn bound(bin: &str, name: &str, form: Form, profile: Profile) -> Result<Bindings> {
    let started = Instant::now();
    let target = shell::target_dir()?;
    let module = target.join(TARGET).join(profile.name()).join(format!("{bin}.wasm"));
    let out = target.join("page").join(profile.name()).join(name);
    if bind(&module, &out, name, form, profile)? {
        eprintln!("page: bound {name} in {}", shell::seconds(started));
    }
    read(&out, name)
}

/// Runs wasm-bindgen (and wasm-opt for a release) unless `out` holds the result already; returns whether it ran.
fn bind(module: &Path, out: &Path, name: &str, form: Form, profile: Profile) -> Result<bool> {
    let bytes = shell::read_bytes(module)?;
    let optimizer = shell::find_program("wasm-opt").filter(|_| profile == Profile::Release);
    let key = format!("{:x} {optimizer:?}", Sha256::digest(&bytes));
    let stamp = out.join("stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        return Ok(false);
    }
    if out.exists() {
        std::fs::remove_dir_all(out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let release = profile == Profile::Release;
    let mut bindgen = Bindgen::new();
    match form {
        Form::Module => bindgen.web(true)?,
        Form::Script => bindgen.no_modules(true)?,
    }
    .input_bytes(name, bytes)
    .typescript(false)
    .omit_default_module_path(true)
    .remove_name_section(release)
    .remove_producers_section(release)
    .generate(out)
    .context("wasm-bindgen refused the module")?;
    if let Some(optimizer) = optimizer {
        optimize(&optimizer, &out.join(format!("{name}_bg.wasm")))?;
    }
    shell::write(&stamp, key)?;
    Ok(true)
}

/// The features are named: with all of them on, wasm-opt may write a module that browsers refuse.
fn optimize(optimizer: &Path, module: &Path) -> Result<()> {
    let features = [
        "--enable-bulk-memory",
        "--enable-sign-ext",
        "--enable-nontrapping-float-to-int",
        "--enable-mutable-globals",
        "--enable-reference-types",
        "--enable-multivalue",
    ];
    let mut command = shell::command(&optimizer.to_string_lossy());
    shell::run(command.args(features).arg("-Os").arg(module).arg("-o").arg(module))
}

fn read(out: &Path, name: &str) -> Result<Bindings> {
    let mut snippets = Vec::new();
    let folder = out.join("snippets");
    for path in shell::files_below(&folder) {
        let inside = path.strip_prefix(&folder).expect("files_below returns paths below the folder");
        snippets.push((inside.to_string_lossy().replace('\\', "/"), shell::read(&path)?));
    }
    let js = shell::read(&out.join(format!("{name}.js")))?;
    let wasm = shell::read_bytes(&out.join(format!("{name}_bg.wasm")))?;
    Ok(Bindings { js, wasm, snippets })
}

/// Adds the wasm32 target through rustup when the toolchain lacks it.
pub(crate) fn ensure_target() -> Result<()> {
    let ask =
        || shell::output(shell::command("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    if PathBuf::from(ask()?.trim()).is_dir() {
        return Ok(());
    }
    eprintln!("adding the Rust target {TARGET}");
    let added = shell::run(shell::command("rustup").args(["target", "add", TARGET]));
    if added.is_err() {
        bail!(
            "the Rust target {TARGET} is missing and rustup could not add it: connect to the network and run \
             `rustup target add {TARGET}`, or install your distribution's package of that target"
        );
    }
    Ok(())
}
