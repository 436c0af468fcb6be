// The studio's first screen: a goal in words, perhaps a molecule of one's own, how it learns, Start.

import { el, say, show } from "./dom.js";
import { grouped } from "./format.js";
import { started } from "./starting.js";
import { moleculeField } from "./studio_typed.js";
import { follow } from "./theme.js";

const FORMS = new WeakMap();
const LOGP = [-10, 20]; // the bounds of task.logp_low and task.logp_high

export default function ({ data, parentElement, setTriggerValue }) {
  const known = FORMS.get(parentElement);
  if (known) return known.stop;
  const form = goalForm(parentElement.querySelector(".uphill"), data, (query) => setTriggerValue("open", query));
  const stop = () => {
    form.stop();
    FORMS.delete(parentElement);
  };
  FORMS.set(parentElement, { stop });
  return stop;
}

function goalForm(root, data, open) {
  const asked = new URLSearchParams(location.search);
  let goal = data.goals.find(({ name }) => name === asked.get("goal")) ?? data.goals[0];
  let algorithm = data.algorithms[0];
  let starting = false;

  const cards = data.goals.map((one) => choice("goal", one.name, one.title, one.sentence, one === goal, () => pick(one)));
  const ways = data.algorithms.map((one) =>
    choice("algorithm", one.kind, one.label, `${one.words} About ${one.takes}.`, one === algorithm, () => {
      algorithm = one;
      tell();
    }),
  );
  const typed = moleculeField(root, data.examples, tell);
  const low = field("Lowest logP", 1);
  const high = field("Highest logP", 4);
  const windowed = el(
    "div",
    { class: "card ask" },
    el("h2", { text: "Between which numbers?" }),
    el("p", { class: "hint", text: "logP counts powers of ten by which it prefers oil to water. Medicines lie between 1 and 4." }),
    el("div", { class: "row" }, low.node, high.node),
  );
  const objective = el(
    "select",
    { "aria-label": "Goal by name", onchange: tell },
    ...data.objectives.map((one) => el("option", { value: one.name, text: one.title })),
  );
  const about = el("p", { class: "hint" });
  const any = el(
    "div",
    { class: "card ask" },
    el("h2", { text: "Which goal?" }),
    objective,
    about,
    el("button", { type: "button", class: "quiet", text: "Set every number yourself", onclick: () => open("launch") }),
  );
  const start = el("button", { type: "submit", class: "button primary wide", text: "Start" });
  const said = el("p", { class: "problem", role: "alert", hidden: true });
  const cost = el("p", { class: "hint" });
  const demo = el(
    "section",
    { class: "card demo-card", "aria-label": "Demo" },
    el("div", {}, el("h2", { text: "Showing it to somebody?" }), el("p", { class: "hint", text: "A guided demo: large type, no settings, about three minutes, with before and after." })),
    el("button", { type: "button", class: "button", text: "Start the demo", onclick: present }),
  );
  const form = el(
    "form",
    { class: "goalform", onsubmit: submit },
    el("fieldset", {}, el("legend", { text: "What should it find?" }), el("div", { class: "choices goals" }, ...cards)),
    el("div", { class: "asks" }, typed.node, windowed, any),
    el("fieldset", {}, el("legend", { text: "How should it learn?" }), el("div", { class: "choices ways" }, ...ways)),
    el("div", { class: "startline" }, start, cost),
    said,
  );
  root.replaceChildren(form, demo);
  root.removeAttribute("aria-busy");
  follow(root);
  const watched = setInterval(() => follow(root) && typed.redraw(), 1000);

  function field(label, value) {
    const input = el("input", { type: "number", step: "any", value, "aria-label": label, oninput: tell });
    return { input, node: el("label", { class: "field" }, el("span", { class: "hint", text: label }), input) };
  }

  function pick(one) {
    goal = one;
    if (goal.ask === "reference") typed.warm();
    const query = new URLSearchParams(location.search);
    query.set("goal", one.name);
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
    tell();
  }

  const named = () => data.objectives.find(({ name }) => name === objective.value);
  const wantsMolecule = () => goal.ask === "reference" || (goal.ask === "any" && named().reference);

  const ready = () => !starting && (!wantsMolecule() || typed.good());

  function tell() {
    show(typed.node, wantsMolecule());
    show(windowed, goal.ask === "window");
    show(any, goal.ask === "any");
    say(about, goal.ask === "any" ? named().sentence : "");
    say(cost, `tries ${grouped(algorithm.budget)} molecules, about ${algorithm.takes}`);
    start.disabled = !ready();
    show(said, false);
  }

  /** What is laid over the preset; null where something is wrong, which is said. */
  function settings() {
    const set = { ...goal.set };
    if (goal.ask === "any") set["task.objective"] = objective.value;
    if (goal.ask === "window") {
      const [from, to] = [low.input, high.input].map(({ value }) => Number(value));
      if (!low.input.value || !high.input.value || !(from <= to))
        return complain("The lowest logP must be a number that is at most the highest.");
      if (from < LOGP[0] || to > LOGP[1]) return complain(`Both numbers must lie between ${LOGP[0]} and ${LOGP[1]}.`);
      Object.assign(set, { "task.logp_low": from, "task.logp_high": to });
    }
    if (wantsMolecule()) set["task.reference"] = typed.value();
    const title = goal.ask === "any" ? named().title : goal.title;
    return { ...set, name: `${title} (${algorithm.label})` };
  }

  async function begin(body, query = {}) {
    if (starting || !body) return;
    starting = true;
    tell();
    say(start, "Starting …");
    const run = await started(body, complain);
    if (run) return open({ run, ...query });
    starting = false;
    say(start, "Start");
    start.disabled = !ready();
  }

  function complain(sentence) {
    say(said, sentence);
    show(said, true);
    return null;
  }

  function submit(event) {
    event.preventDefault();
    const set = settings();
    begin(set && { preset: algorithm.preset, set });
  }

  function present() {
    const set = { ...data.goals[0].set, name: "Demo: drug-like molecules" };
    begin({ preset: data.algorithms[0].preset, set }, { demo: "1" });
  }

  tell();
  return {
    stop: () => clearInterval(watched),
  };
}

/** A radio button as a card. */
function choice(group, value, title, sentence, checked, chosen) {
  const input = el("input", { type: "radio", name: `studio-${group}`, value, checked, onchange: chosen });
  return el(
    "label",
    { class: "choice", "data-choice": value },
    input,
    el("span", {}, el("b", { text: title }), el("span", { class: "hint", text: sentence })),
  );
}
