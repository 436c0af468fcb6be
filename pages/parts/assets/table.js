// A run's metrics in the browser: one growing column per name, its smoothing, and what of it is worth drawing.

const YOUNG = 16; // at least so many windows fit into a curve

export class Table {
  constructor() {
    this.clear();
  }

  clear() {
    this.steps = [];
    this.columns = new Map();
    this.last = 0;
  }

  get length() {
    return this.steps.length;
  }

  /** Add what a metrics answer brought. Rows that are already here are skipped. */
  append({ names, steps, values, last_step: last }) {
    for (const name of names) {
      if (!this.columns.has(name)) this.columns.set(name, new Array(this.length).fill(NaN));
    }
    const targets = names.map((name) => this.columns.get(name));
    let added = 0;
    for (let row = 0; row < steps.length; row += 1) {
      if (this.length && steps[row] <= this.steps[this.length - 1]) continue;
      this.steps.push(steps[row]);
      targets.forEach((column, place) => column.push(values[row * names.length + place]));
      added += 1;
    }
    for (const column of this.columns.values()) while (column.length < this.length) column.push(NaN);
    this.last = Math.max(this.last, last ?? 0, this.length ? this.steps[this.length - 1] : 0);
    return added;
  }

  column(name) {
    return this.columns.get(name) ?? [];
  }

  /** Whether the metric was ever measured. */
  has(name) {
    return this.column(name).some((value) => !Number.isNaN(value));
  }

  /** The newest measured value, or NaN. */
  newest(name) {
    const column = this.column(name);
    for (let row = column.length - 1; row >= 0; row -= 1) if (!Number.isNaN(column[row])) return column[row];
    return NaN;
  }

  /** x for every row: env steps, iterations, or seconds divided by `unit`. */
  x(axis, unit = 1) {
    if (axis === "iterations") return this.steps;
    if (axis === "steps") return this.column("env_steps");
    return this.column("wall_s").map((seconds) => seconds / unit);
  }

  /** Where an iteration lies: the first row at or after it. */
  rowOf(step) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] < step) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, this.length - 1);
  }
}

/**
 * Exponential mean over about `window` iterations, started without bias (Adam, Kingma and Ba 2015, section 3).
 * Steps may have gaps: the decay is per iteration, so a thinned column smooths like the whole one. A young curve, of
 * which such a mean would show little, is smoothed less.
 */
export function smoothed(values, steps, window) {
  const reach = Math.min(window, 1 + (steps[steps.length - 1] ?? 0) / YOUNG);
  if (window <= 1 || reach < 1.5) return values;
  const keep = 1 - 1 / reach;
  let mean = 0;
  let weight = 0;
  let before = null;
  return values.map((value, row) => {
    if (Number.isNaN(value)) return NaN;
    const decay = before === null ? 0 : keep ** Math.min(64 * reach, steps[row] - before);
    before = steps[row];
    mean = decay * mean + (1 - keep) * value;
    weight = decay * weight + (1 - keep);
    return mean / weight;
  });
}

/**
 * The rows between x `from` and `to` that a picture of about `points` points needs: each bucket's lowest and highest.
 * Buckets hold a power of two rows and start at fixed rows, so that a growing curve doesn't flicker.
 */
export function drawn(x, values, from, to, points) {
  const rows = [];
  for (let row = 0; row < values.length; row += 1) {
    if (!Number.isNaN(values[row]) && x[row] >= from && x[row] <= to) rows.push(row);
  }
  let size = 1;
  while ((2 * rows.length) / size > points && rows.length > points) size *= 2;
  if (size <= 2) return rows;
  const kept = [];
  for (let start = 0; start < rows.length; start += size) {
    const bucket = rows.slice(start, start + size);
    let low = bucket[0];
    let high = bucket[0];
    for (const row of bucket) {
      if (values[row] < values[low]) low = row;
      if (values[row] > values[high]) high = row;
    }
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  const end = rows[rows.length - 1];
  if (kept[kept.length - 1] !== end) kept.push(end);
  return kept;
}
