// The tabs Evaluate and Plan: which solver, which sweep, what the cells show, the backup of one cell, the convergence.

import { el, say, show } from "./dom.js";
import { grouped, number } from "./format.js";
import { backupCard, two } from "./lab_backup.js";
import { logChart } from "./lab_chart.js";
import { memorylessCard } from "./lab_memoryless.js";
import { sweepPlayer } from "./lab_player.js";
import { chancesOf, written } from "./lab_policy.js";
import { race } from "./lab_race.js";
import { sweepsOf } from "./lab_sweeps.js";

export const SOLVERS = {
  "value-iteration": "Value iteration",
  "policy-iteration": "Policy iteration",
  "modified-policy-iteration": "Modified policy iteration",
  "prioritised-sweeping": "Prioritised sweeping",
};
const IN_PLACE = ["value-iteration", "policy-evaluation"];
const SETTLED_MS = 250; // then the rest of the sweeps is made

const POLICIES = {
  random: "of the random policy",
  painted: "of the painted policy",
  learned: "of the learned policy",
};
const ARROWS = {
  greedy: "greedy for these values",
  optimal: "truly optimal",
  policy: "of the policy itself",
  none: "no arrows",
};
const MODES = {
  values: "values",
  q: "Q of every move",
  gap: "action gap",
  walls: "only the walls around",
};

/**
 * controls, solver, cards: nodes. question(map, tab) is what to ask the engine; take(answer, question) its answer.
 * painted() and learned(): policies [[chances]], null where nothing was painted, or nothing learned.
 */
