// What the viewer chose (smoothing, axis, log scale, which metrics), kept in the address so that a link carries it.

export const WINDOWS = [1, 3, 5, 10, 20, 50, 100, 200, 500];
const DEFAULTS = { smooth: 10, x: "steps", log: false, show: null };

/** Read the settings from the address; what is not allowed there counts as not said. */
export function readView() {
  const query = new URLSearchParams(location.search);
  const smooth = Number(query.get("smooth"));
  const x = query.get("x");
  const names = query.get("show");
  return {
    smooth: WINDOWS.includes(smooth) ? smooth : DEFAULTS.smooth,
    x: ["steps", "iterations", "time"].includes(x) ? x : DEFAULTS.x,
    log: query.get("log") === "1",
    show: names === null ? DEFAULTS.show : names.split(",").filter((name) => /^[a-z0-9_]{1,60}$/.test(name)),
  };
}

/** Write what changed back, without a new entry in the history; a default is left out of the address. */
export function keepView(change) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === DEFAULTS[name]) query.delete(name);
    else query.set(name, name === "log" ? "1" : String(value));
  }
  const text = query.toString().replaceAll("%2C", ",");
  history.replaceState(history.state, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
}
