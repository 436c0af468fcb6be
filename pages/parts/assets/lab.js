// The gridworld lab: one map, painted by hand; its exact answer sweep by sweep; agents that learn on it.

import { Refused, Unreachable, clockwork, post } from "./api.js";
import { el, say, show } from "./dom.js";
import { asked, keep } from "./lab_address.js";
import { board, readingLine } from "./lab_board.js";
import { after, laidBy, painted } from "./lab_brush.js";
import { textCard, rules } from "./lab_map.js";
import { learning } from "./lab_learn.js";
import { painting } from "./lab_paint.js";
import { planning } from "./lab_planning.js";
import { sceneOf, told } from "./lab_scene.js";
import * as map from "./lab_text.js";
import { tools } from "./lab_tools.js";
import { colours, follow } from "./theme.js";

const LABS = new WeakMap();
const TABS = { evaluate: "Evaluate", plan: "Plan", learn: "Learn" };
const LOOK_MS = 1000;

export default function ({ data, parentElement, setTriggerValue }) {
  const known = LABS.get(parentElement);
  if (known) return known.stop;
  const lab = gridworldLab(parentElement.querySelector(".uphill"), data, (runId) => setTriggerValue("open", runId));
  const stop = () => {
    lab.stop();
    LABS.delete(parentElement);
  };
  LABS.set(parentElement, { stop });
  return stop;
}

