// Loads the page again, once in a while, where one of its scripts could not be fetched: a moment without the network.

(() => {
  const KEY = "uphill-loaded-again";
  const PAUSE_MS = 15000; // where that doesn't help, what is missing is told instead
  const RETRY_MS = 500;

  const answers = () => fetch("/api/health", { cache: "no-store" }).then((response) => response.ok).catch(() => false);

  async function again() {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < PAUSE_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    location.reload();
  }

  window.addEventListener("vite:preloadError", again);
})();
