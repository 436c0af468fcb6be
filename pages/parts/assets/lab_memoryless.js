// "Seeing only walls": the best policy with certainty, the best with dice and full sight, side by side.

import { Refused, Unreachable, post } from "./api.js";
import { el, say, show, svg } from "./dom.js";
import { number } from "./format.js";
import { arrows } from "./lab_arrows.js";

const AGAIN_MS = 400;

/** The card `node`; tell(wanted, map text, read, answer, palette). */
export function memorylessCard() {
  let about = null;
  let found = null;
  let stopped = false;
  let shown = null;
  const button = el("button", { type: "button", class: "button slim", text: "Compare", onclick: run });
  const sentence = el("p", { class: "hint" });
  const three = el("div", { class: "three" });
  const node = el(
    "section",
    { class: "card blind", "aria-label": "Seeing only walls", hidden: true },
    el("div", { class: "row head" }, el("h2", { text: "Seeing only walls" }), button),
    sentence,
    three,
  );

  async function run() {
    const map = shown.text;
    about = map;
    found = { state: "searching" };
    draw();
    while (!stopped && about === map && found.state === "searching") {
      try {
        found = await post("plan/memoryless", { map });
      } catch (error) {
        if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
        found = { state: "refused", sentence: error.message };
      }
      draw();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  function draw() {
    if (!shown) return;
    if (about !== shown.text) found = null;
    button.disabled = found?.state === "searching";
    say(sentence, toldOf(found));
    const whole = found?.state === "found" && shown.read?.rows === found.seen.length;
    three.replaceChildren(...(whole ? answers(found, shown) : []));
  }

  return {
    node,
    tell(wanted, given) {
      show(node, wanted);
      const before = shown;
      shown = given;
      if (wanted && (before?.text !== given.text || before?.palette !== given.palette || !before?.read)) draw();
    },
    stop: () => (stopped = true),
  };
}

function toldOf(found) {
  switch (found?.state) {
    case "searching":
      return "Searching in the background; painting goes on meanwhile.";
    case "given up":
      return `Nothing was found within ${found.seconds} seconds: too many cells look different. Try a smaller map.`;
    case "refused":
      return found.sentence;
    case "found":
      return `The same arrows wherever the walls look alike. ${lesson(found)}`;
    default:
      return "An agent that feels only which sides of its cell are blocked, and remembers nothing: what can it earn at best?";
  }
}

function lesson({ deterministic, stochastic, observed }) {
  const [certain, dice, full] = [deterministic, stochastic, observed].map((one) => one.return ?? -Infinity);
  const near = (one, other) =>
    one === other || (Number.isFinite(one) && Math.abs(one - other) <= 1e-6 * Math.max(1, Math.abs(one)));
  if (near(certain, full)) return "Here the walls say enough: nothing is lost.";
  if (near(certain, dice)) return "Tossing dice does not help here; what is lost is lost by not seeing.";
  return "Tossing dice beats every fixed choice, because the same choice is wrong in one of the cells that look alike.";
}

function answers(found, { read, answer, palette }) {
  const { actions, cells } = read;
  const letters = (rows) =>
    rows.map((row) => row.map((word) => actions.map((name) => (spelt(word, actions).includes(name) ? 1 : 0))));
  const bits = answer.optimal.map((bit) => actions.map((_, place) => (bit & (1 << place) ? 1 : 0)));
  const optimal = cells.map((row, at) => row.map((_, column) => bits[at * row.length + column]));
  const certainty = found.deterministic.proven ? "one fixed move each" : "one fixed move each, best found";
  return [
    ["With certainty", certainty, found.deterministic.return, letters(found.deterministic.policy)],
    ["With dice", "chances as arrow lengths", found.stochastic.return, found.stochastic.policy],
    ["Seeing the cell", "full sight", found.observed.return, optimal],
  ].map(([name, about, worth, policy]) =>
    el(
      "figure",
      { class: "answer" },
      small(cells, policy, actions, palette, `${name}: ${number(worth, 4)}`),
      el(
        "figcaption",
        {},
        el("b", { text: worth === null ? "−∞" : number(worth, 4) }),
        ` ${name}`,
        el("span", { class: "hint", text: about }),
      ),
    ),
  );
}

const spelt = (word, actions) => (actions.some((name) => name.length > 1) ? word.split(",") : [...word]);

/** A map without words: [[chances]] as arrows. */
function small(cells, policy, actions, palette, label) {
  const fill = { wall: palette.wall, goal: palette.goal, pit: palette.pit };
  return svg(
    "svg",
    { viewBox: `0 0 ${cells[0].length * 100} ${cells.length * 100}`, role: "img", "aria-label": label },
    ...cells.flatMap((row, r) =>
      row.flatMap((kind, c) => {
        const ground = svg("rect", {
          x: c * 100 + 2,
          y: r * 100 + 2,
          width: 96,
          height: 96,
          rx: 8,
          fill: fill[kind] ?? palette.low,
        });
        const chances = fill[kind] ? null : policy[r]?.[c];
        const wanted = actions.map((name, place) => [name, chances?.[place] ?? 0]);
        const shape = svg("path", { d: arrows(wanted), fill: palette.text, transform: "translate(-20 -6) scale(1.4)" });
        return [ground, svg("g", { transform: `translate(${c * 100} ${r * 100})` }, shape)];
      }),
    ),
  );
}
