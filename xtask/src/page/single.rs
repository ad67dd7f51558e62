//! The page as one file that opens from a disk, without a server and without a network.
//!
//! The module rides along gzipped in base64 and is unpacked by the browser itself. A file from a disk may not load
//! another, so nothing is linked, and the content security policy allows nothing but this very script, by its hash.
use super::index::Link;
use super::{Parts, site, with_policy};
use crate::shell;
use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// `kraftscope.html`.
pub(crate) fn single_file(parts: &Parts) -> Result<String> {
    if let Some((name, _)) = parts.bindings.snippets.first() {
        bail!("a crate brings the script `{name}`, which a single file cannot import");
    }
    let script = script(parts)?;
    let hash = STANDARD.encode(Sha256::digest(&script));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{hash}' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; \
         img-src data: blob:; font-src data:; worker-src blob:; object-src 'none'; base-uri 'none'; form-action 'none'"
    );
    let mut style = Some(format!("<style>\n{}</style>", parts.css));
    let html = parts.index.replace(|link| {
        Ok(match link {
            Link::Rust(_) => format!("<script type=\"module\">{script}</script>"),
            Link::Css(_) => style.take().unwrap_or_default(),
            Link::Icon(path) => {
                let kind = if path.ends_with(".svg") { "svg+xml" } else { "png" };
                let data = STANDARD.encode(shell::read_bytes(&shell::root().join(path))?);
                format!("<link rel=\"icon\" href=\"data:image/{kind};base64,{data}\">")
            }
            Link::Worker(_) | Link::CopyFile(_) | Link::CopyDir(_) => String::new(),
        })
    })?;
    with_policy(&without_links(&html)?, &policy)
}

/// The bindings, the initializer and the module in one script.
fn script(parts: &Parts) -> Result<String> {
    let js = parts.bindings.js.as_str();
    let Some((bindings, exports)) = js.rsplit_once("export {") else {
        bail!("the bindings of wasm-bindgen end in no `export {{ … }}`");
    };
    let init = exports
        .split(',')
        .find_map(|name| name.trim().trim_end_matches([' ', '}', ';', '\n']).strip_suffix(" as default"));
    let init = init.context("the bindings of wasm-bindgen export no default function")?.trim();
    let hooks = parts.initializer.replacen("export default function", "function", 1);
    let packed = |wasm: &[u8]| STANDARD.encode(site::gzip(wasm, flate2::Compression::best()));
    let module = packed(&parts.bindings.wasm);
    let worker = serde_json::to_string(&worker_script(&parts.worker.js, &packed(&parts.worker.wasm)))?;
    let text = format!(
        "\n{hooks}\n{bindings}\n\
         globalThis.kraftscopeWorker = () => URL.createObjectURL(new Blob([{worker}], {{ type: 'text/javascript' }}));\n\
         const bootHooks = initializer();\n\
         bootHooks.onStart();\n\
         try {{\n  \
           const packed = Uint8Array.from(atob('{module}'), (c) => c.charCodeAt(0));\n  \
           const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));\n  \
           const bytes = await new Response(stream).arrayBuffer();\n  \
           const wasm = await {init}({{ module_or_path: bytes }});\n  \
           bootHooks.onComplete();\n  \
           bootHooks.onSuccess(wasm);\n\
         }} catch (error) {{\n  \
           bootHooks.onComplete();\n  \
           bootHooks.onFailure(error);\n\
         }}\n"
    );
    Ok(text.replace("</script", "<\\/script"))
}

/// The whole worker in one script, for a worker from a blob: it could not import another file.
fn worker_script(bindings: &str, module: &str) -> String {
    format!(
        "{bindings}\n\
         const packed = Uint8Array.from(atob('{module}'), (c) => c.charCodeAt(0));\n\
         const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));\n\
         new Response(stream).arrayBuffer().then((bytes) => wasm_bindgen({{ module_or_path: bytes }}));\n"
    )
}

/// Takes out the links that only a server can answer: the manifest and the icons for home screens.
fn without_links(html: &str) -> Result<String> {
    let mut kept = String::new();
    for line in html.lines() {
        let link = line.trim_start();
        if !(link.starts_with("<link rel=\"manifest\"") || link.starts_with("<link rel=\"apple-touch-icon\""))
        {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Ok(kept)
}
