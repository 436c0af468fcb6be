// One question to the engine at a time: while its answer is on its way, only the newest of the others waits.

import { Refused, Unreachable } from "./api.js";

/**
 * ask(about): send(about) sends it, and accepted(about, answer) is called; or refused(error), a Refused or an
 * Unreachable. Neither is called for an answer that somebody no longer waits for.
 */
export function inTurn(send, { accepted, refused }) {
  let asking = false;
  let waiting = null;

  return async function ask(about) {
    if (asking) {
      waiting = about;
      return;
    }
    asking = true;
    try {
      const answer = await send(about);
      if (waiting === null) accepted(about, answer);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      if (waiting === null) refused(error);
    } finally {
      asking = false;
      const next = waiting;
      waiting = null;
      if (next !== null) ask(next);
    }
  };
}
