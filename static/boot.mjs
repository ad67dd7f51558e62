/**
 * Told by the loader how loading goes; the form is Trunk's `data-initializer`, which `cargo xtask` follows.
 * The page itself replaces the whole body once it runs, so there is nothing to clean up.
 */
export default function initializer() {
  const oldBrowser =
    typeof WebAssembly === 'undefined' || typeof WebAssembly.instantiateStreaming === 'undefined';
  return {
    onStart() {},
    onProgress() {},
    onComplete() {},
    onSuccess() {},
    onFailure(error) {
      console.error('kraftscope could not start:', error);
      document.getElementById('boot-wait')?.remove();
      const boot = document.getElementById('boot') ?? document.body;
      const say = (lang, text) => {
        const line = document.createElement('p');
        line.lang = lang;
        line.textContent = text;
        boot.append(line);
      };
      say('en', oldBrowser
        ? 'kraftscope could not start: this browser does not run WebAssembly. Please use a current one.'
        : 'kraftscope could not start. Reloading may help; if it does not, this is what went wrong:');
      say('zh', oldBrowser
        ? 'kraftscope 无法启动：此浏览器不支持 WebAssembly，请使用较新的浏览器。'
        : 'kraftscope 无法启动。可以尝试重新加载；如果仍然失败，原因如下：');
      const detail = document.createElement('pre');
      detail.className = 'boot-error';
      detail.textContent = String(error);
      boot.append(detail);
      boot.setAttribute('role', 'alert');
    },
  };
}
