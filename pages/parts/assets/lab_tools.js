// The tools above the board: presets, brushes, undo and redo, clear, size.

import { el, show } from "./dom.js";
import { MAX_SIDE, MIN_SIDE } from "./lab_text.js";

export const BRUSHES = [
  ["look", "Look", "Click a cell to see how its value is made"],
  ["wall", "Wall", "W"],
  ["goal", "Goal", "G"],
  ["pit", "Pit", "P"],
  ["start", "Start", "S"],
  ["free", "Empty", "E"],
  ["reward", "Reward", "What the move into a cell pays"],
  ["wind", "Wind", "Cells by which a column's wind blows north; below 0 south"],
  ["teleport", "Teleport", "Drag from a cell to where every move from it leads; a click takes it away"],
  ["arrow", "Policy", "Drag along a way, or click near a side: a policy of your own, to be evaluated"],
];

/** The controls: { bar, brushes }. told: { preset(name), undo(), redo(), clear(), resize(rows, cols) }. */
export function tools(maps, tell) {
  const preset = el(
    "select",
    { "aria-label": "Map", class: "preset" },
    el("option", { value: "", text: "Own map" }),
    ...maps.map(({ name, about }) => el("option", { value: name, text: name, title: about })),
  );
  preset.addEventListener("change", () => preset.value && tell.preset(preset.value));
  const press = (text, title, onclick) => el("button", { type: "button", class: "button slim", text, title, onclick });
  const undo = press("Undo", "Ctrl+Z", () => tell.undo());
  const redo = press("Redo", "Ctrl+Y", () => tell.redo());
  const clear = press("Clear", "Take away walls, pits and rewards", () => tell.clear());
  const side = (label) => el("input", { type: "number", min: MIN_SIDE, max: MAX_SIDE, "aria-label": label });
  const [rows, cols] = [side("Rows"), side("Columns")];
  for (const one of [rows, cols]) one.addEventListener("change", resize);

  function resize() {
    const sides = [rows, cols].map((one) =>
      Math.max(MIN_SIDE, Math.min(MAX_SIDE, Math.round(Number(one.value)) || MIN_SIDE)),
    );
    [rows.value, cols.value] = sides;
    tell.resize(...sides);
  }

  let chosen = "look";
  const amount = el("input", {
    type: "number",
    step: "any",
    required: true,
    value: 1,
    class: "amount",
    "aria-label": "Reward to paint",
  });
  const amounts = { reward: "Reward to paint", wind: "Strength of the wind", teleport: "Reward of the teleport" };
  const buttons = BRUSHES.map(([name, text, title]) =>
    el("button", { type: "button", class: "chip", text, title, "data-brush": name, onclick: () => choose(name) }),
  );
  const brushes = el("div", { class: "brushes", role: "group", "aria-label": "Brush" }, ...buttons, amount);

  function choose(name) {
    chosen = name;
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.brush === name));
    show(amount, name in amounts);
    amount.step = name === "wind" ? "1" : "any";
    amount.setAttribute("aria-label", amounts[name] ?? amounts.reward);
    tell.brush(name);
  }

  return {
    bar: el(
      "div",
      { class: "row openings" },
      preset,
      el("div", { class: "sides" }, rows, el("span", { class: "hint", text: "×" }), cols),
      el("div", { class: "row edits" }, undo, redo, clear),
    ),
    brushes,
    choose,
    brush: () => chosen,
    /** What is to be painted; NaN, and the browser says why, where the field holds no such amount. */
    amount: () => (amount.hidden || amount.reportValidity() ? Number(amount.value) : NaN),
    /** Say which map is open, its size and what can be undone. */
    tell(name, size, canUndo, canRedo) {
      preset.value = maps.some((map) => map.name === name) ? name : "";
      if (size && document.activeElement !== rows && document.activeElement !== cols) [rows.value, cols.value] = size;
      undo.disabled = !canUndo;
      redo.disabled = !canRedo;
    },
  };
}
