// What the board shows: the cells as they are painted, with values, arrows or Q of what is chosen to be shown.

import { DIRECTIONS, named } from "./lab_arrows.js";
import { percent } from "./format.js";
import { two } from "./lab_backup.js";

/**
 * The scene for the board. kinds [[kind]] as painted; read: the engine's map, or null while it can't be read;
 * shown: { values, q, greedy } of a sweep or the answer, or null; bits: what the arrows say; mode: values, q or gap;
 * policy: [[chances]] to draw as lengths instead of bits; agent: the cell it stands on. shown may bring `under`, a
 * second figure per cell, and `shares` where figures are shares; mode walls shows which sides of a cell are blocked.
 */
export function sceneOf({ kinds, read, answer, shown, bits, mode, policy, rewards, chosen, agent = null }) {
  const rows = kinds.length;
  const cols = kinds[0].length;
  const known = shown && read && read.rows === rows && read.cols === cols;
  const actions = read?.actions ?? [];
  const figures = known ? (mode === "gap" ? shown.q.map(gap) : shown.values) : [];
  const moving = (index) => known && kinds[Math.floor(index / cols)][index % cols] !== "wall" && !answer.ends[index];
  const coloured = (index) => moving(index) && !["goal", "pit"].includes(kinds[Math.floor(index / cols)][index % cols]);
  const scale = scaleOf(figures.filter((_, index) => coloured(index)));
  const wide = known && mode === "q" ? scaleOf(shown.q.filter((_, index) => coloured(index)).flat()) : null;
  return {
    rows,
    cols,
    chosen,
    agent,
    marks: known ? marksOf(read) : [],
    label: `Map of ${rows} by ${cols} cells. Arrow keys move, space uses the chosen brush, letters w, g, p, s, e paint a wall, goal, pit, start or nothing.`,
    cell(index) {
      const [row, column] = [Math.floor(index / cols), index % cols];
      const kind = kinds[row][column];
      const base = { kind, note: noteOf(kind, row, column, read, rewards) };
      if (!moving(index)) return base;
      // Nobody decides anything in a goal or a pit: where rewards are paid on leaving, every move is the last one.
      if (kind === "goal" || kind === "pit") {
        return read.settings.paid === "leaving" ? { ...base, text: two(shown.values[index]) } : base;
      }
      if (mode === "walls") return { ...base, shade: read.seen[index] / 15, text: sidesOf(read.seen[index]) };
      if (mode === "q" && !policy) return { ...base, shade: null, wedges: wedges(shown.q[index], actions, wide) };
      const chances = policy ? policy[row]?.[column] : null;
      const strengths = chances ?? actions.map((_, place) => ((bits?.[index] ?? 0) & (1 << place) ? 1 : 0));
      return {
        ...base,
        shade: scale(figures[index]),
        text: figureOf(figures[index], shown),
        under: shown.under ? figureOf(shown.under[index], shown) : "",
        arrows: actions.map((name, place) => [name, strengths[place]]).filter(([, strength]) => strength > 0),
      };
    },
  };
}

function figureOf(value, { shares }) {
  if (value === null || value === undefined) return "–";
  return shares ? percent(value) : two(value);
}

/** What an agent feels that sees only walls: the blocked sides. */
const sidesOf = (code) => ["N", "E", "S", "W"].filter((_, place) => code & (1 << place)).join(" ") || "open";

/** How much better the best action is than the next one; 0 where several are best. */
export function gap(q) {
  const known = q.filter((value) => value !== null).sort((one, other) => other - one);
  return known.length > 1 ? known[0] - known[1] : null;
}

function scaleOf(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  const low = Math.min(...known);
  const high = Math.max(...known);
  return (value) =>
    value === null || value === undefined ? null : high - low > 1e-12 ? (value - low) / (high - low) : 0.5;
}

function wedges(q, actions, scale) {
  const best = Math.max(...q.filter((value) => value !== null));
  const near = 1e-9 * Math.max(1, Math.abs(best));
  return actions.map((name, place) => ({
    name,
    narrow: actions.length > 4,
    shade: scale(q[place]),
    text: q[place] === null ? "–" : two(q[place]),
    best: q[place] !== null && q[place] >= best - near,
  }));
}

/** What entering a cell pays, where that is not what every move pays. */
function noteOf(kind, row, column, read, rewards) {
  const own = rewards([row, column]);
  const special = { goal: read?.settings.goal_reward, pit: read?.settings.pit_reward }[kind];
  const value = own ?? (special !== undefined && special !== read.settings.step_reward ? special : null);
  if (value === null) return "";
  const text = String(Number(value.toFixed(2))).replace("-", "−");
  return value > 0 ? `+${text}` : text;
}

function marksOf({ cols, teleports, settings }) {
  const lines = teleports.map(([row, column, toRow, toColumn, reward]) => ({
    from: [row, column],
    to: [toRow, toColumn],
    title: `Every move from row ${row + 1}, column ${column + 1} leads to row ${toRow + 1}, column ${toColumn + 1} and pays ${reward}`,
  }));
  const wind = (settings.wind ?? []).flatMap((strength, column) =>
    strength && column < cols
      ? [{ from: [0, column], text: `${strength > 0 ? "⇡" : "⇣"}${Math.abs(strength)}`, title: "Wind in this column" }]
      : [],
  );
  return [...lines, ...wind];
}

/** A cell in words. */
export function told({ kinds, shown, answer, bits, actions, q }, [row, column]) {
  const index = row * kinds[0].length + column;
  const place = `Row ${row + 1}, column ${column + 1}: ${kinds[row][column]}`;
  if (!shown || kinds[row][column] === "wall" || answer.ends[index]) return place;
  const value = shown.values[index];
  const arrows = named(bits?.[index] ?? 0, actions).map((name) => DIRECTIONS[name].word);
  const gaps = q ? `, action gap ${two(gap(shown.q[index]))}` : "";
  return `${place}, value ${value === null ? "not finite" : two(value)}${arrows.length ? `, best ${arrows.join(" or ")}` : ""}${gaps}`;
}
