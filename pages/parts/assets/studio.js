// The molecule studio, watching one run: figures, the best molecules, why they score, how they moved, playing it back.

import { Refused, Unreachable, clockwork, picture, read } from "./api.js";
import { el, say, show } from "./dom.js";
import { failure } from "./failure.js";
import { feed } from "./feed.js";
import { clock } from "./format.js";
import { alarm } from "./studio_alarm.js";
import { cardGrid } from "./studio_cards.js";
import { presentation } from "./studio_demo.js";
import { figuresRow } from "./studio_figures.js";
import { playback } from "./studio_playback.js";
import { scoreCards } from "./studio_scores.js";
import { studioHeader } from "./studio_take.js";
import { changeCard, whyCard } from "./studio_why.js";
import { follow } from "./theme.js";

const TURN_MS = 500;
const RESTING_MS = 3000;
const PICTURE_MS = 1000;
const VIEWS = new WeakMap();
const LIVE = ["queued", "training"];

export default function ({ data, parentElement, setTriggerValue }) {
  const name = `${data.run_id} ${data.demo}`;
  const known = VIEWS.get(parentElement);
  if (known?.name === name) return known.stop;
  known?.stop();
  const root = parentElement.querySelector(".uphill");
  const view = studio(root, data, (what) => setTriggerValue("open", what));
  const stop = () => {
    view.stop();
    VIEWS.delete(parentElement);
  };
  VIEWS.set(parentElement, { name, stop });
  return stop;
}

