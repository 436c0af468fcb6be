// The Run page: hands what is new to the header, the charts and the picture. No script run takes part.

import { Refused, Unreachable, clockwork, picture } from "./api.js";
import { el, say, show } from "./dom.js";
import { failure } from "./failure.js";
import { feed } from "./feed.js";
import { header } from "./header.js";
import { hood } from "./hood.js";
import { limitsOf, marksOf } from "./marks.js";
import { pictureCard } from "./picture.js";
import { loadPlotly, timeUnit } from "./plot.js";
import { rewardCard } from "./reward.js";
import { inForce, settingsCard } from "./settings.js";
import { colours, follow } from "./theme.js";
import { readView } from "./view.js";

const TURN_MS = 250;
const RESTING_MS = 2500;
const PICTURE_MS = 1000;
const CARDS_MS = 480; // the cards below the reward follow at half its pace
const DRAWING_MS = 40;
const BREATH_MS = 30;
const VIEWS = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const known = VIEWS.get(parentElement);
  if (known?.runId === data.run_id) return known.stop;
  known?.stop();
  const root = parentElement.querySelector(".uphill");
  const view = runView(root, data, (runId) => setTriggerValue("open", runId));
  const stop = () => {
    view.stop();
    VIEWS.delete(parentElement);
  };
  VIEWS.set(parentElement, { runId: data.run_id, stop });
  return stop;
}

function runView(root, data, open) {
  const view = readView();
  const rows = feed(data.run_id, take, () => clock.now());
  const { table } = rows;
  let record = null;
  let pictureStep = 0;
  let pictureAt = -Infinity;
  let best = null;
  let queue = [];
  let breath = null;
  let cardsAt = -Infinity;
  let stale = false; // cards haven't been told of the newest rows
  let trouble = 0;
  loadPlotly().catch(() => {});

  const top = header(data.run_id, data.task_name, { refresh: () => clock.now(), open });
  const sentence = el("p", { class: "sentence", role: "status", "aria-live": "polite" }, el("b"), el("span"));
  const lost = el("p", { class: "notice", role: "alert", hidden: true });
  const broken = failure(top.start);
  const reward = rewardCard(data.reward, view, redraw);
  const now = pictureCard(root, data.run_id, data.properties);
  const under = hood(
    data.metrics,
    data.ratio_edges,
    view,
    () => redraw(false),
    (names) => {
      queue = [...under.drawings(given, names), ...queue];
      drawSome();
    },
  );
  const settings = settingsCard(data.run_id, data.live, () => clock.now());
  root.replaceChildren(
    top.node,
    lost,
    broken.node,
    sentence,
    el("div", { class: "pair" }, reward.node, now.node),
    now.below,
    under.node,
    settings.node,
  );
  root.removeAttribute("aria-busy");
  follow(root);

  async function turn() {
    if (follow(root)) {
      now.retheme();
      redraw(false);
    }
    try {
      if (await rows.keepUp()) {
        trouble = 0;
        show(lost, false);
      }
      await settle();
    } catch (error) {
      if (error instanceof Refused || error instanceof Unreachable) return lose(error);
      throw error;
    }
    return stale || ["training", "queued"].includes(record.state) ? TURN_MS : RESTING_MS;
  }

  /** Show what the table holds now. */
  function take(run, added) {
    const before = record;
    record = run;
    top.update(record);
    show(sentence, record.state !== "failed"); // a failure has a notice of its own
    tell(record.sentence ?? "");
    if (!before) root.style.setProperty("--series", `var(--${record.algorithm}, var(--accent))`);
    broken.update(record);
    settings.update(record);
    reward.offer(record);
    if (record.picture_step === null) now.waiting(record.state);
    reward.waiting(table.length ? null : waitingText(record, data.first_seconds));
    const changed = added > 0 || before?.state !== record.state || before?.events?.length !== record.events?.length;
    stale ||= changed;
    if (changed && table.length) reward.draw(given());
  }

  /** Tell the cards of the newest rows, and look at the picture, as often as each may. */
  async function settle() {
    if (stale && table.length && performance.now() - cardsAt > CARDS_MS) {
      cardsAt = performance.now();
      stale = false;
      under.arrange(table);
      queue = [...queue, ...under.drawings(given)];
      drawSome();
    }
    await look();
  }

  /** Draw waiting cards for a short time, let the page breathe, go on. A card waits once, whatever came meanwhile. */
  function drawSome() {
    clearTimeout(breath);
    const until = performance.now() + DRAWING_MS;
    const cards = [...new Map(queue)];
    while (cards.length && performance.now() < until) cards.shift()[1]();
    queue = cards;
    if (queue.length) breath = setTimeout(drawSome, BREATH_MS);
  }

  function redraw(otherAxis) {
    if (!table.length) return;
    if (otherAxis) {
      reward.reset();
      under.forgetZoom();
    }
    under.arrange(table);
    reward.draw(given());
    queue = under.drawings(given);
    drawSome();
  }

  async function look() {
    const fresh = performance.now() - pictureAt;
    if (fresh < (record.state === "training" ? PICTURE_MS : RESTING_MS)) return;
    if (record.picture_step === null || record.picture_step === pictureStep) return;
    pictureAt = performance.now();
    const found = await picture(data.run_id, pictureStep);
    if (!found) return;
    pictureStep = found.step;
    now.show(found);
    if (best === (found.optimal_return ?? null)) return;
    best = found.optimal_return;
    if (table.length) reward.draw(given());
  }

  /** What a chart of `metric` needs; without one, the reward's. */
  function given(metric = data.reward) {
    const palette = colours(root);
    const unit = timeUnit(table.newest("wall_s"));
    return {
      table,
      view,
      unit,
      palette,
      colour: palette[record.algorithm] || palette.accent,
      limits: limitsOf(metric, record, data, best),
      marks: marksOf(record.events ?? [], data.live),
      end: view.x === "steps" ? record.budget : null,
      over: ["finished", "stopped", "failed"].includes(record.state),
      clip: inForce(record, "algorithm.clip_range") ?? null,
      shrink: inForce(record, "algorithm.line_search_shrink") ?? 0.8,
      maxKl: inForce(record, "algorithm.max_kl") ?? null,
    };
  }

  function tell(text) {
    const end = text.search(/[.:](\s|$)/) + 1;
    say(sentence.firstChild, text.slice(0, end || undefined));
    say(sentence.lastChild, end ? text.slice(end) : "");
  }

  function lose(error) {
    trouble += 1;
    if (error instanceof Refused && error.status === 404) {
      root.replaceChildren(
        el("p", { class: "notice", role: "alert", text: `${error.problems.join(" ")} It may have been deleted.` }),
      );
      clock.stop();
      return RESTING_MS;
    }
    if (trouble > 1) {
      say(lost, "Connection lost. What is shown is the last that arrived; trying again …");
      show(lost, true);
    }
    return Math.min(5000, 400 * trouble);
  }

  const resized = new ResizeObserver(() => redraw(false));
  resized.observe(root);
  const clock = clockwork(turn);
  return {
    stop() {
      clock.stop();
      rows.stop();
      clearTimeout(breath);
      resized.disconnect();
      under.remove();
      now.remove();
      reward.remove();
    },
  };
}

function waitingText(record, seconds) {
  if (record.state === "queued") return "Waiting for its turn. It starts when the run before it ends.";
  if (record.state !== "training") return "No points were recorded.";
  return seconds
    ? `Warming up: first point in about ${Math.max(1, Math.ceil(seconds))} s`
    : "Warming up: the first point comes after the first batch";
}
