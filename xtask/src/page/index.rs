//! Reads `index.html`: the `data-trunk` links that Trunk reads as well, and nothing else of it.
//!
//! Left out: Trunk's other link kinds. One that is not known here is an error that names the line,
//! because a page that silently lacks a part is worse than no page.
use crate::shell;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// The page's HTML and its links in order.
#[derive(Debug)]
pub(crate) struct Index {
    html: String,
    links: Vec<(Range<usize>, Link)>,
}

/// A `data-trunk` link; paths are relative to `index.html`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Rust(Rust),
    /// `rel="rust" data-type="worker"`: the binary that a web worker runs, of the same package as the page.
    Worker(String),
    Css(String),
    Icon(String),
    CopyFile(String),
    CopyDir(String),
}

/// `rel="rust"`: the crate that becomes WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rust {
    /// Path of its Cargo.toml.
    pub(crate) manifest: String,
    /// The binary target.
    pub(crate) bin: String,
    /// The script that is told how loading goes.
    pub(crate) initializer: String,
}

impl Index {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(shell::read(path)?)
    }

    fn parse(html: String) -> Result<Self> {
        let mut links = Vec::new();
        let mut from = 0;
        while let Some(start) = html[from..].find("<link").map(|at| from + at) {
            let line = html[..start].matches('\n').count() + 1;
            let end =
                html[start..].find('>').with_context(|| format!("index.html:{line}: <link without `>`"))?;
            let range = start..start + end + 1;
            let attributes = attributes(html[start + 5..start + end].trim_end_matches('/'));
            if attributes.contains_key("data-trunk") {
                let link =
                    Link::from_attributes(&attributes).with_context(|| format!("index.html:{line}"))?;
                links.push((range.clone(), link));
            }
            from = range.end;
        }
        Ok(Self { html, links })
    }

    /// The one crate that the page runs.
    pub(crate) fn rust(&self) -> Result<&Rust> {
        let mut found = self.links.iter().filter_map(|(_, link)| match link {
            Link::Rust(rust) => Some(rust),
            Link::Worker(_) | Link::Css(_) | Link::Icon(_) | Link::CopyFile(_) | Link::CopyDir(_) => None,
        });
        let (Some(rust), None) = (found.next(), found.next()) else {
            bail!("index.html must have exactly one <link data-trunk rel=\"rust\"> without data-type");
        };
        Ok(rust)
    }

    /// The binary of the page's worker.
    pub(crate) fn worker(&self) -> Result<&str> {
        let mut found = self.links.iter().filter_map(|(_, link)| match link {
            Link::Worker(bin) => Some(bin.as_str()),
            Link::Rust(_) | Link::Css(_) | Link::Icon(_) | Link::CopyFile(_) | Link::CopyDir(_) => None,
        });
        let (Some(bin), None) = (found.next(), found.next()) else {
            bail!("index.html must have exactly one <link data-trunk rel=\"rust\" data-type=\"worker\">");
        };
        Ok(bin)
    }

    /// The style sheets in the order of the page.
    pub(crate) fn css(&self) -> impl Iterator<Item = &str> {
        self.links.iter().filter_map(|(_, link)| match link {
            Link::Css(path) => Some(path.as_str()),
            Link::Rust(_) | Link::Worker(_) | Link::Icon(_) | Link::CopyFile(_) | Link::CopyDir(_) => None,
        })
    }

    /// The HTML with each link replaced by what `with` makes of it; a line left empty goes.
    pub(crate) fn replace(&self, mut with: impl FnMut(&Link) -> Result<String>) -> Result<String> {
        let mut html = String::new();
        let mut from = 0;
        for (range, link) in &self.links {
            html.push_str(&self.html[from..range.start]);
            let text = with(link)?;
            if text.is_empty() {
                html.truncate(html.trim_end_matches([' ', '\n']).len());
            }
            html.push_str(&text);
            from = range.end;
        }
        html.push_str(&self.html[from..]);
        Ok(html)
    }
}

