// The best molecules as cards that can be chosen, and a round's samples; only cards that changed are redrawn.

import { el, say } from "./dom.js";
import { grouped } from "./format.js";

export const scoreOf = (molecule) => (Number.isFinite(molecule?.score) ? molecule.score.toFixed(2) : "no score");

/** The picture of a molecule (or of anything with svg and svg_dark) as an address for an <img>. */
export function pictureOf(drawn, mode) {
  const picture = (mode === "dark" ? drawn?.svg_dark : null) || drawn?.svg || "";
  return `data:image/svg+xml,${encodeURIComponent(picture)}`;
}

/** A grid of cards `node`. `choose(molecule)` is told of a press. fill(molecules, chosen SMILES, mode). */
export function cardGrid(label, choose, small = false) {
  const node = el("div", { class: small ? "samples" : "finds", role: "group", "aria-label": label });
  const cards = new Map();

  return {
    node,
    fill(molecules, chosen, mode) {
      const seen = new Map();
      const names = molecules.map(({ smiles }) => {
        seen.set(smiles, (seen.get(smiles) ?? 0) + 1);
        return `${smiles} ${seen.get(smiles)}`;
      });
      for (const [name, card] of cards) {
        if (names.includes(name)) continue;
        card.node.remove();
        cards.delete(name);
      }
      molecules.forEach((molecule, place) => {
        const name = names[place];
        if (!cards.has(name)) cards.set(name, card(choose));
        const { node: made, dress } = cards.get(name);
        dress(molecule, small ? "" : rankOf(molecule, place), molecule.smiles === chosen, mode);
        if (node.children[place] !== made) node.insertBefore(made, node.children[place] ?? null);
      });
    },
  };
}

const rankOf = (molecule, place) => (molecule.count > 1 ? `found ${grouped(molecule.count)}×` : `#${place + 1}`);

function card(choose) {
  const image = el("img", { alt: "", draggable: "false" });
  const left = el("b");
  const right = el("span", { class: "hint" });
  const level = el("i");
  let shown = null;
  const node = el(
    "button",
    { type: "button", class: "molecule", onclick: () => choose(shown) },
    image,
    el("span", { class: "row" }, left, right),
    el("span", { class: "bar", "aria-hidden": "true" }, level),
  );
  let drawn = null;
  return {
    node,
    dress(molecule, rank, chosen, mode) {
      shown = molecule;
      const picture = pictureOf(molecule, mode);
      if (picture !== drawn) image.src = drawn = picture;
      say(left, scoreOf(molecule));
      say(right, rank);
      level.style.width = `${100 * Math.max(0, Math.min(1, molecule.score || 0))}%`;
      node.title = molecule.smiles;
      node.setAttribute("aria-pressed", String(chosen));
      node.setAttribute("aria-label", `${molecule.smiles}, score ${scoreOf(molecule)}${rank ? `, ${rank}` : ""}. Why?`);
    },
  };
}
