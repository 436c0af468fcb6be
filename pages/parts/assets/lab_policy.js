// A policy painted by hand: arrows per cell, drawn along a way or set side by side; all moves are as likely elsewhere.

import { DIRECTIONS } from "./lab_arrows.js";

/** Arrows are { "row,column": [names] }; a cell that is not there moves at random. */
export const NOTHING = Object.freeze({});

/** The arrows after a stroke along `cells`; one cell alone: the arrow `side` of it is set, or taken away again. */
export function drawnAlong(painted, cells, side, actions) {
  if (cells.length > 1) {
    const way = Object.fromEntries(steps(cells, actions).map(([cell, name]) => [String(cell), [name]]));
    return { ...painted, ...way };
  }
  const [cell] = cells;
  const before = painted[String(cell)] ?? [];
  const after = before.includes(side)
    ? before.filter((name) => name !== side)
    : actions.filter((name) => name === side || before.includes(name));
  const next = { ...painted, [String(cell)]: after };
  if (!after.length) delete next[String(cell)];
  return next;
}

/** [cell, name of the move to the next one]; round the corner where there are no diagonal moves. */
function steps(cells, actions) {
  return cells.slice(1).flatMap(([row, column], place) => {
    const from = cells[place];
    const moved = [row - from[0], column - from[1]].map(Math.sign);
    const whole = nameOf(moved, actions);
    if (whole) return [[from, whole]];
    return [
      [from, nameOf([0, moved[1]], actions)],
      [[from[0], column], nameOf([moved[0], 0], actions)],
    ].filter(([, name]) => name);
  });
}

const nameOf = ([row, column], actions) =>
  actions.find((name) => DIRECTIONS[name].row === row && DIRECTIONS[name].column === column);

/** The action on whose side of a cell a point lies, right and down in -1..1. */
export function sideOf({ right, down }, actions) {
  const along = (name) => {
    const { row, column } = DIRECTIONS[name];
    return (row * down + column * right) / Math.hypot(row, column);
  };
  return actions.reduce((best, name) => (along(name) > along(best) ? name : best));
}

/** As the planner takes it: rows of probabilities, null where nothing was painted. */
export function chancesOf(painted, rows, cols, actions) {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: cols }, (_, column) => {
      const names = (painted[`${row},${column}`] ?? []).filter((name) => actions.includes(name));
      return names.length ? actions.map((name) => (names.includes(name) ? 1 / names.length : 0)) : null;
    }),
  );
}

/** As `plan --policy FILE` reads it: one row of cells per line, N:0.25,E:0.75 where chances differ. */
export function written(chances, actions) {
  const all = actions.join(",");
  const cell = (row) => {
    if (!row) return all;
    const total = row.reduce((sum, chance) => sum + chance, 0);
    const taken = actions.map((name, place) => [name, row[place] / total]).filter(([, chance]) => chance > 0);
    const even = taken.every(([, chance]) => Math.abs(chance - 1 / taken.length) < 1e-6);
    return taken.map(([name, chance]) => (even ? name : `${name}:${chance.toFixed(9)}`)).join(",");
  };
  return `${chances.map((row) => row.map(cell).join("  ")).join("\n")}\n`;
}

/** The arrows in an address: "1.2.E_2.2.N-E", rows and columns from 1. */
export const addressOf = (painted) =>
  Object.entries(painted)
    .map(([cell, names]) => {
      const [row, column] = cell.split(",").map(Number);
      return `${row + 1}.${column + 1}.${names.join("-")}`;
    })
    .join("_") || null;

export function fromAddress(text) {
  const found = {};
  for (const part of (text ?? "").split("_")) {
    const [, row, column, names] = /^(\d{1,3})\.(\d{1,3})\.([NESW-]{1,24})$/.exec(part) ?? [];
    const known = names?.split("-").filter((name) => name in DIRECTIONS);
    if (known?.length) found[`${row - 1},${column - 1}`] = known;
  }
  return found;
}
