// A list of runs: state, curve, best, when; it keeps itself up to date and tells the page what was clicked.

import { clockwork, post } from "./api.js";
import { el, say, show, svg } from "./dom.js";
import { algorithmName, number, stateName } from "./format.js";

const LISTS = new WeakMap();
const CHOSEN = { list: null, ids: new Set() }; // what is ticked, by the list's key: it outlives a list that goes for a while
const WIDTH = 108;
const HEIGHT = 28;

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  let list = LISTS.get(parentElement);
  if (!list) {
    list = new List(parentElement.querySelector(".runs"));
    LISTS.set(parentElement, list);
  }
  list.tell = { trigger: setTriggerValue, state: setStateValue };
  list.update(data);
  return () => {
    list.stop();
    LISTS.delete(parentElement);
  };
}

class List {
  constructor(root) {
    this.root = root;
    this.rows = new Map();
    this.selected = null; // until the page says what is chosen; from then on the browser knows best
    this.clock = null;
  }

  update(data) {
    this.data = data;
    this.root.classList.toggle("full", data.full);
    this.selected ??= this.chosen(data);
    this.draw(data.runs);
    if (this.query !== data.query) {
      this.stop();
      this.query = data.query;
      this.clock = clockwork(() => this.refresh());
    }
  }

  stop() {
    this.clock?.stop();
    this.query = null;
  }

  async refresh() {
    const query = this.query;
    try {
      const response = await fetch(new URL(`../api/runs?${query}&sparkline=1`, import.meta.url), { cache: "no-store" });
      if (response.ok && query === this.query) this.draw((await response.json()).runs);
    } catch {
      return 4000; // the app is being restarted: what is shown stays
    }
    return [...this.rows.values()].some((row) => row.live) ? 1500 : 4000;
  }

  draw(runs) {
    const body = this.root.querySelector(".body") ?? this.frame();
    const kept = new Set(runs.map((run) => run.run_id));
    for (const [id, row] of this.rows) {
      if (!kept.has(id)) {
        row.node.remove();
        this.rows.delete(id);
      }
    }
    runs.forEach((run, place) => {
      let row = this.rows.get(run.run_id);
      if (!row) {
        row = new Row(run, this);
        this.rows.set(run.run_id, row);
      }
      row.fill(run, this.selected.has(run.run_id));
      if (body.children[place] !== row.node) body.insertBefore(row.node, body.children[place] ?? null);
    });
  }

  frame() {
    const names = ["Run", "Task", "Algorithm", "State", "Score", "Best", "Started"];
    const classes = ["name", "task", "algorithm", "state", "curve", "best", "when"];
    const cells = names.map((text, place) => el("span", { class: classes[place], role: "columnheader", text }));
    if (this.data.full) {
      cells.unshift(el("span", { class: "pick", role: "columnheader", "aria-label": "Chosen" }));
      cells.push(el("span", { class: "acts", role: "columnheader", "aria-label": "Actions" }));
    }
    const body = el("div", { class: "body", role: "rowgroup" });
    this.root.replaceChildren(el("div", { class: "row head", role: "row" }, ...cells), body);
    return body;
  }

  chosen({ full, list, selected }) {
    if (!full) return new Set(); // nothing can be ticked there
    if (CHOSEN.list !== list) Object.assign(CHOSEN, { list, ids: new Set(selected) });
    const { ids } = CHOSEN;
    if (ids.size !== selected.length || selected.some((id) => !ids.has(id))) this.tell.state("selected", [...ids]);
    return ids;
  }

  pick(id, chosen) {
    if (chosen) this.selected.add(id);
    else this.selected.delete(id);
    this.tell.state("selected", [...this.selected]);
  }

  remove(id) {
    if (this.selected.has(id)) this.pick(id, false);
    this.tell.trigger("remove", id);
  }
}

