// A molecule typed as SMILES: its picture beside it as soon as it is one, or the reason why it is none.

import { Refused, read } from "./api.js";
import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { pictureOf } from "./studio_cards.js";

const PAUSE_MS = 250;

/** The card `node`; value(), good(): whether it is a molecule; redraw() after light and dark changed places. */
export function moleculeField(root, examples, changed) {
  const input = el("input", {
    type: "text",
    id: "studio-smiles",
    maxlength: 400,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "CC(=O)Nc1ccc(O)cc1",
    "aria-describedby": "studio-smiles-said",
  });
  const said = el("p", { id: "studio-smiles-said", class: "hint", role: "status", "aria-live": "polite" });
  const image = el("img", { alt: "", hidden: true });
  const empty = el("span", { class: "hint", text: "its picture comes here" });
  const node = el(
    "div",
    { class: "card ask typed" },
    el(
      "div",
      {},
      el("h2", {}, el("label", { for: "studio-smiles", text: "Which molecule?" })),
      el("p", { class: "hint", text: "As SMILES: the line of letters that drawing programs and Wikipedia give for a molecule." }),
      input,
      said,
      el(
        "div",
        { class: "row examples" },
        el("span", { class: "hint", text: "for example" }),
        ...examples.map(({ name, smiles }) =>
          el("button", { type: "button", class: "quiet", text: name, onclick: () => put(smiles) }),
        ),
      ),
    ),
    el("div", { class: "drawn" }, image, empty),
  );
  let timer = null;
  let known = null; // what was last answered, for which text
  input.addEventListener("input", () => {
    clearTimeout(timer);
    known = null;
    changed();
    timer = setTimeout(look, PAUSE_MS);
  });

  function put(smiles) {
    input.value = smiles;
    look();
  }

  async function look() {
    const smiles = input.value.trim();
    if (!smiles) return take(smiles, null);
    say(said, "Looking …");
    const answer = await read(`molecules?${new URLSearchParams({ smiles })}`).catch((error) => ({
      canonical: null,
      reason: error instanceof Refused ? error.message : "the app does not answer",
    }));
    if (input.value.trim() === smiles) take(smiles, answer);
  }

  function take(smiles, answer) {
    known = answer && { smiles, ...answer };
    const wrong = Boolean(known && !known.canonical);
    input.setAttribute("aria-invalid", String(wrong));
    said.classList.toggle("problem", wrong);
    if (!known) say(said, "");
    else if (wrong) say(said, `That is no molecule: ${known.reason}.`);
    else {
      const { qed, logp, weight } = known.values ?? {};
      say(said, `drug-likeness ${number(qed, 2)} · logP ${number(logp, 2)} · ${number(weight)} g/mol`);
    }
    redraw();
    changed();
  }

  function redraw() {
    const drawn = known?.canonical && known.svg;
    show(image, Boolean(drawn));
    show(empty, !drawn);
    if (!drawn) return;
    image.src = pictureOf(known, root.dataset.mode);
    image.alt = `Drawing of ${known.smiles}`;
  }

  return {
    node,
    redraw,
    /** The first look takes seconds, the later ones don't: begin before something is typed. */
    warm: () => void read("molecules?smiles=C").catch(() => {}),
    value: () => input.value.trim(),
    good: () => Boolean(known?.canonical) && known.smiles === input.value.trim(),
  };
}
