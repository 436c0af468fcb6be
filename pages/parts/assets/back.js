// Back and Forward lead to what stood in the address. Streamlit changes page in two steps, the query first, and each
// becomes an entry of the browser's history, of which the first is an address that nobody was at; and it opens an
// entry of another page without its query.

(() => {
  const PAIR_MS = 3000; // the second step follows the server's first answer
  const KEEPS_ITS_OWN = "/launch"; // the form lives on in the session, and would be lost
  const push = history.pushState.bind(history);
  let path = location.pathname;
  let half = { search: null, at: 0 };

  history.pushState = (state, title, url) => {
    const next = new URL(url ?? location.href, location.href);
    const samePath = next.pathname === location.pathname;
    const second = !samePath && next.search === half.search && performance.now() - half.at < PAIR_MS;
    half = { search: samePath ? next.search : null, at: performance.now() };
    path = next.pathname;
    if (second) history.replaceState(state, title, url);
    else push(state, title, url);
  };

  window.addEventListener("popstate", () => {
    const other = location.pathname !== path;
    path = location.pathname;
    if (other && location.search && path !== KEEPS_ITS_OWN) location.reload();
  });
})();
