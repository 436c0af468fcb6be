// The form that starts a learner on the map: which algorithm, seed, table or network, and how it explores.

import { el, say, show } from "./dom.js";

const TABULAR = ["q-learning", "sarsa", "expected-sarsa", "monte-carlo"];
const SCHEDULES = { constant: "constant", linear: "falling in a line", exponential: "falling by a factor" };

/** The form `node`; start(wanted) with { algorithm, label, seed, set }, stop() and explore(epsilon) are called. */
export function starterForm(labels, { start, stop, explore }) {
  let algorithm = "ppo";
  const choices = Object.entries(labels).map(([kind, label]) =>
    el("button", { type: "button", class: "chip", text: label, "data-algorithm": kind, onclick: () => pick(kind) }),
  );
  const amount = (label, value, rest) =>
    el("input", { type: "number", class: "amount", "aria-label": label, value, ...rest });
  const seed = amount("Seed", 1, { min: 0, max: 2147483647 });
  const epsilon = amount("Epsilon", 1, { min: 0, max: 1, step: 0.05 });
  const floor = amount("Epsilon floor", 0.05, { min: 0, max: 1, step: 0.01 });
  const schedule = select("Epsilon schedule", SCHEDULES);
  schedule.value = "linear";
  const policy = select("Policy to learn", { table: "a table of logits", network: "a network, 64 × 64" });
  const press = el("button", { type: "button", class: "button primary", onclick: begin });
  const stopping = el("button", { type: "button", class: "button", text: "Stop", hidden: true, onclick: () => stop() });
  const said = el("p", { class: "problem", role: "alert", hidden: true });
  const exploring = el(
    "div",
    { class: "row options" },
    labelled("ε", epsilon, "Share of moves made at random; where it falls, at first"),
    schedule,
    labelled("to", floor, "Where a falling epsilon stops, half way through"),
  );
  const policies = el("div", { class: "row options" }, labelled("policy", policy));
  epsilon.addEventListener("change", () => schedule.value === "constant" && explore(Number(epsilon.value)));
  schedule.addEventListener("change", () => pick(algorithm));
  const node = el(
    "div",
    { class: "starter", hidden: true },
    el("div", { class: "row" }, ...choices),
    exploring,
    policies,
    el("div", { class: "row" }, labelled("seed", seed), press, stopping),
    said,
  );
  pick(algorithm);

  function pick(kind) {
    algorithm = kind;
    say(press, `Start ${labels[kind]}`);
    for (const one of choices) one.setAttribute("aria-pressed", String(one.dataset.algorithm === kind));
    show(exploring, TABULAR.includes(kind));
    show(policies, !TABULAR.includes(kind));
    show(floor.parentElement, schedule.value !== "constant");
  }

  async function begin() {
    press.disabled = true;
    show(said, false);
    const problem = await start({ algorithm, label: labels[algorithm], seed: Number(seed.value), set: settings() });
    say(said, problem ?? "");
    show(said, Boolean(problem));
    press.disabled = false;
  }

  function settings() {
    if (!TABULAR.includes(algorithm)) return { "policy.hidden_sizes": policy.value === "table" ? [] : [64, 64] };
    return {
      "algorithm.epsilon": Number(epsilon.value),
      "algorithm.epsilon_schedule": schedule.value,
      "algorithm.epsilon_floor": schedule.value === "constant" ? 0 : Number(floor.value),
    };
  }

  return {
    node,
    tell(live, refused) {
      show(stopping, live);
      if (refused) {
        say(said, refused);
        show(said, true);
      }
    },
  };
}

function select(label, choices) {
  return el(
    "select",
    { "aria-label": label },
    ...Object.entries(choices).map(([value, text]) => el("option", { value, text })),
  );
}

const labelled = (text, node, title) => el("label", { class: "tick", title }, el("span", { text }), node);
