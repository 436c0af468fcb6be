// Starting a run, exactly once: a busy machine may answer late, and then the same start is asked for again, not another.

import { Refused, Unreachable, post } from "./api.js";

const AGAIN_MS = 1000;
const GIVE_UP_MS = 60000;
const LATE = "That takes longer than usual: the machine is busy. It is asked again, and starts once.";
const SILENT = "The app does not answer. Is it still running? Pressing again will not start it twice.";

let unanswered = null; // the last start that nobody answered: { text, mark }

/** Start a run: its id, or null where that was refused or not answered within a minute. What goes wrong is told. */
export async function started(body, tell) {
  const text = JSON.stringify(body);
  if (unanswered?.text !== text) unanswered = { text, mark: newMark() };
  const until = performance.now() + GIVE_UP_MS;
  while (true) {
    try {
      const { run_id: run } = await post("runs", body, { "X-Uphill-Once": unanswered.mark });
      unanswered = null;
      return run;
    } catch (error) {
      if (error instanceof Refused) {
        unanswered = null;
        tell(error.message);
        return null;
      }
      if (!(error instanceof Unreachable)) throw error;
    }
    if (performance.now() > until) {
      tell(SILENT);
      return null;
    }
    tell(LATE);
    await new Promise((go) => setTimeout(go, AGAIN_MS));
  }
}

/** What no other start carries. (randomUUID is there only on pages served over https or from this machine.) */
function newMark() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
