//! `cargo xtask dist`: what a static host serves, and one file for a disk.
use crate::page::{self, Profile};
use crate::shell;
use anyhow::{Context, Result};

pub(crate) fn run(args: shell::Args) -> Result<()> {
    args.finish()?;
    let parts = page::build(Profile::Release)?;
    let site = page::assemble(&parts, false)?;
    let single = page::single_file(&parts)?;
    let dist = shell::root().join("dist");
    if dist.exists() {
        std::fs::remove_dir_all(&dist).with_context(|| format!("cannot empty {}", dist.display()))?;
    }
    println!("{:<34}{:>10}{:>10}{:>10}", "dist/", "bytes", "gzip", "brotli");
    let mut code = (0, 0);
    for (name, file) in site.iter() {
        shell::write(&dist.join(name), &file.bytes)?;
        if !page::is_text(name) {
            println!("{name:<34}{:>10}", file.bytes.len());
            continue;
        }
        let gzip = page::gzip(&file.bytes, flate2::Compression::best());
        let brotli = page::brotli(&file.bytes);
        println!("{name:<34}{:>10}{:>10}{:>10}", file.bytes.len(), gzip.len(), brotli.len());
        if name.ends_with(".js") || name.ends_with(".wasm") {
            code = (code.0 + gzip.len(), code.1 + brotli.len());
        }
        shell::write(&dist.join(format!("{name}.gz")), gzip)?;
        shell::write(&dist.join(format!("{name}.br")), brotli)?;
    }
    shell::write(&dist.join("kraftscope.html"), &single)?;
    println!("{:<34}{:>10}", "kraftscope.html (all in one)", single.len());
    println!("{:<34}{:>10}{:>10}{:>10}", "wasm and js, compressed", "", code.0, code.1);
    Ok(())
}
