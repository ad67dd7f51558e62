// Only in `cargo xtask serve`: the server says the number of the build that it serves; another number means reload.
(() => {
  let seen = null;
  new EventSource('events').onmessage = ({ data }) => {
    if (seen !== null && seen !== data) location.reload();
    seen = data;
  };
})();