function gridworldLab(root, data, open) {
  const address = asked();
  const preset = (name) => data.maps.find((one) => one.name === name);
  const state = {
    text: "",
    draft: null,
    read: null,
    problem: null,
    preview: null,
    tab: address.tab ?? "evaluate",
    cell: null,
  };
  const past = [];
  const future = [];
  let asking = false;
  let waiting = null;
  let notFound = null;
  let fits = true;

  const drawn = el("div", { class: "holder" });
  const picture = board(drawn);
  const reading = readingLine();
  const wrong = el("p", { class: "problem", role: "alert", hidden: true });
  const bar = tools(data.maps, {
    preset: (name) => change(preset(name).text),
    undo: () => travel(past, future),
    redo: () => travel(future, past),
    clear: () => change(map.cleared(state.text)),
    resize: (rows, cols) => change(map.resized(state.text, rows, cols)),
    brush: (name) => (picture.picture.dataset.brush = name),
  });
  const text = textCard((typed) => change(typed, "text"));
  const fields = rules((name, value) => change(map.withSetting(state.text, name, value)));
  const plan = planning({ redraw, ask: () => again(), refer: () => state, learned: () => learn.policy() });
  const learn = learning(data, { redraw, open, text: () => state.text, address: (run) => keep({ run }) });
  const tabs = Object.entries(TABS).map(([name, label]) =>
    el("button", { type: "button", class: "chip tab", text: label, "data-tab": name, onclick: () => choose(name) }),
  );
  const remarks = el("div", { class: "remarks" });

  root.replaceChildren(
    el(
      "div",
      { class: "lab" },
      el(
        "section",
        { class: "card mapcard", "aria-label": "Map" },
        bar.bar,
        bar.brushes,
        drawn,
        reading,
        wrong,
        plan.controls,
        learn.controls,
      ),
      el(
        "div",
        { class: "side" },
        el(
          "section",
          { class: "card" },
          el("div", { class: "row tabs", role: "group", "aria-label": "What to do" }, ...tabs, plan.solver),
          learn.starter,
          fields.node,
          remarks,
        ),
        plan.cards,
        learn.cards,
        text.node,
      ),
    ),
  );
  root.removeAttribute("aria-busy");
  follow(root);

  painting(picture, {
    size: () => ({ rows: kinds().length, cols: kinds()[0].length }),
    brush: (cell, name = bar.brush()) => laidBy(state.text, kinds(), cell, name, bar.amount()),
    preview(cells, laid) {
      if (laid.kind) state.preview = painted(state.text, map.kindsOf(state.text) ?? kinds(), cells, laid.kind);
      redraw();
    },
    stroke(cells, laid) {
      state.preview = null;
      if (cells.length) change(after(state.text, kinds(), cells, laid));
      else redraw();
    },
    look(cell) {
      state.cell = cell;
      again();
    },
    hover: (cell) => say(reading, cell ? told({ kinds: kinds(), ...viewed() }, cell) : ""),
  });
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("textarea, input")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) travel(past, future);
    else if (key === "y" || (key === "z" && event.shiftKey)) travel(future, past);
    else return;
    event.preventDefault();
  });

  /** The cells on the board: as painted, or the last that could be read. */
  const kinds = () => state.preview ?? map.kindsOf(state.text) ?? state.read?.cells ?? [["free"]];

  /** Another map: from: "text" while somebody types, so that their text is not touched and a wrong one changes nothing. */
  function change(next, from = "board") {
    state.draft = next;
    state.from = from;
    notFound = null;
    if (from === "board") adopt(next);
    ask(next);
  }

  function adopt(next) {
    if (next === state.text) return;
    if (state.text) past.push(state.text);
    if (past.length > 200) past.shift();
    future.length = 0;
    state.text = next;
    text.show(next);
    redraw();
  }

  function travel(one, other) {
    if (!one.length) return;
    other.push(state.text);
    state.text = one.pop();
    state.draft = state.text;
    state.from = "board";
    text.show(state.text);
    redraw();
    ask(state.text);
  }

  /** Ask the engine about the map that is drawn, whatever stands in the text. */
  const again = () => ask(state.problem && state.from === "text" ? state.text : state.draft);

  /** Ask the engine about a map; while an answer is on its way, only the newest question waits. */
  async function ask(about) {
    if (asking) {
      waiting = about;
      return;
    }
    asking = true;
    const cell = state.cell && inside(state.cell) ? state.cell[0] * kinds()[0].length + state.cell[1] : null;
    try {
      const question = plan.question(about, state.tab);
      const answer = await post("plan", cell === null ? question : { ...question, cell });
      if (waiting === null) accept(about, answer, question);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      if (waiting === null) refuse(error);
    } finally {
      asking = false;
      const next = waiting;
      waiting = null;
      if (next !== null) ask(next);
    }
  }

  const inside = ([row, column]) => row < kinds().length && column < kinds()[0].length;

  function accept(about, answer, question) {
    if (about === state.draft) {
      if (state.from === "text") adopt(about);
      state.problem = null;
      text.wrong(null);
    }
    state.read = answer.map;
    plan.take(answer, question);
    const name = data.maps.find((one) => one.text === about)?.name;
    fits = keep({ map: name ?? about, tab: state.tab === "evaluate" ? null : state.tab });
    redraw();
  }

  /** What somebody should know before believing the numbers. */
  function tellRemarks() {
    const said = [
      notFound,
      ...plan.remarks(),
      fits ? null : "This map is too large for an address; download it to keep it.",
    ];
    const sentences = said.filter(Boolean);
    if (remarks.textContent === sentences.join("")) return;
    remarks.replaceChildren(...sentences.map((sentence) => el("p", { class: "remark", text: sentence })));
  }

  function refuse(error) {
    const sentence =
      error instanceof Unreachable ? "The app does not answer; what is shown may be old." : error.message;
    state.problem = sentence;
    if (!state.read && state.from === "text") {
      // The address asks for a map that there is not: say so, and show the first one.
      notFound = sentence;
      state.problem = null;
      state.draft = state.text;
      return ask(state.text);
    }
    text.wrong(sentence);
    redraw();
  }

  const viewed = () => {
    const shown =
      state.problem && state.from === "board" ? {} : state.tab === "learn" ? learn.shown(plan) : plan.shown();
    return { shown: null, answer: plan.answer(), actions: state.read?.actions ?? [], ...shown };
  };

  function redraw() {
    const now = kinds();
    const view = viewed();
    picture.show(
      sceneOf({
        kinds: now,
        read: state.read,
        rewards: (cell) => map.rewardOf(state.text, cell),
        chosen: state.cell && inside(state.cell) ? state.cell : null,
        ...view,
      }),
      colours(root),
    );
    show(wrong, Boolean(state.problem) && state.from === "board");
    say(wrong, state.problem ?? "");
    const name = data.maps.find((one) => one.text === state.text)?.name;
    bar.tell(name, [now.length, now[0].length], past.length > 0, future.length > 0);
    fields.tell(state.text, state.read?.settings);
    plan.tell(state.tab, state.cell && inside(state.cell) ? state.cell : null, colours(root));
    learn.tell(state.tab === "learn", colours(root));
    tellRemarks();
  }

  function choose(name) {
    state.tab = name;
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.dataset.tab === name)));
    redraw();
    again();
  }

  const clock = clockwork(() => {
    if (follow(root)) redraw();
    return LOOK_MS;
  });
  bar.choose("look");
  const first = address.map ?? "small-4x4";
  state.text = preset(first)?.text ?? (first.includes("\n") ? first : preset("small-4x4").text);
  state.draft = preset(first) || first.includes("\n") ? state.text : first;
  state.from = state.draft === state.text ? "board" : "text";
  text.show(state.text);
  choose(state.tab);
  if (address.run) learn.follow(address.run);

  return {
    stop() {
      clock.stop();
      plan.stop();
      learn.stop();
      text.remove();
      picture.remove();
    },
  };
}
