// The best molecules as cards with score bars, and what was sampled last; only cards that changed are redrawn.

import { el, say, show } from "./dom.js";
import { grouped, number } from "./format.js";

const BEST = 12;
const RECENT = 16;

/** `best` and `recent` are the nodes to fill, `labels` the properties' names. show(picture, mode), redraw(mode), remove(). */
export function moleculesView(best, recent, labels) {
  let picture = null;
  let mode = "light";
  let explained = null;
  const cards = el("div", { class: "molecules", role: "group", "aria-label": "Best molecules so far" });
  const chosen = el("div", { class: "why", role: "status", "aria-live": "polite", hidden: true });
  best.append(chosen, cards);
  const samples = el("div", { class: "molecules small", role: "group", "aria-label": "Molecules sampled last" });
  recent.append(samples);
  const known = { best: new Map(), recent: new Map() };

  function redraw() {
    if (!picture) return;
    fill(cards, known.best, picture.best.slice(0, BEST), (molecule, rank) => words(molecule, rank));
    fill(samples, known.recent, picture.recent.slice(0, RECENT), (molecule) => ({ left: scored(molecule), right: "" }));
  }

  const scored = (molecule) => (Number.isFinite(molecule.score) ? molecule.score.toFixed(2) : "no score");

  function words(molecule, rank) {
    return {
      left: scored(molecule),
      right: molecule.count > 1 ? `found ${grouped(molecule.count)} times` : `#${rank + 1}`,
    };
  }

  /** Keep a card per molecule, move it to its rank, drop those that fell out. */
  function fill(parent, cardsByName, molecules, wordsOf) {
    const names = molecules.map((molecule, place) =>
      cardsByName === known.recent ? `${place} ${molecule.smiles}` : molecule.smiles,
    );
    for (const [name, card] of cardsByName) {
      if (names.includes(name)) continue;
      card.node.remove();
      cardsByName.delete(name);
    }
    molecules.forEach((molecule, place) => {
      const name = names[place];
      if (!cardsByName.has(name))
        cardsByName.set(
          name,
          card(() => explain(molecule)),
        );
      const { node, dress } = cardsByName.get(name);
      dress(molecule, wordsOf(molecule, place), mode);
      if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
    });
  }

  /** Why this score: what it is made of, and the properties measured. A second press closes it. */
  function explain(molecule) {
    explained = explained === molecule.smiles ? null : molecule.smiles;
    show(chosen, explained !== null);
    if (explained === null) return;
    const part = (name, value, level) =>
      el(
        "div",
        { class: "part" },
        el("span", { text: labels[name] ?? name }),
        level,
        el("span", { class: "figure", text: number(value) }),
      );
    const parts = Object.entries(molecule.components ?? {});
    const others = Object.entries(molecule.values ?? {}).filter(([name]) => !(name in (molecule.components ?? {})));
    chosen.replaceChildren(
      el("code", { text: molecule.smiles }),
      ...parts.map(([name, value]) => part(name, value, bar(value))),
      ...others.map(([name, value]) => part(name, value, el("span"))),
    );
    best.scrollTop = 0;
  }

  return {
    show(given, theme) {
      picture = given;
      mode = theme;
      redraw();
    },
    redraw(theme) {
      mode = theme;
      redraw();
    },
    remove() {},
  };
}

function bar(value) {
  const inside = el("i");
  inside.style.width = `${100 * Math.max(0, Math.min(1, value || 0))}%`;
  return el("span", { class: "bar", "aria-hidden": "true" }, inside);
}

function card(onclick) {
  const image = el("img", { alt: "", loading: "lazy", draggable: "false" });
  const left = el("b");
  const right = el("span", { class: "hint" });
  const level = bar(0);
  const node = el(
    "button",
    { type: "button", class: "molecule", onclick },
    image,
    el("span", { class: "row" }, left, right),
    level,
  );
  let drawn = null;
  return {
    node,
    dress(molecule, words, mode) {
      const picture = mode === "dark" ? (molecule.svg_dark ?? molecule.svg) : molecule.svg;
      if (picture !== drawn) {
        drawn = picture;
        image.src = `data:image/svg+xml,${encodeURIComponent(picture ?? "")}`;
      }
      say(left, words.left);
      say(right, words.right);
      level.firstChild.style.width = `${100 * Math.max(0, Math.min(1, molecule.score || 0))}%`;
      node.title = molecule.smiles;
      node.setAttribute(
        "aria-label",
        `${molecule.smiles}, score ${words.left}${words.right ? `, ${words.right}` : ""}`,
      );
    },
  };
}
