// A map's text as the lab edits it: only the lines that change are rewritten, whatever else stands in it stays.

export const CHARACTERS = { free: ".", wall: "#", start: "S", goal: "G", pit: "P" };
const KINDS = Object.fromEntries(Object.entries(CHARACTERS).map(([kind, character]) => [character, kind]));
export const MIN_SIDE = 2;
export const MAX_SIDE = 50;

const isRow = (line) => line.trim() !== "" && !line.includes("=");
const plain = (line) => line.replace(/\r$/, "").replace(/ +$/, "");

/** The rows of cells in a text, as the engine would read them. */
export const rowsOf = (text) => text.split("\n").filter(isRow).map(plain);

/** [[kind]] for a rectangle of known cells, else null. */
export function kindsOf(text) {
  const rows = rowsOf(text);
  if (!rows.length || rows.some((row) => row.length !== rows[0].length)) return null;
  const kinds = rows.map((row) => [...row].map((character) => KINDS[character]));
  return kinds.flat().every(Boolean) ? kinds : null;
}

/** The text with other cells; `kinds` may have another size. */
export function withKinds(text, kinds) {
  const rows = kinds.map((row) => row.map((kind) => CHARACTERS[kind]).join(""));
  const lines = text.split("\n");
  const first = lines.findIndex(isRow);
  const rest = lines.filter((line) => !isRow(line));
  if (first < 0) return [...lines, ...rows, ""].join("\n");
  rest.splice(first, 0, ...rows);
  return rest.join("\n");
}

/** The value that a setting has in the text, or undefined. */
export function settingOf(text, name) {
  const line = text.split("\n").find((one) => assigns(one) === name);
  return line?.slice(line.indexOf("=") + 1).trim();
}

const assigns = (line) => (line.includes("=") ? line.slice(0, line.indexOf("=")).trim().replace(/\s+/g, " ") : null);

/** The text with a setting, above the grid where it is new. */
export function withSetting(text, name, value) {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => assigns(line) === name);
  if (at >= 0) return lines.with(at, `${name} = ${value}`).join("\n");
  const last = lines.slice(0, Math.max(0, lines.findIndex(isRow))).findLastIndex((line) => assigns(line));
  if (last < 0) return [`${name} = ${value}`, "", ...lines.slice(Math.max(0, lines.findIndex(isRow)))].join("\n");
  return lines.toSpliced(last + 1, 0, `${name} = ${value}`).join("\n");
}

/** The text with a reward of its own for some cells: `value` a number, or null to take theirs away. */
export function withRewards(text, cells, value) {
  const names = new Set(cells.map(([row, column]) => `reward ${row + 1} ${column + 1}`));
  const lines = text.split("\n").filter((line) => !names.has(assigns(line)));
  if (value === null) return `${lines.join("\n").trimEnd()}\n`;
  const blocks = lines.join("\n").trimEnd();
  const gap = assigns(blocks.slice(blocks.lastIndexOf("\n") + 1)) ? "\n" : "\n\n";
  return `${blocks}${gap}${[...names].map((name) => `${name} = ${value}`).join("\n")}\n`;
}

/** The reward of its own that a cell has in the text, or null. */
export function rewardOf(text, [row, column]) {
  const value = settingOf(text, `reward ${row + 1} ${column + 1}`);
  return value === undefined ? null : Number(value);
}

/** The wind of each column, in cells per move. */
export function windOf(text, cols) {
  const words = settingOf(text, "wind")?.split(/\s+/) ?? [];
  return Array.from({ length: cols }, (_, column) => Number(words[column]) || 0);
}

/** The text with another wind in the columns of some cells. */
export function withWind(text, cols, cells, strength) {
  const wind = windOf(text, cols);
  for (const [, column] of cells) wind[column] = strength;
  return withSetting(text, "wind", wind.some(Boolean) ? wind.join(" ") : "none");
}

/** The text with a teleport between two cells that pays `reward`, or without that of the first where there is no second. */
export function withTeleport(text, [row, column], to, reward) {
  const begins = `teleport ${row + 1} ${column + 1} to `;
  const kept = text.split("\n").filter((line) => !assigns(line)?.startsWith(begins));
  const blocks = kept.join("\n").trimEnd();
  if (!to) return `${blocks}\n`;
  const gap = assigns(blocks.slice(blocks.lastIndexOf("\n") + 1)) ? "\n" : "\n\n";
  return `${blocks}${gap}${begins}${to[0] + 1} ${to[1] + 1} = ${reward}\n`;
}

/** The text for `rows` x `cols` cells: what no longer fits goes, what is new is free. */
export function resized(text, rows, cols) {
  const kinds = kindsOf(text);
  if (!kinds) return text;
  const size = (row, column) => kinds[row]?.[column] ?? "free";
  const other = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: cols }, (_, column) => size(row, column)),
  );
  const places = withKinds(text, other).split("\n");
  const kept = places.filter((line) => {
    const words = assigns(line)?.split(" ") ?? [];
    if (!["reward", "teleport"].includes(words[0])) return true;
    const [row, column, , toRow, toColumn] = words.slice(1).map(Number);
    return row <= rows && column <= cols && !(toRow > rows) && !(toColumn > cols);
  });
  const fitted = kept.join("\n");
  const wind = settingOf(fitted, "wind")?.split(/\s+/);
  if (!wind || wind[0] === "none" || wind.length === cols) return fitted;
  return withSetting(fitted, "wind", Array.from({ length: cols }, (_, column) => wind[column] ?? "0").join(" "));
}

/** The text without walls, pits and rewards of cells; starts and goals stay. */
export function cleared(text) {
  const kinds = kindsOf(text);
  if (!kinds) return text;
  const open = withKinds(
    text,
    kinds.map((row) => row.map((kind) => (["wall", "pit"].includes(kind) ? "free" : kind))),
  );
  const lines = open.split("\n").filter((line) => !["reward", "teleport"].includes(assigns(line)?.split(" ")[0]));
  return `${lines.join("\n").trimEnd()}\n`;
}
