// A run's rows as they come: told over a websocket, asked for where nothing is heard, and kept in a table.

import { metrics, pushed } from "./api.js";
import { Table } from "./table.js";

const FIRST_ROWS = 2000;
const MOST_ROWS = 9000; // then the server thins what is here
const SILENCE_MS = 5000; // then it asks, whether or not it is being told

/**
 * The `table` and what keeps it up to date. `took(record, added)` is called when the table holds an answer, `heard()`
 * after it where nobody had asked. keepUp() asks where that is needed, and is true where it did; stop().
 */
export function feed(runId, took, heard) {
  const table = new Table();
  let attempt = null;
  let rewritten = Infinity; // up to this iteration, rows may have changed since they came
  let taking = Promise.resolve();
  let heardAt = -Infinity;
  let unplug = null; // ends the telling; null while there is none
  let stopped = false;

  async function take(answer) {
    heardAt = performance.now();
    const added = table.append(answer);
    if (attempt !== null && answer.run.attempt !== attempt) rewritten = table.last; // a resumed run writes its last rows anew
    attempt = answer.run.attempt;
    if (table.length > MOST_ROWS || answer.last_step < table.last || table.last > rewritten) await reload();
    took(answer.run, added);
  }

  async function reload() {
    const all = await metrics(runId, 0, FIRST_ROWS);
    table.clear();
    table.append(all);
    rewritten = Infinity;
  }

  /** Take in what was told, one after the other. */
  function hear(answer) {
    taking = taking
      .then(() => take(answer))
      .then(heard)
      .catch(() => unplug?.());
  }

  return {
    table,
    async keepUp() {
      if (unplug && performance.now() - heardAt < SILENCE_MS) return false;
      await take(await metrics(runId, table.last, FIRST_ROWS));
      if (!stopped) unplug ??= pushed(runId, table.last, hear, () => (unplug = null));
      return true;
    },
    stop() {
      stopped = true;
      unplug?.();
    },
  };
}
