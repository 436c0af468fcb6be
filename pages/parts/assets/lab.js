// The gridworld lab: one map, painted by hand; its exact answer sweep by sweep; agents that learn on it.

import { Unreachable, clockwork, post } from "./api.js";
import { el, say, show } from "./dom.js";
import { asked, keep } from "./lab_address.js";
import { inTurn } from "./lab_asking.js";
import { board, readingLine } from "./lab_board.js";
import { after, laidBy, painted } from "./lab_brush.js";
import { ofField, textCard, rules } from "./lab_map.js";
import { takenBack, undoKeys } from "./lab_history.js";
import { learning } from "./lab_learn.js";
import { NOTHING, addressOf, chancesOf, drawnAlong, fromAddress, sideOf } from "./lab_policy.js";
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
  const lab = gridworldLab(parentElement.querySelector(".uphill"), data, setTriggerValue);
  const stop = () => {
    lab.stop();
    LABS.delete(parentElement);
  };
  LABS.set(parentElement, { stop });
  return stop;
}

function gridworldLab(root, data, trigger) {
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
    painted: fromAddress(address.policy),
  };
  const history = takenBack(() => ({ text: state.text, painted: state.painted }), restore);
  let notFound = null;
  let fits = true;

  const drawn = el("div", { class: "holder" });
  const picture = board(drawn);
  const reading = readingLine();
  const wrong = el("p", { class: "problem", role: "alert", hidden: true });
  const bar = tools(data.maps, {
    preset(name) {
      change(preset(name).text);
      state.painted = NOTHING;
      policyChanged();
      again();
    },
    undo: history.undo,
    redo: history.redo,
    clear: () => change(map.cleared(state.text)),
    resize: (rows, cols) => change(map.resized(state.text, rows, cols)),
    brush: (name) => (picture.picture.dataset.brush = name),
  });
  const text = textCard((typed) => change(typed, "text"));
  const fields = rules((name, value) => change(map.withSetting(state.text, name, value)));
  const plan = planning({ redraw, ask: () => again(), refer: () => state, painted: () => paintedChances(), learned: () => learn.policy() });
  const learn = learning(data, {
    redraw,
    open: (runId) => trigger("open", runId),
    compare: (groups) => trigger("compare", groups.join(",")),
    text: () => state.text,
    discount: () => state.read?.settings.discount ?? 1,
    address: (run) => keep({ run }),
  });
  const tabs = Object.entries(TABS).map(([name, text]) =>
    el("button", { type: "button", class: "chip tab", text, "data-tab": name, onclick: () => choose(name) }),
  );
  const remarks = el("div", { class: "remarks" });

  root.replaceChildren(
    laidOut({
      map: [bar.bar, bar.brushes, drawn, reading, wrong, plan.controls, learn.controls],
      choice: [el("div", { class: "row tabs", role: "group", "aria-label": "What to do" }, ...tabs, plan.solver)],
      settings: [learn.starter, fields.node, remarks],
      cards: [plan.cards, learn.cards, text.node],
    }),
  );
  root.removeAttribute("aria-busy");
  follow(root);

  painting(picture, {
    size: () => ({ rows: kinds().length, cols: kinds()[0].length }),
    brush: (cell, name = bar.brush(), place = { right: 0, down: -1 }) =>
      laidBy(state.text, kinds(), cell, name, bar.amount(), sideOf(place, actions())),
    preview(cells, laid) {
      if (laid.kind) state.preview = painted(state.text, map.kindsOf(state.text) ?? kinds(), cells, laid.kind);
      redraw();
    },
    stroke(cells, laid) {
      state.preview = null;
      if (cells.length && laid.side) paintPolicy(cells, laid.side);
      else if (cells.length) change(after(state.text, kinds(), cells, laid));
      else redraw();
    },
    look(cell) {
      state.cell = cell;
      again();
    },
    hover: (cell) => say(reading, cell ? told({ kinds: kinds(), ...viewed() }, cell) : ""),
  });
  const forgetKeys = undoKeys(history);

  /** The cells on the board: as painted, or the last that could be read. */
  const kinds = () => state.preview ?? map.kindsOf(state.text) ?? state.read?.cells ?? [["free"]];

  const actions = () => state.read?.actions ?? ["N", "E", "S", "W"];

  /** The painted policy [[chances]] on the map that is shown, or null while nothing is painted. */
  const paintedChances = () =>
    Object.keys(state.painted).length ? chancesOf(state.painted, kinds().length, kinds()[0].length, actions()) : null;

  function paintPolicy(cells, side) {
    history.remember();
    state.painted = drawnAlong(state.painted, cells, side, actions());
    policyChanged();
    if (state.tab === "evaluate") again();
    else choose("evaluate");
  }

  function policyChanged() {
    if (paintedChances()) plan.paintedNow();
    keep({ policy: addressOf(state.painted) });
  }

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
    if (state.text) history.remember();
    state.text = next;
    text.show(next);
    redraw();
  }

  function restore({ text: next, painted: arrows }) {
    const changed = arrows !== state.painted;
    [state.text, state.painted] = [next, arrows];
    if (changed) policyChanged();
    state.draft = state.text;
    state.from = "board";
    text.show(state.text);
    redraw();
    ask(state.text);
  }

  /** Ask the engine about the map that is drawn, whatever stands in the text. */
  const again = () => ask(state.problem && state.from === "text" ? state.text : state.draft);

  /** Ask the engine about a map, and about the chosen cell on it. */
  const ask = inTurn(questioned, { accepted: accept, refused: refuse });

  async function questioned(about) {
    const cell = state.cell && inside(state.cell) ? state.cell[0] * kinds()[0].length + state.cell[1] : null;
    const question = plan.question(about, state.tab);
    return { question, answer: await post("plan", cell === null ? question : { ...question, cell }) };
  }

  const inside = ([row, column]) => row < kinds().length && column < kinds()[0].length;

  function accept(about, { question, answer }) {
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
    say(wrong, ofField(state.problem ?? ""));
    const name = data.maps.find((one) => one.text === state.text)?.name;
    bar.tell(name, [now.length, now[0].length], history.canUndo, history.canRedo);
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
  if (paintedChances()) plan.paintedNow();
  choose(state.tab);
  if (address.run) learn.follow(address.run);

  return {
    stop() {
      clock.stop();
      forgetKeys();
      plan.stop();
      learn.stop();
      text.remove();
      picture.remove();
    },
  };
}

/** The map on the left; on the right what to do with it, and the cards. */
function laidOut({ map: board, choice, settings, cards }) {
  return el(
    "div",
    { class: "lab" },
    el("section", { class: "card mapcard", "aria-label": "Map" }, ...board),
    el("div", { class: "side" }, el("section", { class: "card" }, ...choice, ...settings), ...cards),
  );
}
