// Curves of runs, and the mean over seeds of curves whose points don't lie at the same places.

import { drawn, smoothed } from "./table.js";

const PLACES = 300;

/**
 * A metric of one run, smoothed as the view says: { x, y } of about `points` points to draw, its extremes among them,
 * and `all` { x, y }, of which to take means.
 */
export function curve(table, name, view, unit, points) {
  const x = table.x(view.x, unit);
  const y = smoothed(table.column(name), table.steps, view.smooth);
  const at = (rows) => ({ x: rows.map((row) => x[row]), y: rows.map((row) => y[row]) });
  return { ...at(drawn(x, y, -Infinity, Infinity, points)), all: at(drawn(x, y, -Infinity, Infinity, Infinity)) };
}

/**
 * Mean and sample standard deviation of curves [{ x, y }] at common places, as far as every one of them reaches:
 * beyond that a mean would jump each time a curve ends.
 */
export function averaged(curves) {
  if (!curves.length) return { x: [], mean: [], sd: [] };
  const from = Math.max(...curves.map(({ x }) => x[0]));
  const to = Math.min(...curves.map(({ x }) => x[x.length - 1]));
  if (!(to > from)) return { x: [], mean: [], sd: [] };
  const x = Array.from({ length: PLACES }, (_, place) => from + ((to - from) * place) / (PLACES - 1));
  const columns = curves.map((curve) => interpolated(curve, x));
  const mean = x.map((_, place) => columns.reduce((sum, column) => sum + column[place], 0) / columns.length);
  const sd = x.map((_, place) => {
    const squares = columns.reduce((sum, column) => sum + (column[place] - mean[place]) ** 2, 0);
    return Math.sqrt(squares / Math.max(1, columns.length - 1));
  });
  return { x, mean, sd };
}

/** y of a curve at growing places `at`, in straight lines between its points. */
function interpolated({ x, y }, at) {
  let right = 1;
  return at.map((place) => {
    while (right < x.length - 1 && x[right] < place) right += 1;
    const left = right - 1;
    const share = x[right] > x[left] ? (place - x[left]) / (x[right] - x[left]) : 1;
    return y[left] + (y[right] - y[left]) * Math.max(0, Math.min(1, share));
  });
}
