// A molecule typed as SMILES: its picture beside it as soon as it is one, or the reason why it is none.

import { Refused, read } from "./api.js";
import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { pictureOf } from "./studio_cards.js";

const PAUSE_MS = 250;
const UNSEEN = /[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g; // what comes along when text is copied
const LOOK_UP = "Wikipedia gives the SMILES of most medicines, under Identifiers";

/** The card `node`; value(), good(): whether it is a molecule; redraw() after light and dark changed places. */
export function moleculeField(root, examples, changed) {
  const input = el("input", {
    type: "text",
    id: "studio-smiles",
    maxlength: 5000,
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

  const typed = () => input.value.replace(UNSEEN, "").trim();

  function put(smiles) {
    input.value = smiles;
    look();
  }

  async function look() {
    const smiles = typed();
    if (!smiles) return take(smiles, null);
    say(said, "Looking …");
    const answer = await read(`molecules?${new URLSearchParams({ smiles })}`).catch((error) => ({
      canonical: null,
      reason: error instanceof Refused ? error.message : "It could not be looked at: the app does not answer",
      failed: true,
    }));
    if (typed() === smiles) take(smiles, answer);
  }

  function take(smiles, answer) {
    known = answer && { smiles, ...answer };
    const wrong = Boolean(known && !known.canonical);
    input.setAttribute("aria-invalid", String(wrong));
    said.classList.toggle("problem", wrong);
    if (!known) say(said, "");
    else if (wrong) say(said, known.failed ? `${known.reason}.` : why(smiles, known.reason));
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
    value: typed,
    good: () => Boolean(known?.canonical) && known.smiles === typed(),
  };
}

/** Why this is no molecule, for somebody who may have typed a name: only names have letters that no atom begins with. */
function why(text, reason) {
  if (/^inchi/i.test(text)) return `An InChI is not read here; type the molecule's SMILES. ${LOOK_UP}.`;
  const name = /^[\p{L}\p{M}\d ,.'-]+$/u.test(text) && /[^\x00-\x7f]|[ad-kmqt-z]/.test(text);
  if (name) return `Names are not read here; type the molecule's SMILES. ${LOOK_UP}.`;
  return `That is no molecule: ${reason}.`;
}
