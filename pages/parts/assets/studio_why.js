// "Why this score": a chosen molecule's components as bars with raw values and curves, and what changed since the start.

import { read } from "./api.js";
import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { pictureOf, scoreOf } from "./studio_cards.js";
import { transformed } from "./studio_plot.js";

/** The card `node`. `components`: [{ name, label, unit, meaning, weight, curve }], `mean` how they are joined. */
export function whyCard(components, mean) {
  const score = el("b", { class: "score" });
  const bars = el("div", { class: "parts" });
  const facts = el("dl", { class: "facts" });
  const smiles = el("code");
  const copy = el("button", { type: "button", class: "quiet", text: "Copy", "aria-label": "Copy SMILES", onclick: take });
  const written = el("div", { class: "row smiles", hidden: true }, smiles, copy);
  const open = new Set();
  let shown = null;
  const rows = new Map(components.map((one) => [one.name, row(one)]));
  bars.append(...[...rows.values()].map(({ node }) => node));
  const node = el(
    "section",
    { class: "card why-card", "aria-label": "Why this score" },
    el("div", { class: "row head" }, el("h2", { text: "Why this score" }), score),
    bars,
    el("p", { class: "hint", text: joined(components, mean), hidden: components.length < 2 }),
    facts,
    written,
  );

  async function take() {
    await navigator.clipboard.writeText(smiles.textContent).then(
      () => say(copy, "Copied"),
      () => say(copy, "Select it"),
    );
    setTimeout(() => say(copy, "Copy"), 1500);
  }

  function row(one) {
    const level = el("i", { style: "width: 0" });
    const part = el("span", { class: "figure" });
    const raw = el("span", { class: "hint" });
    const curve = el("div", { class: "curve", hidden: true });
    const made = el("div", { class: "made-of" });
    const button = el(
      "button",
      { type: "button", class: "part", "aria-expanded": "false", title: one.meaning, onclick: toggle },
      el("span", { class: "label", text: one.label }),
      el("span", { class: "bar", "aria-hidden": "true" }, level),
      part,
    );
    function toggle() {
      open.has(one.name) ? open.delete(one.name) : open.add(one.name);
      dress();
    }
    function dress() {
      const share = shown?.components?.[one.name];
      const value = shown?.values?.[one.name];
      level.style.width = `${100 * Math.max(0, Math.min(1, share || 0))}%`;
      say(part, Number.isFinite(share) ? share.toFixed(2) : "–");
      const measured = `measured ${number(value)}${one.unit ? ` ${one.unit}` : ""}`;
      say(raw, `${measured} · ${one.meaning}${one.weight === 1 ? "" : ` · counts ${number(one.weight)}×`}`);
      button.setAttribute("aria-expanded", String(open.has(one.name)));
      button.setAttribute("aria-label", `${one.label}: ${part.textContent}, ${measured}`);
      show(curve, open.has(one.name));
      if (!open.has(one.name)) return;
      curve.replaceChildren(transformed(one.curve, value, share, `How ${one.label} becomes a score`), raw, made);
      if (one.kind === "qed" && shown) fillDesirabilities(made, shown.smiles);
    }
    return { node: el("div", {}, button, curve), dress };
  }

  return {
    node,
    show(molecule, labels) {
      shown = molecule;
      show(written, Boolean(molecule));
      if (!molecule) return;
      say(score, scoreOf(molecule));
      for (const { dress } of rows.values()) dress();
      const others = Object.entries(molecule.values ?? {}).filter(([name]) => !rows.has(name));
      facts.replaceChildren(
        ...others.flatMap(([name, value]) => [el("dt", { text: labels[name] ?? name }), el("dd", { text: number(value) })]),
      );
      say(smiles, molecule.smiles);
    },
  };
}

const desirable = new Map();

/** The eight desirabilities that QED is the mean of, as bars. */
async function fillDesirabilities(node, smiles) {
  if (node.dataset.smiles === smiles) return;
  node.dataset.smiles = smiles;
  if (!desirable.has(smiles)) desirable.set(smiles, read(`molecules/qed?${new URLSearchParams({ smiles })}`));
  const { parts } = await desirable.get(smiles).catch(() => {
    desirable.delete(smiles);
    return {};
  });
  if (node.dataset.smiles !== smiles) return;
  node.replaceChildren(
    ...(parts ?? []).map(([words, value, share]) =>
      el(
        "div",
        { class: "part", title: `measured ${number(value)}` },
        el("span", { class: "label", text: words }),
        el("span", { class: "bar", "aria-hidden": "true" }, el("i", { style: `width: ${100 * share}%` })),
        el("span", { class: "figure", text: share.toFixed(2) }),
      ),
    ),
  );
}

function joined(components, mean) {
  if (mean === "geometric") return "The score is their geometric mean: one part at 0 makes the whole 0.";
  return "The score is their weighted mean: parts make up for one another.";
}

/** "Start and now": the molecule it began with beside the chosen one; what is not common to both lies on blue. */
export function changeCard() {
  const before = el("figure", {}, el("img", { alt: "" }), el("figcaption", { class: "hint" }));
  const after = el("figure", {}, el("img", { alt: "" }), el("figcaption", { class: "hint" }));
  const said = el("p", { class: "hint", role: "status", text: "Both appear soon after the first round." });
  const title = el("h2", { text: "Start and now" });
  const node = el(
    "section",
    { class: "card change", "aria-label": "Start and now" },
    title,
    el("div", { class: "sides" }, before, el("span", { class: "arrow", "aria-hidden": "true", text: "→" }), after),
    said,
  );
  let wanted = null;
  let missing = false;
  const known = new Map();
  const asking = new Set();

  function draw(answer, start, molecule, mode) {
    const sides = answer.failure
      ? { before: start, after: molecule }
      : { before: answer.before, after: answer.after };
    before.firstChild.src = pictureOf(sides.before, mode);
    after.firstChild.src = pictureOf(sides.after, mode);
    before.firstChild.alt = start.smiles;
    after.firstChild.alt = molecule.smiles;
    say(before.lastChild, start.caption);
    say(after.lastChild, `score ${scoreOf(molecule)}`);
    if (start.canonical && start.canonical === molecule.smiles) say(said, "Found: this is your molecule itself.");
    else if (answer.failure) say(said, "What they have in common could not be found.");
    else if (!answer.common) say(said, "They have nothing in common: everything is new.");
    else if (!answer.changed) say(said, "Nothing was added; what the start has more lies on blue.");
    else say(said, `${answer.changed} atoms changed, in blue; ${answer.common} are as they were.`);
  }

  return {
    node,
    /** start: { smiles, caption, svg, svg_dark }. */
    async show(start, molecule, mode) {
      if (!start || !molecule) return;
      const name = `${start.smiles} ${molecule.smiles}`;
      wanted = `${name} ${mode}`;
      missing = !known.has(name);
      if (!missing) return draw(known.get(name), start, molecule, mode);
      if (asking.has(name)) return;
      if (!before.firstChild.src) say(said, "Drawing both …");
      asking.add(name);
      const query = new URLSearchParams({ before: start.smiles, after: molecule.smiles });
      const answer = await read(`molecules/compared?${query}`).catch(() => null);
      asking.delete(name);
      if (!answer) return;
      known.set(name, answer);
      if (wanted !== `${name} ${mode}`) return;
      missing = false;
      draw(answer, start, molecule, mode);
    },
    /** Whether what was asked for has not come. */
    waits: () => missing,
  };
}
