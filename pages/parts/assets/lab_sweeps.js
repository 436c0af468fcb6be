// The sweeps of a solver as they come from the server: kept, asked for in windows, never worked out here.

import { post } from "./api.js";

const MOST_NUMBERS = 2_000_000;
const AGAIN_MS = 60;

/**
 * Sweeps of one question { map, method, in_place, policy }; detailed() says whether Q is wanted now. `changed()` is
 * called when more is known.
 */
export function sweepsOf(question, first, detailed, changed) {
  const rows = new Map();
  let made = 0;
  let ended = null;
  let curve = null;
  let limited = null;
  let asking = null;
  let wanted = null;
  let stopped = false;
  take(first);

  function take(found) {
    const each = 2 * (found.values[0]?.length ?? 1) + (found.q ? 4 * found.values[0].length : 0);
    if (rows.size * each > MOST_NUMBERS) rows.clear();
    found.values.forEach((values, place) => {
      const { q, greedy, delta, bound, backups } = found;
      rows.set(found.from + place, {
        values,
        q: q?.[place] ?? null,
        greedy: greedy[place],
        delta: delta[place],
        bound: bound[place],
        backups: backups[place],
      });
    });
    made = Math.max(made, found.made);
    ended = found.ended;
  }

  const has = (number) => rows.has(number) && (!detailed() || rows.get(number).q !== null);

  /** Ask for the window that begins at a sweep; while one is under way, the newest wish waits. */
  async function fetchFrom(number) {
    if (asking !== null || stopped) {
      wanted = number;
      return;
    }
    asking = number;
    try {
      const answer = await post("plan/sweeps", { ...question, q: detailed(), from: number });
      if (stopped) return;
      take(answer.sweeps);
      changed();
    } catch {
      // what is shown stays; the next wish asks again
    } finally {
      asking = null;
      const next = wanted;
      wanted = null;
      if (next !== null && !has(next)) fetchFrom(next);
    }
  }

  /** Let the server go on to the end, and take the curves of delta and bound as they grow. */
  async function finish() {
    while (!stopped && (curve === null || ended === null)) {
      try {
        const answer = await post("plan/sweeps", { ...question, from: Math.max(0, made - 1), finish: true });
        if (stopped) return;
        take(answer.sweeps);
        curve = answer.curve;
        limited = answer.limited;
        changed();
      } catch {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    if (!stopped && !rows.has(made)) fetchFrom(made);
  }

  return {
    question,
    finish,
    /** A sweep, or null while it is on its way. */
    row(number) {
      if (has(number)) return rows.get(number);
      fetchFrom(number);
      return null;
    },
    /** Make sure that a sweep will be there soon. */
    expect(number) {
      if (!has(number) && !(ended && number > made) && asking === null) fetchFrom(number);
    },
    has,
    get made() {
      return made;
    },
    get ended() {
      return ended;
    },
    get curve() {
      return curve;
    },
    get limited() {
      return limited;
    },
    stop() {
      stopped = true;
    },
  };
}