export function planning({ redraw, ask, refer, painted, learned }) {
  let found = null;
  let sweeps = null;
  let timer = null;
  let last = null;
  const player = sweepPlayer(() => redraw());
  const method = chooser("Solver", SOLVERS, ask);
  const policy = chooser("Policy", POLICIES, ask);
  const keep = el("button", {
    type: "button",
    class: "quiet",
    text: "Save policy",
    title: "As text, which plan --policy FILE reads",
    onclick: save,
  });
  const inPlace = el("input", { type: "checkbox" });
  inPlace.addEventListener("change", ask);
  const placed = el(
    "label",
    { class: "tick", title: "Each cell uses the newest values of the others" },
    inPlace,
    "in place",
  );
  const arrows = chooser("Arrows", ARROWS, redraw);
  const mode = chooser("Cells show", MODES, redraw);
  const blind = memorylessCard();
  const made = backupCard();
  const chart = logChart("Largest change of a sweep and proven bound on the error, over sweeps", (at) => player.go(at));
  const count = el("p", { class: "hint count" });
  const racing = race(refer);
  const close = el(
    "section",
    { class: "card close", "aria-label": "How close to the answer" },
    el("div", { class: "row head" }, el("h2", { text: "How close to the answer" }), racing.button),
    el("p", { class: "hint", text: "The largest change in a sweep is not the error; the bound is proven." }),
    chart.node,
    count,
    racing.node,
  );
  const controls = el(
    "div",
    { class: "planning" },
    player.node,
    el("div", { class: "row looks" }, labelled("Arrows", arrows), labelled("Cells show", mode)),
  );
  const cards = el("div", { class: "cards-side" }, made.node, close, blind.node);

  const detailed = () => ["q", "gap"].includes(mode.value);
  const evaluated = () => ({ painted: painted(), learned: learned() })[policy.value] ?? null;

  /** The policy that is evaluated [[chances]]; every move as likely where it says nothing. */
  function followed() {
    const { rows, cols, actions } = refer().read;
    const even = actions.map(() => 1 / actions.length);
    const rowsOf = evaluated() ?? chancesOf({}, rows, cols, actions);
    return rowsOf.map((row) => row.map((chances) => chances ?? even));
  }

  function save() {
    const address = URL.createObjectURL(new Blob([written(followed(), refer().read.actions)], { type: "text/plain" }));
    el("a", { href: address, download: "policy.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  const evaluating = () => found?.question.method === "policy-evaluation";

  function now() {
    if (!found) return null;
    if (player.number === Infinity) return found.answer;
    return sweeps.row(player.number) ?? (detailed() && !last?.q ? null : last);
  }

  function tellBackup(cell, cols) {
    if (!cell || !found) return made.draw(null);
    const [row, column] = cell;
    const name = evaluating()
      ? `${found.followed} policy`
      : SOLVERS[found.question.method].toLowerCase();
    const title = `row ${row + 1}, column ${column + 1} · ${name} · ${player.number === Infinity ? "the answer" : `sweep ${player.number}`}`;
    const kind = refer().read?.cells[row]?.[column];
    const moves = found.moves;
    if (kind === "wall") return made.draw({ title, why: "A wall: nobody is ever here." });
    if (!moves || moves.cell !== row * cols + column) return made.draw({ title, why: "…" });
    if (moves.ends)
      return made.draw({ title, why: "The episode ends here, so nothing is added any more: the value is 0." });
    const discount = refer().read.settings.discount;
    made.draw({ title, moves, discount, evaluating: evaluating(), ...source(moves.cell) });
  }

  /** Which values the sum looks at, and what to say of it. */
  function source(cell) {
    const k = player.number;
    const value = now()?.values[cell];
    const synchronous = IN_PLACE.includes(found.question.method) && !found.question.in_place;
    if (k === Infinity) {
      const after =
        value === null
          ? "No finite value exists here."
          : "At the answer a backup changes nothing: this is Bellman's equation.";
      return { from: found.answer.values, after };
    }
    if (synchronous && k > 0) {
      const before = sweeps.row(k - 1);
      if (before) return { from: before.values, after: `The values looked at are those of sweep ${k - 1}.` };
    }
    const after =
      k === 0
        ? "Every value begins at 0; this is what sweep 1 makes of it."
        : `Looked one move ahead from the values shown; the cell's own is ${two(value)}.`;
    return { from: now().values, after };
  }

  function tellChart(palette) {
    const curve = sweeps?.curve;
    const points = (name) =>
      curve.sweeps.map((at, place) => [at, curve[name][place]]).filter(([, value]) => value !== null);
    if (curve) {
      const lines = [
        { name: "proven bound", colour: palette.trpo, points: points("bound") },
        { name: "largest change", colour: palette.accent, points: points("delta") },
      ];
      chart.draw({ lines, at: player.number === Infinity ? null : player.number, unit: "sweeps" });
    }
    say(count, counted());
  }

  function counted() {
    if (!sweeps) return "";
    const k = Math.min(player.number, sweeps.made);
    const row = sweeps.has(k) ? sweeps.row(k) : null;
    const ends = {
      converged: "converged",
      limit: "stopped here; ∞ shows the exact answer",
      unbounded: "stopped here, since no bound can be proven",
    };
    const end = k === sweeps.made && sweeps.ended ? ` · ${ends[sweeps.ended]}` : "";
    if (!row) return `${grouped(k)} sweeps`;
    const bound = row.bound === null ? "no error bound" : `error at most ${number(row.bound)}`;
    return `${grouped(k)} ${k === 1 ? "sweep" : "sweeps"} · ${grouped(row.backups)} backups · change ${number(row.delta)} · ${bound}${end}`;
  }

  return {
    controls,
    cards,
    solver: el("div", { class: "row solver" }, policy, keep, method, placed),
    /** Evaluate what was painted from now on, and show its arrows. */
    paintedNow() {
      policy.value = "painted";
      arrows.value = "policy";
    },
    question(text, tab) {
      const chosen = tab === "evaluate" ? "policy-evaluation" : method.value;
      const question = { map: text, method: chosen, in_place: inPlace.checked && IN_PLACE.includes(chosen) };
      return tab === "evaluate" && evaluated() ? { ...question, policy: evaluated() } : question;
    },
    take(answer, question) {
      const asked = ({ map, method, in_place, policy: of }) => JSON.stringify([map, method, in_place, of]);
      const same = found && asked(found.question) === asked(question);
      found = { ...answer, question, followed: question.policy ? policy.value : "random" };
      if (same) return;
      sweeps?.stop();
      clearTimeout(timer);
      last = null;
      const going = (sweeps = sweepsOf(question, answer.sweeps, detailed, () => {
        player.tell();
        redraw();
      }));
      player.follow(sweeps);
      timer = setTimeout(going.finish, SETTLED_MS);
    },
    answer: () => found?.answer,
    remarks() {
      const limited = sweeps?.limited;
      const best = found?.answer.best_start ?? null;
      const same = !limited || best === null || Math.abs(limited.best - best) <= 1e-3 * Math.max(1, Math.abs(best));
      const within = `Within the time limit of ${grouped(limited?.moves ?? 0)} moves the best expected return is ${number(limited?.best, 4)}; with unlimited time it is ${number(best, 4)}.`;
      return [...(found?.remarks ?? []), same ? null : within];
    },
    /** The exact answer, whatever sweep is shown. */
    exact: () => (found ? { shown: found.answer, answer: found.answer, mode: "values" } : {}),
    shown() {
      const row = now();
      if (!row) return {};
      last = row;
      const own = evaluating() ? { policy: null } : {};
      const bits = { none: null, optimal: found.answer.optimal, ...own }[arrows.value];
      return {
        shown: row,
        answer: found.answer,
        bits: bits === undefined ? row.greedy : bits,
        mode: mode.value,
        q: mode.value === "gap",
        policy: arrows.value === "policy" && evaluating() && mode.value !== "q" ? followed() : null,
      };
    },
    tell(tab, cell, palette) {
      show(controls, tab !== "learn");
      show(cards, tab !== "learn");
      show(policy, tab === "evaluate");
      show(keep, tab === "evaluate");
      policy.options[1].disabled = !painted();
      policy.options[2].disabled = !learned();
      arrows.options[2].disabled = tab !== "evaluate";
      if (policy.selectedOptions[0].disabled) policy.value = "random"; // which is what is evaluated then
      if (arrows.selectedOptions[0].disabled) arrows.value = "greedy";
      const { text, read } = refer();
      blind.tell(tab === "plan" && read !== null, { text, read, answer: found?.answer, palette });
      show(method, tab === "plan");
      show(placed, tab === "evaluate" || (tab === "plan" && IN_PLACE.includes(method.value)));
      show(racing.button, tab === "plan");
      racing.show(tab === "plan", palette);
      if (tab === "learn") return player.pause();
      tellBackup(cell, refer().read?.cols ?? 0);
      tellChart(palette);
    },
    stop() {
      clearTimeout(timer);
      sweeps?.stop();
      player.remove();
      racing.stop();
      blind.stop();
    },
  };
}

/** A select of { value: text }. */
function chooser(label, choices, changed) {
  const node = el(
    "select",
    { "aria-label": label },
    ...Object.entries(choices).map(([value, text]) => el("option", { value, text })),
  );
  node.addEventListener("change", () => changed());
  return node;
}

const labelled = (text, node) => el("label", { class: "tick" }, el("span", { text }), node);
