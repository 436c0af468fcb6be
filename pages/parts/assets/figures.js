// Compare's table: last, best, mean, spread and number of seeds of each run or group, kept up to date.

import { clockwork } from "./api.js";
import { el, say } from "./dom.js";
import { number } from "./format.js";

const LIVE_MS = 1500;
const TABLES = new WeakMap();
const COLUMNS = ["last", "best", "mean", "sd", "n"];
const NAMES = { last: "Last", best: "Best", mean: "Mean", sd: "SD", n: "N" };

export default function ({ data, parentElement }) {
  const known = TABLES.get(parentElement);
  if (known?.query === data.query) return known.stop;
  known?.stop();
  const shown = table(parentElement.querySelector(".figures"), data);
  TABLES.set(parentElement, shown);
  return () => {
    shown.stop();
    TABLES.delete(parentElement);
  };
}

function table(root, { query, rows }) {
  const head = el("tr", {}, el("th", { scope: "col", text: "Run" }), ...COLUMNS.map((name) => el("th", { scope: "col", text: NAMES[name] })));
  const body = el("tbody");
  root.replaceChildren(el("table", {}, el("thead", {}, head), body));
  fill(body, rows);
  const clock = clockwork(async () => {
    try {
      const response = await fetch(new URL(`../api/compare?${query}`, import.meta.url), { cache: "no-store" });
      const answer = await response.json();
      if (response.ok) fill(body, answer.rows);
      return answer.live ? LIVE_MS : 10 * LIVE_MS;
    } catch {
      return 4 * LIVE_MS; // the app is being restarted: what is shown stays
    }
  });
  return { query, stop: clock.stop };
}

function fill(body, rows) {
  while (body.rows.length > rows.length) body.lastChild.remove();
  rows.forEach((row, place) => {
    const cells = body.rows[place]?.cells ?? line(body).cells;
    say(cells[0], row.label);
    COLUMNS.forEach((name, column) => say(cells[column + 1], name === "n" ? String(row.n) : number(row[name])));
  });
}

function line(body) {
  const made = el("tr", {}, el("th", { scope: "row" }), ...COLUMNS.map(() => el("td")));
  body.append(made);
  return made;
}
