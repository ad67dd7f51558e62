//! A small server for one [`Site`] on this machine, with the headers of a good static host.
//!
//! A site is swapped whole. `/events` tells the page the number of the build, so that it can reload itself.
use crate::page::Site;
use anyhow::{Result, anyhow};
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tiny_http::{Header, Request, Response};

/// Threads that answer requests; a page loads about six files at once.
const THREADS: usize = 4;

/// The running server; it stops with the process.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    current: Mutex<Build>,
    changed: Condvar,
}

#[derive(Debug, Clone)]
struct Build {
    number: u64,
    site: Arc<Site>,
}

impl Server {
    /// Serves `site` on `port` of 127.0.0.1, or on the next free one; 0 takes any.
    pub(crate) fn start(site: Site, port: u16) -> Result<Self> {
        let listener = bind(port)?;
        let port = listener.local_addr()?.port();
        let server = tiny_http::Server::from_listener(listener, None)
            .map_err(|error| anyhow!("no server: {error}"))?;
        let server = Arc::new(server);
        // A server that was started anew must not look like the same build to an open page.
        let number = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()) * 1000;
        let build = Build { number, site: Arc::new(site) };
        let shared = Arc::new(Shared { current: Mutex::new(build), changed: Condvar::new() });
        for _ in 0..THREADS {
            let (server, shared) = (server.clone(), shared.clone());
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    answer(request, &shared);
                }
            });
        }
        Ok(Self { port, shared })
    }

    /// Ends in a slash.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Serves another site from now on and tells every open page.
    pub(crate) fn replace(&self, site: Site) {
        let mut current = self.shared.lock();
        *current = Build { number: current.number + 1, site: Arc::new(site) };
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Build> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind(port: u16) -> Result<TcpListener> {
    let last = port.saturating_add(if port == 0 { 0 } else { 50 });
    (port..=last)
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .ok_or_else(|| anyhow!("no free port from {port} to {last} on 127.0.0.1: name another with --port"))
}

fn answer(request: Request, shared: &Arc<Shared>) {
    let path = request.url().split(['?', '#']).next().unwrap_or_default();
    let name = path.trim_start_matches('/').to_string();
    if name == "events" {
        let shared = shared.clone();
        std::thread::spawn(move || send_events(request, &shared));
        return;
    }
    let site = shared.lock().site.clone();
    let name = if name.is_empty() { "index.html" } else { &name };
    let Some(file) = site.get(name) else {
        let _ = request.respond(Response::from_string(format!("{name}: no such file")).with_status_code(404));
        return;
    };
    let zip = accepts_gzip(&request) && crate::page::is_text(name) && file.bytes.len() > 1024;
    let body = if zip { file.gzip().to_vec() } else { file.bytes.clone() };
    let keep = if file.hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::from_data(body).with_chunked_threshold(usize::MAX);
    response.add_header(header("Content-Type", mime(name)));
    response.add_header(header("Cache-Control", keep));
    response.add_header(header("Vary", "Accept-Encoding"));
    response.add_header(header("X-Content-Type-Options", "nosniff"));
    if zip {
        response.add_header(header("Content-Encoding", "gzip"));
    }
    // A browser that has gone away is no error of ours.
    let _ = request.respond(response);
}

/// Server-sent events: the build's number now, and again at every change; a comment every while keeps it open.
fn send_events(request: Request, shared: &Shared) {
    let mut out = request.into_writer();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n";
    let mut text = head.to_string();
    let mut sent = None;
    loop {
        let mut current = shared.lock();
        if sent == Some(current.number) {
            let waited = shared.changed.wait_timeout(current, Duration::from_secs(15));
            current = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if sent == Some(current.number) {
            text.push_str(": still here\n\n");
        } else {
            text.push_str(&format!("data: {}\n\n", current.number));
            sent = Some(current.number);
        }
        drop(current);
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
        text.clear();
    }
}

fn accepts_gzip(request: &Request) -> bool {
    let mut headers = request.headers().iter().filter(|header| header.field.equiv("Accept-Encoding"));
    headers.any(|header| header.value.as_str().contains("gzip"))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("our own header names and values are ASCII")
}

fn mime(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    fn site(text: &str) -> (Site, String) {
        let mut site = Site::default();
        site.add("index.html", text.into());
        let wasm = site.add_hashed("page", "wasm", vec![0; 4000]);
        (site, wasm)
    }

    fn head(server: &Server, name: &str) -> (u16, [String; 3]) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
        let answer =
            agent.get(format!("{}{name}", server.url())).header("Accept-Encoding", "gzip").call().unwrap();
        let get =
            |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_string();
        (answer.status().as_u16(), [get("content-type"), get("cache-control"), get("content-encoding")])
    }

    #[test]
    fn a_hashed_file_is_kept_for_ever_and_the_page_is_asked_for_again() {
        let (site, wasm) = site("hello");
        let server = Server::start(site, 0).unwrap();
        let kept = ["application/wasm", "public, max-age=31536000, immutable", "gzip"].map(String::from);
        assert_eq!(head(&server, &wasm), (200, kept));
        assert_eq!(head(&server, ""), (200, ["text/html; charset=utf-8", "no-cache", ""].map(String::from)));
        assert_eq!(head(&server, "../Cargo.toml").0, 404);
    }

    #[test]
    fn a_port_in_use_gives_the_next_free_one() {
        let first = Server::start(site("a").0, 0).unwrap();
        let second = Server::start(site("b").0, first.port()).unwrap();
        assert!(second.port() > first.port());
    }

    #[test]
    fn an_open_page_hears_of_a_new_build() {
        let server = Server::start(site("old").0, 0).unwrap();
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        let answer = agent.get(format!("{}events", server.url())).call().unwrap();
        let mut lines = BufReader::new(answer.into_body().into_reader()).lines();
        let mut number = || {
            lines
                .by_ref()
                .map(Result::unwrap)
                .find_map(|line| line.strip_prefix("data: ")?.parse::<u64>().ok())
        };
        let before = number().unwrap();
        server.replace(site("new").0);
        assert_eq!(number(), Some(before + 1));
    }
}
