// A race of the solvers to the same answer, on the axis that is fair to all: backups.

import { post } from "./api.js";
import { el, show } from "./dom.js";
import { logChart } from "./lab_chart.js";

const RUNNERS = [
  ["value iteration", { method: "value-iteration" }],
  ["… in place", { method: "value-iteration", in_place: true }],
  ["policy iteration", { method: "policy-iteration" }],
  ["modified p. i.", { method: "modified-policy-iteration" }],
  ["prioritised", { method: "prioritised-sweeping" }],
];
const ROUNDS = 25;

/** A `button` that starts the race on the map that is shown, and its chart `node`. */
export function race(refer) {
  let results = [];
  let about = null;
  let stopped = false;
  let palette = null;
  const chart = logChart("Proven bound on the error of each solver, over backups");
  const button = el("button", { type: "button", class: "button slim", text: "Race the solvers", onclick: run });
  const node = el(
    "div",
    { class: "race", hidden: true },
    el("h3", { text: "All solvers, proven bound over backups" }),
    chart.node,
    el("p", {
      class: "hint",
      text: "A backup looks ahead from one move of one cell. Policy iteration also solves a linear system for each policy, which is not counted.",
    }),
  );

  async function run() {
    const map = refer().text;
    about = map;
    results = [];
    show(node, true);
    button.disabled = true;
    for (const [name, question] of RUNNERS) {
      const curve = await finished({ map, ...question });
      if (stopped || about !== map) break;
      if (curve) results.push({ name, curve });
      draw();
    }
    button.disabled = false;
  }

  function draw() {
    if (!palette) return;
    const shades = [palette.accent, palette.pg, palette.trpo, palette.ppo, "#cc79a7"];
    const lines = results.map(({ name, curve }, place) => ({
      name,
      colour: shades[place],
      points: curve.backups.map((at, index) => [at, curve.bound[index]]).filter(([, value]) => value !== null),
    }));
    chart.draw({ lines, at: null, unit: "backups" });
  }

  return {
    button,
    node,
    show(wanted, colours) {
      palette = colours;
      if (about !== null && about !== refer().text) about = null;
      show(node, wanted && about !== null);
      if (!node.hidden) draw();
    },
    stop() {
      stopped = true;
    },
  };
}

/** The curve of a solver's whole course, or null where it was refused. */
async function finished(question) {
  for (let round = 0; round < ROUNDS; round += 1) {
    const answer = await post("plan/sweeps", { ...question, from: 0, finish: true }).catch(() => null);
    if (!answer || answer.sweeps.ended) return answer?.curve ?? null;
  }
  return null;
}
