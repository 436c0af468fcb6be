// Painting on the board with mouse, touch or keyboard; a stroke is one change, however many cells it crosses.

import { DIRECTIONS } from "./lab_arrows.js";

const KEYS = { ArrowUp: "N", ArrowRight: "E", ArrowDown: "S", ArrowLeft: "W" };
const LETTERS = {
  w: "wall",
  g: "goal",
  p: "pit",
  s: "start",
  e: "free",
  ".": "free",
  Delete: "free",
  Backspace: "free",
};

/**
 * Strokes on `board`. brush(cell, name, place) says what a stroke that begins there puts down, or null where nothing is
 * painted; name is a tool's, or undefined for the chosen one; place: where in the cell it begins, { right, down }. preview(cells, brush), stroke(cells, brush), look(cell)
 * and hover(cell) are called.
 */
export function painting(board, { size, brush, preview, stroke, look, hover }) {
  const { picture } = board;
  let under = null;

  picture.addEventListener("pointerdown", (event) => {
    const cell = board.cellAt(event);
    if (event.button !== 0 || !cell || under) return;
    board.moveCursor(null);
    const laid = brush(cell, undefined, board.placeIn(event));
    if (!laid) return;
    event.preventDefault();
    picture.focus({ preventScroll: true });
    picture.setPointerCapture(event.pointerId);
    under = { id: event.pointerId, brush: laid, last: cell, cells: new Map([[String(cell), cell]]) };
    preview([...under.cells.values()], laid);
  });
  picture.addEventListener("pointermove", (event) => {
    const cell = board.cellAt(event);
    if (!under) return hover(cell);
    if (event.pointerId !== under.id || !cell || String(cell) === String(under.last)) return;
    for (const between of line(under.last, cell)) under.cells.set(String(between), between);
    under.last = cell;
    preview([...under.cells.values()], under.brush);
  });
  picture.addEventListener("click", (event) => {
    const cell = board.cellAt(event);
    if (cell && !brush(cell, undefined, board.placeIn(event))) look(cell);
  });
  picture.addEventListener("pointerup", (event) => end(event, true));
  picture.addEventListener("pointercancel", (event) => end(event, false));
  picture.addEventListener("pointerleave", () => {
    if (!under) hover(board.cursor());
  });

  function end(event, keep) {
    if (!under || event.pointerId !== under.id) return;
    const { cells, brush: laid } = under;
    under = null;
    stroke(keep ? [...cells.values()] : [], laid);
  }

  picture.addEventListener("focus", () => {
    if (!under && picture.matches(":focus-visible") && !board.cursor()) walk([0, 0]);
  });
  picture.addEventListener("blur", () => board.moveCursor(null));
  picture.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = board.cursor() ?? [0, 0];
    if (event.key in KEYS) {
      const { row, column } = DIRECTIONS[KEYS[event.key]];
      const { rows, cols } = size();
      const next = [Math.max(0, Math.min(rows - 1, cell[0] + row)), Math.max(0, Math.min(cols - 1, cell[1] + column))];
      const laid = brush(cell, undefined, { right: column, down: row });
      if (event.shiftKey && laid?.side) stroke(String(next) === String(cell) ? [cell] : [cell, next], laid);
      else if (event.shiftKey) put(next);
      walk(board.cursor() ? next : cell);
    } else if (event.key === " " || event.key === "Enter") {
      walk(cell);
      if (!put(cell)) look(cell);
    } else if (event.key in LETTERS && board.cursor()) {
      put(cell, LETTERS[event.key]);
    } else return;
    event.preventDefault();
  });

  function walk(cell) {
    board.moveCursor(cell);
    hover(cell);
  }

  function put(cell, name) {
    const laid = brush(cell, name, { right: 0, down: -1 });
    if (laid) stroke([cell], laid);
    return Boolean(laid);
  }

  return {
    get busy() {
      return Boolean(under);
    },
  };
}

/** The cells on the way, so that a fast stroke has no holes. */
function line([fromRow, fromColumn], [row, column]) {
  const steps = Math.max(Math.abs(row - fromRow), Math.abs(column - fromColumn));
  return Array.from({ length: steps }, (_, place) => {
    const share = (place + 1) / steps;
    return [Math.round(fromRow + share * (row - fromRow)), Math.round(fromColumn + share * (column - fromColumn))];
  });
}
