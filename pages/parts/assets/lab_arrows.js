// Arrows and wedges of a cell of 100 x 100, for straight and for king's moves.

export const DIRECTIONS = {
  N: { row: -1, column: 0, word: "north", sign: "↑" },
  E: { row: 0, column: 1, word: "east", sign: "→" },
  S: { row: 1, column: 0, word: "south", sign: "↓" },
  W: { row: 0, column: -1, word: "west", sign: "←" },
  NE: { row: -1, column: 1, word: "north-east", sign: "↗" },
  SE: { row: 1, column: 1, word: "south-east", sign: "↘" },
  SW: { row: 1, column: -1, word: "south-west", sign: "↙" },
  NW: { row: -1, column: -1, word: "north-west", sign: "↖" },
};
const CENTRE = [50, 40];
const LENGTH = 28;
const HALF_SHAFT = 1.5;
const HEAD = 10;
const HALF_HEAD = 5.5;
const LEAST = 0.04; // shorter than this is no arrow

/** The path of arrows from the middle: [[name, strength in 0..1]]; the length is the strength. */
export function arrows(wanted, scale = 1) {
  return wanted
    .filter(([, strength]) => strength >= LEAST)
    .map(([name, strength]) => arrow(name, strength * scale))
    .join("");
}

function arrow(name, strength) {
  const { row, column } = DIRECTIONS[name];
  const norm = Math.hypot(row, column);
  const [right, down] = [column / norm, row / norm];
  const length = LENGTH * strength;
  const head = Math.min(HEAD, length * 0.6);
  const wide = (HALF_HEAD * head) / HEAD;
  const at = (along, aside) => {
    const x = CENTRE[0] + right * along - down * aside;
    const y = CENTRE[1] + down * along + right * aside;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const neck = length - head;
  const shaft = Math.min(HALF_SHAFT, wide);
  const outline = [
    at(0, -shaft),
    at(neck, -shaft),
    at(neck, -wide),
    at(length, 0),
    at(neck, wide),
    at(neck, shaft),
    at(0, shaft),
  ];
  return `M${outline.join("L")}Z`;
}

/** The part of the cell around an action's direction: `narrow` where there are eight; its corners and its middle. */
export function wedge(name, narrow) {
  const { row, column } = DIRECTIONS[name];
  const angle = Math.atan2(row, column);
  const half = narrow ? Math.PI / 8 : Math.PI / 4;
  const inside = 48;
  const edge = (turn) => {
    const [right, down] = [Math.cos(turn), Math.sin(turn)];
    const reach = inside / Math.max(Math.abs(right), Math.abs(down));
    return [50 + right * reach, 50 + down * reach];
  };
  const corner = row && column ? [[50 + Math.sign(column) * inside, 50 + Math.sign(row) * inside]] : [];
  const along = narrow ? 36 : 29;
  const norm = row && column ? 0.92 : 1;
  return {
    points: [[50, 50], edge(angle - half), ...corner, edge(angle + half)],
    middle: [50 + column * along * norm, 50 + row * (narrow ? along : 36) * norm + 1],
  };
}

/** The names in a cell's bits: 1 is the first action, 2 the second, 4 the third, ... */
export const named = (bits, actions) => actions.filter((_, place) => bits & (1 << place));