function studio(root, data, open) {
  const rows = feed(data.run_id, take, () => clocked.now());
  const { table } = rows;
  const scenes = new Map();
  let record = null;
  let now = null;
  let scene = null;
  let steps = [];
  let chosen = null;
  let start = null;
  let pictureAt = -Infinity;
  let trouble = 0;
  let wanted = null;
  let beginning = null;
  let shaping = false;

  const top = studioHeader(data.run_id, data.goal, { refresh: () => clocked.now(), open });
  const sentence = el("p", { class: "sentence", role: "status", "aria-live": "polite" });
  const lost = el("p", { class: "notice", role: "alert", hidden: true });
  const broken = failure(top.start);
  const warned = alarm(data.run_id, () => clocked.now());
  const figures = figuresRow();
  const player = playback((step) => look(step));
  const finds = cardGrid("Best molecules so far", choose);
  const samples = cardGrid("Molecules of this round", choose, true);
  const waiting = el("p", { class: "skeleton waits", role: "status" });
  const title = el("h2", { text: "Best so far" });
  const round = el("span", { class: "hint" });
  const refused = el("details", { class: "refused", hidden: true }, el("summary", { class: "hint" }), el("ul"));
  const why = whyCard(data.components, data.mean);
  const change = changeCard();
  const scores = scoreCards(data, () => shape());
  const shown = data.demo ? presentation(data, open) : null;
  const board = el(
    "div",
    { class: "studio" },
    el(
      "div",
      { class: "aside" },
      el(
        "section",
        { class: "card finding", "aria-label": "Best so far" },
        el("div", { class: "row head" }, title, player.node),
        el("div", { class: "stage-of-finds" }, finds.node, waiting),
      ),
      scores.course,
    ),
    el("div", { class: "aside" }, change.node, why.node, scores.shape),
  );
  const rest = el(
    "section",
    { class: "card under", "aria-label": "This round" },
    el("div", { class: "row head" }, el("h2", { text: "Written this round" }), round),
    samples.node,
    refused,
  );
  root.replaceChildren(...(shown ? [shown.node] : [top.node, lost, broken.node, sentence]), warned.node, figures.node, board, rest);
  root.classList.toggle("demo", Boolean(data.demo));
  root.removeAttribute("aria-busy");
  follow(root);
  const mode = () => root.dataset.mode;

  async function turn() {
    if (follow(root)) draw();
    try {
      if (await rows.keepUp()) {
        trouble = 0;
        show(lost, false);
      }
      if (await fetchNew()) tell();
      catchUp();
    } catch (error) {
      if (error instanceof Refused || error instanceof Unreachable) return lose(error);
      throw error;
    }
    return LIVE.includes(record.state) ? TURN_MS : RESTING_MS;
  }

  function take(run) {
    record = run;
    tell();
  }

  /** The newest picture and the list of moments, at most once a second; whether there was one. */
  async function fetchNew() {
    if (record.picture_step === null || record.picture_step === now?.step) return false;
    if (performance.now() - pictureAt < PICTURE_MS && LIVE.includes(record.state)) return false;
    pictureAt = performance.now();
    now = (await picture(data.run_id, now?.step ?? 0)) ?? now;
    steps = (await read(`runs/${data.run_id}/trail`)).steps;
    player.offer(steps);
    if (player.live) draw();
    return true;
  }

  /** Ask for what has not come yet, without waiting for it: a busy machine takes its time over molecules. */
  function catchUp() {
    if (!start && now) beginning ??= begin().catch(() => null).finally(() => (beginning = null));
    if (change.waits()) draw();
    shape();
  }

  /** What it began with: the reference, or else a middling molecule of its first round. */
  async function begin() {
    if (data.reference) {
      const drawn = await read(`molecules?${new URLSearchParams({ smiles: data.reference })}`);
      start = { ...drawn, smiles: data.reference, caption: "your molecule" };
    } else if (steps.length) {
      const { typical } = await read(`runs/${data.run_id}/moment?step=${steps[0]}`);
      if (typical) start = { ...typical, caption: `at the start, ${typical.score.toFixed(2)}` };
    }
    draw();
  }

  /** Show the moment of `step`, or what is newest where it is null. */
  async function look(step) {
    wanted = step;
    if (step === null) scene = null;
    else {
      if (!scenes.has(step)) scenes.set(step, read(`runs/${data.run_id}/moment?step=${step}`));
      const found = await scenes.get(step).catch(() => null);
      if (!found) scenes.delete(step);
      if (wanted !== step || !found) return;
      scene = found;
    }
    draw();
    tell();
    await shape();
  }

  function choose(molecule) {
    chosen = chosen === molecule.smiles ? null : molecule.smiles;
    draw();
  }

  function draw() {
    const { best = [], recent = [] } = scene ?? now ?? {};
    const picked = [...best, ...recent].find(({ smiles }) => smiles === chosen) ?? best[0] ?? null;
    finds.fill(best.slice(0, data.demo ? 8 : 12), picked?.smiles, mode());
    samples.fill(recent.slice(0, 12), picked?.smiles, mode());
    why.show(picked, data.labels);
    change.show(start, picked, mode());
    show(waiting, !best.length);
    const lost = (scene ? [] : now?.refused) ?? [];
    show(refused, lost.length > 0);
    say(refused.firstChild, `${lost.length} that are no molecules, and why`);
    refused.lastChild.replaceChildren(
      ...lost.map((one) => el("li", {}, el("code", { text: one.smiles }), ` ${one.reason}`)),
    );
    const counts = now?.counts;
    say(round, scene ? `round ${scene.step}` : counts ? `${counts.valid} of ${counts.sampled} are real` : "");
    shown?.draw({ start, now, record, table, mode: mode() });
  }

  /** The distributions, of the moment that is looked at. */
  async function shape() {
    const step = scene?.step ?? steps[steps.length - 1];
    if (step === undefined || shaping || !now) return;
    shaping = true;
    const came = await scores.shapeAt(data.run_id, steps[0], step).catch(() => false);
    shaping = false;
    if (came && step !== (scene?.step ?? steps[steps.length - 1])) shape();
  }

  function tell() {
    top.update(record, Boolean(now?.best?.length));
    broken.update(record);
    show(sentence, record.state !== "failed");
    say(sentence, record.sentence ?? "");
    warned.update(record);
    root.style.setProperty("--series", `var(--${record.algorithm}, var(--accent))`);
    const row = scene ? table.rowOf(scene.step) : table.length - 1;
    if (table.length) figures.tell(table, row);
    scores.draw(table, scene ? row : null);
    say(waiting, waitingText(record, data.first_seconds));
    waiting.classList.toggle("still", !LIVE.includes(record.state));
    shown?.draw({ start, now, record, table, mode: mode() });
  }

  function lose(error) {
    trouble += 1;
    if (error instanceof Refused && error.status === 404) {
      const gone = `${error.problems.join(" ")} It may have been deleted.`;
      root.replaceChildren(el("p", { class: "notice", role: "alert", text: gone }));
      clocked.stop();
      return RESTING_MS;
    }
    if (trouble > 1) {
      say(lost, "Connection lost. What is shown is the last that arrived; trying again …");
      show(lost, true);
    }
    return Math.min(5000, 400 * trouble);
  }

  const clocked = clockwork(turn);
  return {
    stop() {
      clocked.stop();
      rows.stop();
      player.stop();
      top.remove();
      root.classList.remove("demo");
    },
  };
}

function waitingText(record, seconds) {
  if (record.state === "queued") return "Waiting for its turn. It starts when the run before it ends.";
  if (!LIVE.includes(record.state)) return "It ended before it found a molecule.";
  return seconds ? `Warming up: first molecules in about ${clock(seconds)}` : "Warming up: the first molecules come soon";
}
