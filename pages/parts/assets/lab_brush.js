// What a stroke does to a map: pure functions of its text and cells.

import { rewardOf, settingOf, windOf, withKinds, withRewards, withTeleport, withWind } from "./lab_text.js";

/**
 * What a stroke that begins at `cell` puts down, or null for a tool that paints nothing; on its like it erases.
 * side: the action on whose side of the cell it begins.
 */
export function laidBy(text, kinds, cell, name, amount, side) {
  if (name === "look" || Number.isNaN(amount)) return null;
  if (name === "arrow") return { side };
  if (name === "wind") return { wind: windOf(text, kinds[0].length)[cell[1]] === amount ? 0 : amount };
  if (name === "teleport") return { teleport: amount };
  if (name === "reward") return { reward: rewardOf(text, cell) === amount ? null : amount };
  return { kind: kinds[cell[0]][cell[1]] === name ? "free" : name };
}

/** The cells after a stroke. Where pits send the agent back to the start there is one start, which moves. */
export function painted(text, kinds, cells, kind) {
  const next = kinds.map((row) => [...row]);
  const alone = kind === "start" && settingOf(text, "pits") === "restart";
  if (alone) next.forEach((row) => row.forEach((one, column) => one === "start" && (row[column] = "free")));
  for (const [row, column] of alone ? cells.slice(-1) : cells) next[row][column] = kind;
  return next;
}

/** The text after a stroke; a wall takes the cell's own reward with it, and walls pay nothing. */
export function after(text, kinds, cells, { kind, reward, wind, teleport }) {
  if (wind !== undefined) return withWind(text, kinds[0].length, cells, wind);
  if (teleport !== undefined) return withTeleport(text, cells[0], cells.length > 1 ? cells.at(-1) : null, teleport);
  if (kind === undefined) {
    const open = cells.filter(([row, column]) => kinds[row][column] !== "wall");
    return open.length ? withRewards(text, open, reward) : text;
  }
  const own = cells.filter((cell) => rewardOf(text, cell) !== null);
  const bare = kind === "wall" && own.length ? withRewards(text, own, null) : text;
  return withKinds(bare, painted(text, kinds, cells, kind));
}
