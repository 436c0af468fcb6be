// The collapse alarm: the generator repeats itself; one press raises the pull to the prior and lowers the learning rate.

import { post } from "./api.js";
import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { told } from "./header.js";
import { inForce } from "./settings.js";
import { recent } from "./studio_figures.js";

const LEAST = { unique: 0.6, valid: 0.5 };
const WARM_UP = 8; // iterations before which nothing is called a collapse
const STRONGER = 2;
const FIRST_PULL = 0.05;
const SLOWER = 0.5;

/** What is wrong, as a sentence, or null. */
export function collapse(table) {
  if (table.length < WARM_UP) return null;
  const unique = recent(table.column("unique"));
  const valid = recent(table.column("valid"));
  if (unique < LEAST.unique)
    return `It repeats itself: only ${Math.round(100 * unique)} % of what it writes differs from the rest.`;
  if (valid < LEAST.valid)
    return `It forgets how to write molecules: only ${Math.round(100 * valid)} % follow chemistry's rules.`;
  return null;
}

/** The notice `node`; `refresh()` is called after a press. update(record, table). */
export function alarm(runId, refresh) {
  const sentence = el("p");
  const said = el("p", { class: "hint", role: "status" });
  const remedy = el("button", { type: "button", class: "button", text: "Pull it back", onclick: press });
  const node = el("section", { class: "notice alarm", role: "alert", hidden: true }, sentence, remedy, said);
  let record = null;
  let pressedAt = 0;

  function changes() {
    const wanted = {};
    const pull = inForce(record, "algorithm.reference_kl_coefficient");
    const rate = inForce(record, "algorithm.learning_rate");
    const limit = inForce(record, "algorithm.max_kl");
    if (Number.isFinite(pull))
      wanted["algorithm.reference_kl_coefficient"] = Math.min(100, Math.max(FIRST_PULL, STRONGER * pull));
    if (Number.isFinite(rate)) wanted["algorithm.learning_rate"] = SLOWER * rate;
    if (Number.isFinite(limit)) wanted["algorithm.max_kl"] = SLOWER * limit;
    return wanted;
  }

  async function press() {
    remedy.disabled = true;
    const wanted = changes();
    try {
      await post(`runs/${runId}/change`, wanted);
      pressedAt = record.iteration;
      const pull = wanted["algorithm.reference_kl_coefficient"];
      const first = pull === undefined ? "" : `The pull to what it was taught is ${number(pull)} now, and `;
      say(said, `${first}steps are half as long. Give it some rounds.`);
      refresh();
    } catch (error) {
      say(said, told(error));
    }
    remedy.disabled = false;
  }

  return {
    node,
    update(given, table) {
      record = given;
      const found = ["training", "paused"].includes(record.state) ? collapse(table) : null;
      const waiting = pressedAt > 0 && record.iteration < pressedAt + WARM_UP;
      show(node, found !== null);
      show(remedy, !waiting);
      if (!waiting && pressedAt && found) say(said, "");
      if (found) say(sentence, found);
    },
  };
}
