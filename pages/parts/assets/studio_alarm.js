// The collapse alarm: the generator repeats itself; one press changes what the engine advises to change, another goes
// back to what it had learned when it was best.

import { post } from "./api.js";
import { el, say, show } from "./dom.js";
import { told } from "./header.js";

const PATIENCE = 8; // iterations that a change is given before the next is offered

/** The notice `node`; `refresh()` is called after a press. update(record), whose alarm is the engine's. */
export function alarm(runId, refresh) {
  const sentence = el("p");
  const said = el("p", { class: "hint", role: "status" });
  const button = (text, onclick) => el("button", { type: "button", class: "button", text, onclick });
  const remedy = button("Pull it back", () => press("change", record.alarm));
  const back = button("", () => press("back", record.alarm.back));
  const node = el("section", { class: "notice alarm", role: "alert", hidden: true }, sentence, remedy, back, said);
  let record = null;
  let pressedAt = -Infinity;

  async function press(action, { advice, changes }) {
    remedy.disabled = back.disabled = true;
    try {
      await post(`runs/${runId}/${action}`, changes);
      pressedAt = record.iteration;
      say(said, `Done: ${advice[0].toLowerCase()}${advice.slice(1)}. Give it some rounds.`);
      refresh();
    } catch (error) {
      say(said, told(error));
    }
    remedy.disabled = back.disabled = false;
  }

  return {
    node,
    update(given) {
      record = given;
      const found = record.alarm;
      const waiting = record.iteration < pressedAt + PATIENCE;
      show(node, found !== null);
      show(remedy, !waiting && found !== null && Object.keys(found.changes).length > 0);
      show(back, !waiting && Boolean(found?.back));
      if (found?.back) {
        say(back, `Go back to round ${found.back.step}`);
        back.title = `${found.back.advice}.`;
      }
      if (found && !waiting) say(said, `${found.advice}.`);
      if (found) say(sentence, found.sentence);
    },
  };
}
