//! The page's web worker: starting it, telling it, ending it.

use super::window;
use js_sys::{Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// The script of the worker beside the page; the page in one file brings its own.
const SCRIPT: &str = "./kraftscope-worker_loader.js";

/// A worker that runs until this is dropped.
#[derive(Debug)]
pub struct Worker {
    inner: web_sys::Worker,
    _on_message: Closure<dyn Fn(web_sys::MessageEvent)>,
    _on_error: Closure<dyn Fn(JsValue)>,
}

impl Worker {
    /// Starts a worker. `hear` is given each of its texts, or an error in words.
    ///
    /// # Errors
    /// What the browser said when it refused.
    pub fn start(hear: impl Fn(Result<String, String>) + 'static) -> Result<Worker, String> {
        let inner = web_sys::Worker::new(&address()).map_err(|error| words(&error))?;
        let hear = std::rc::Rc::new(hear);
        let told = std::rc::Rc::clone(&hear);
        let on_message =
            Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                told(Ok(event.data().as_string().unwrap_or_default()));
            });
        let on_error = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| hear(Err(words(&event))));
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        inner.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Worker { inner, _on_message: on_message, _on_error: on_error })
    }

    /// Tells it something.
    pub fn tell(&self, text: &str) {
        let _ = self.inner.post_message(&text.into());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.set_onerror(None);
        self.inner.terminate();
    }
}

fn address() -> String {
    let own = window().and_then(|window| Reflect::get(&window, &"kraftscopeWorker".into()).ok());
    let made =
        own.and_then(|own| own.dyn_into::<Function>().ok()).and_then(|make| make.call0(&JsValue::NULL).ok());
    made.and_then(|url| url.as_string()).unwrap_or_else(|| SCRIPT.to_owned())
}

/// What an error or an error event says.
fn words(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| "the worker could not be loaded".to_owned())
}
