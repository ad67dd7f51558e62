//! A finished page: names and bytes, and how each is to be sent.
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;

/// Every file of a page by its name relative to the page.
#[derive(Debug, Default)]
pub(crate) struct Site {
    files: BTreeMap<String, File>,
}

/// One file; its gzip form is made when it is first asked for.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    /// The name carries a hash of the bytes, so a browser may keep it for ever.
    pub(crate) hashed: bool,
    gzip: OnceLock<Vec<u8>>,
}

impl Site {
    pub(crate) fn add(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.insert(name.into(), File { bytes, hashed: false, gzip: OnceLock::new() });
    }

    /// Adds a file under `stem-HASH.extension` and returns that name.
    pub(crate) fn add_hashed(&mut self, stem: &str, extension: &str, bytes: Vec<u8>) -> String {
        let hash: String = Sha256::digest(&bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{stem}-{hash}.{extension}");
        self.files.insert(name.clone(), File { bytes, hashed: true, gzip: OnceLock::new() });
        name
    }

    pub(crate) fn get(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(name, file)| (name.as_str(), file))
    }
}

impl File {
    /// The gzip form at a speed fit for serving on this machine.
    pub(crate) fn gzip(&self) -> &[u8] {
        self.gzip.get_or_init(|| gzip(&self.bytes, flate2::Compression::fast()))
    }
}

/// Whether a file of this name gets smaller by compression.
pub(crate) fn is_text(name: &str) -> bool {
    let compressible = ["html", "js", "css", "wasm", "svg", "json", "webmanifest", "txt"];
    name.rsplit_once('.').is_some_and(|(_, extension)| compressible.contains(&extension))
}

pub(crate) fn gzip(bytes: &[u8], level: flate2::Compression) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}

pub(crate) fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, 1 << 16, 11, 22);
    encoder.write_all(bytes).expect("a vector takes every byte");
    drop(encoder);
    out
}
