// "How a value is made": one cell's Bellman backup with the numbers put in.

import { el } from "./dom.js";
import { DIRECTIONS } from "./lab_arrows.js";

const FRACTIONS = { 0.125: "⅛", 0.25: "¼", 0.5: "½", 0.75: "¾" };

/** Two decimals with a true minus sign; what is not finite is said. */
export const two = (value) =>
  value === null || value === undefined || Number.isNaN(value)
    ? "none"
    : value
        .toFixed(2)
        .replace(/^-(0\.00)$/, "$1")
        .replace("-", "−");

const share = (chance) => FRACTIONS[chance] ?? String(Number(chance.toFixed(3)));
const short = (value) => String(Number(value.toFixed(4))).replace("-", "−");

/**
 * The lines of a backup: { head, rows: [{ name, sum, q, best }], total }.
 * moves: what the server says of the cell; from: the values looked ahead from; evaluating: averaged over the policy,
 * else the largest is taken.
 */
export function backupOf(moves, from, discount, evaluating) {
  const rows = moves.actions.map(({ action, chance, outcomes }) => {
    const terms = outcomes.map(([p, reward, next]) => ({ p, reward, value: next === null ? 0 : valueAt(from, next) }));
    const q = terms.reduce((sum, { p, reward, value }) => sum + p * (reward + discount * value), 0);
    return { action, chance, q, sum: terms.map((term) => written(term, discount, terms.length > 1)).join(" + ") };
  });
  const best = Math.max(...rows.map(({ q }) => q).filter((q) => !Number.isNaN(q)));
  const tied = (q) => Math.abs(q - best) <= 1e-9 * Math.max(1, Math.abs(best));
  const used = rows.filter(({ chance }) => chance > 0);
  const total = evaluating
    ? used.reduce((sum, { chance, q }) => sum + chance * q, 0)
    : Number.isFinite(best)
      ? best
      : NaN;
  return { rows: rows.map((row) => ({ ...row, best: tied(row.q) })), total };
}

const valueAt = (values, index) => (index < values.length ? (values[index] ?? NaN) : 0);

/** 0.80 (−1 + 0.9 · 2.00), or without the chance where it is certain; without the discount where that is 1. */
function written({ p, reward, value }, discount, several) {
  const later = discount === 1 ? two(Math.abs(value)) : `${short(discount)} · ${two(Math.abs(value))}`;
  const sign = value < 0 && two(Math.abs(value)) !== "0.00" ? "−" : "+";
  const inner = `${short(reward)} ${sign} ${Number.isNaN(value) ? "none" : later}`;
  return several ? `${share(p)} (${inner})` : inner;
}

/** The card: draw({ title, moves, from, discount, evaluating, after }) or draw(null) while no cell is chosen. */
export function backupCard() {
  const where = el("p", {
    class: "hint",
    text: "Choose Look and click a cell: its sum opens here, with the numbers put in.",
  });
  const body = el("div", { class: "backup" });
  const node = el(
    "section",
    { class: "card made", "aria-label": "How a value is made" },
    el("h2", { text: "How a value is made" }),
    where,
    body,
  );

  return {
    node,
    draw(given) {
      if (!given) {
        where.textContent = "Choose Look and click a cell: its sum opens here, with the numbers put in.";
        body.replaceChildren();
        return;
      }
      where.textContent = given.title;
      if (!given.moves) return body.replaceChildren(el("p", { class: "hint", text: given.why }));
      const { rows, total } = backupOf(given.moves, given.from, given.discount, given.evaluating);
      const lines = rows.map(({ action, chance, sum, q, best }) =>
        el(
          "tr",
          { class: best ? "best" : "" },
          el("th", { scope: "row", text: `${DIRECTIONS[action].sign} ${action}` }),
          ...(given.evaluating ? [el("td", { class: "chance", text: share(chance) })] : []),
          el("td", { class: "sum", text: sum }),
          el("td", { class: "q", text: two(q) }),
        ),
      );
      const heads = ["Move", ...(given.evaluating ? ["π"] : []), "reward + value of where it leads", "Q"];
      const head = el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })));
      body.replaceChildren(
        el("table", {}, el("thead", {}, head), el("tbody", {}, ...lines)),
        el(
          "p",
          { class: "total" },
          el("span", { text: summed(rows, given.evaluating) }),
          " = ",
          el("b", { text: two(total) }),
        ),
        ...(given.after ? [el("p", { class: "hint", text: given.after })] : []),
      );
    },
  };
}

/** ¼ (−3.00) + ¼ (−2.00) + …, or max (−3.00, −2.00, …). */
function summed(rows, evaluating) {
  if (!evaluating) return `max (${rows.map(({ q }) => two(q)).join(", ")})`;
  return rows
    .filter(({ chance }) => chance > 0)
    .map(({ chance, q }) => (chance === 1 ? two(q) : `${share(chance)} (${two(q)})`))
    .join(" + ");
}