class Row {
  constructor(run, list) {
    const id = run.run_id;
    const part = (name, ...children) => (this[name] = el("span", { class: name, role: "cell" }, ...children));
    this.link = el("a", {
      href: new URL(`../run?run=${id}`, import.meta.url).href,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
        event.preventDefault();
        list.tell.trigger("open", id);
      },
    });
    this.remarks = el("small", { class: "remarks" });
    this.dot = el("i", { class: `dot ${run.algorithm}` });
    this.method = el("span");
    this.badge = el("span", { class: "badge" });
    this.resume = el("button", { class: "quiet", type: "button", text: "Resume", onclick: () => this.again(id, list) });
    this.line = svg("polyline", { class: run.algorithm, fill: "none" });
    const curve = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
    curve.append(this.line);
    const cells = [
      part("name", this.link, this.remarks),
      part("task"),
      part("algorithm", this.dot, this.method),
      part("state", this.badge, this.resume),
      part("curve", curve),
      part("best"),
      part("when"),
    ];
    if (list.data.full) {
      this.box = el("input", { type: "checkbox", onchange: (event) => list.pick(id, event.target.checked) });
      cells.unshift(part("pick", this.box));
      this.edit = el("button", { class: "quiet", type: "button", text: "Edit", onclick: () => list.tell.trigger("edit", id) });
      this.drop = el("button", { class: "quiet", type: "button", text: "Delete", onclick: () => list.remove(id) });
      cells.push(part("acts", this.edit, this.drop));
    }
    this.node = el("div", { class: "row", role: "row" }, ...cells);
  }

  async again(id, list) {
    this.resume.disabled = true;
    await post(`runs/${id}/resume`).catch(() => null);
    this.resume.disabled = false;
    list.clock?.now();
  }

  fill(run, chosen) {
    this.live = run.state === "training" || run.state === "queued";
    const seed = `seed ${run.seed}`;
    say(this.link, run.name || run.task_name);
    say(this.remarks, [seed, ...run.tags, run.notes].filter(Boolean).join(" · "));
    say(this.task, run.task_name);
    say(this.method, algorithmName(run.algorithm).replace("Policy gradient", "PG"));
    say(this.badge, stateName(run.state) + progress(run));
    this.badge.dataset.state = run.state;
    this.badge.title = run.message ?? "";
    show(this.resume, ["paused", "interrupted", "stopped"].includes(run.state));
    say(this.best, number(run.best));
    say(this.when, ago(run.created_at));
    this.when.title = new Date(run.created_at * 1000).toLocaleString();
    this.line.setAttribute("points", points(run.sparkline ?? []));
    if (this.box) {
      this.box.checked = chosen;
      this.box.setAttribute("aria-label", `Choose ${run.name}`);
      this.edit.setAttribute("aria-label", `Edit ${run.name}`);
      this.drop.setAttribute("aria-label", `Delete ${run.name}`);
      show(this.drop, !this.live);
    }
  }
}

function progress(run) {
  if (run.state !== "training" || !run.budget) return "";
  return ` ${Math.min(99, Math.floor((100 * run.env_steps) / run.budget))} %`;
}

function points(values) {
  if (values.length < 2) return "";
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const x = (place) => (place / (values.length - 1)) * (WIDTH - 4) + 2;
  const y = (value) => HEIGHT - 3 - ((value - low) / span) * (HEIGHT - 6);
  return values.map((value, place) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
}

/** Unix seconds -> "just now", "10 min ago", "3 h ago", "yesterday", "12 Mar". */
export function ago(seconds) {
  const since = Date.now() / 1000 - seconds;
  if (since < 60) return "just now";
  if (since < 3600) return `${Math.floor(since / 60)} min ago`;
  const then = new Date(seconds * 1000);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86400000);
  if (days <= 0) return `${Math.floor(since / 3600)} h ago`;
  if (days === 1) return "yesterday";
  if (days < 7) return `${days} days ago`;
  return then.toLocaleDateString([], { day: "numeric", month: "short", year: days > 300 ? "numeric" : undefined });
}