impl Link {
    fn from_attributes(attributes: &BTreeMap<String, String>) -> Result<Self> {
        let get = |name: &str| {
            let value = attributes.get(name).filter(|value| !value.is_empty());
            value.cloned().with_context(|| format!("a data-trunk link without `{name}`"))
        };
        let rel = get("rel")?;
        let known: &[&str] = match rel.as_str() {
            "rust" => &["data-bin", "data-initializer", "data-wasm-opt", "data-type", "data-loader-shim"],
            _ => &[],
        };
        let foreign = attributes.keys().find(|name| {
            !["data-trunk", "rel", "href"].contains(&name.as_str()) && !known.contains(&name.as_str())
        });
        if let Some(name) = foreign {
            bail!(
                "`{name}` on a data-trunk rel=\"{rel}\" link is not known to xtask (xtask/src/page/index.rs)"
            );
        }
        let href = get("href")?;
        Ok(match rel.as_str() {
            "rust" if attributes.contains_key("data-type") => match get("data-type")?.as_str() {
                "worker" => Self::Worker(get("data-bin")?),
                other => bail!("data-type=\"{other}\" is not known to xtask: leave it out or write worker"),
            },
            "rust" => Self::Rust(Rust {
                manifest: href,
                bin: get("data-bin")?,
                initializer: get("data-initializer")?,
            }),
            "css" => Self::Css(href),
            "icon" => Self::Icon(href),
            "copy-file" => Self::CopyFile(href),
            "copy-dir" => Self::CopyDir(href),
            _ => bail!("a data-trunk link of rel=\"{rel}\" is not known to xtask (xtask/src/page/index.rs)"),
        })
    }
}

/// `name`, `name=value`, `name="value"`, in any white space.
fn attributes(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = rest[..end].to_string();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (open, close) = match quote {
                Some(quote) => (1, after[1..].find(quote).map_or(after.len(), |at| at + 1)),
                None => (0, after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            value = after[open..close].to_string();
            rest = after.get(close + open..).unwrap_or_default().trim_start();
        }
        if name.is_empty() {
            break;
        }
        found.insert(name, value);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<head>\n  <link data-trunk rel=\"rust\" href='web/Cargo.toml' data-bin=app\n    \
        data-initializer=\"boot.mjs\" />\n  <link rel=\"author\" href=\"x\">\n  <link data-trunk rel=css href=a.css>\n</head>";

    #[test]
    fn finds_the_links_that_trunk_finds_and_leaves_others_alone() {
        let index = Index::parse(PAGE.into()).unwrap();
        let rust =
            Rust { manifest: "web/Cargo.toml".into(), bin: "app".into(), initializer: "boot.mjs".into() };
        assert_eq!(index.rust().unwrap(), &rust);
        assert_eq!(index.css().collect::<Vec<_>>(), ["a.css"]);
        assert_eq!(index.links.len(), 2);
    }

    #[test]
    fn a_worker_is_a_link_of_its_own() {
        let worker =
            "<link data-trunk rel=rust href=web/Cargo.toml data-bin=work data-type=worker data-loader-shim>";
        let index = Index::parse(format!("{PAGE}{worker}")).unwrap();
        assert_eq!((index.worker().unwrap(), index.rust().unwrap().bin.as_str()), ("work", "app"));
        assert!(Index::parse(PAGE.into()).unwrap().worker().is_err());
    }

    #[test]
    fn a_replaced_link_leaves_the_rest_of_the_page_as_it_was() {
        let index = Index::parse(PAGE.into()).unwrap();
        let html =
            index.replace(|link| Ok(if matches!(link, Link::Rust(_)) { "R" } else { "" }.into())).unwrap();
        assert_eq!(html, "<head>\n  R\n  <link rel=\"author\" href=\"x\">\n</head>");
    }

    #[test]
    fn an_unknown_kind_of_link_is_an_error_that_names_the_line() {
        let error = Index::parse("<p>\n<link data-trunk rel=\"sass\" href=\"a\">".into()).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "index.html:2: a data-trunk link of rel=\"sass\" is not known to xtask (xtask/src/page/index.rs)"
        );
    }

    #[test]
    fn an_unknown_attribute_on_a_link_is_an_error() {
        let error = Index::parse("<link data-trunk rel=css href=a data-inline>".into()).unwrap_err();
        assert!(format!("{error:#}").contains("`data-inline`"));
    }
}
