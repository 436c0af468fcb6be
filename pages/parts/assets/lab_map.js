// "The map as text": editable, with the engine's sentence where it cannot be read; the rules that are set most often.

import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { settingOf } from "./lab_text.js";

const RULES = [
  ["discount", "Discount", "What a reward one move later is worth, between 0 and 1"],
  ["slip", "Slip", "Chance that a move goes sideways, half to each side"],
  ["step_reward", "Each move pays", "Unless the cell pays a reward of its own"],
  ["goal_reward", "A goal pays", ""],
  ["pit_reward", "A pit pays", ""],
  ["time_limit", "Time limit", "Moves after which an episode is cut off, when an agent learns"],
];
const TYPING_MS = 200;

/** The card `node` with the text; typed(text) is called when somebody pauses. */
export function textCard(typed) {
  let timer = null;
  const area = el("textarea", {
    spellcheck: "false",
    rows: 9,
    wrap: "off",
    "aria-label": "The map as text",
    autocapitalize: "off",
  });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const there = el("button", { type: "button", class: "quiet", text: "Show the place", hidden: true });
  const copied = el("span", { class: "hint", role: "status" });
  const link = el("button", { type: "button", class: "quiet", text: "Copy link", onclick: copyLink });
  const download = el("button", { type: "button", class: "quiet", text: "Download", onclick: save });
  const more = el("p", {
    class: "hint",
    text: "Cells: . free, # wall, S start, G goal, P pit. Settings stand above; below may stand lines as: reward 1 2 = 5",
  });
  const node = el(
    "section",
    { class: "card text", "aria-label": "The map as text" },
    el(
      "div",
      { class: "row head" },
      el("h2", { text: "The map as text" }),
      el("div", { class: "row" }, copied, link, download),
    ),
    area,
    el("div", { class: "row wrongs" }, problem, there),
    more,
  );
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => typed(area.value), TYPING_MS);
  });

  async function copyLink() {
    const done = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    say(copied, done ? "Copied" : "Copy the address of this page");
    setTimeout(() => say(copied, ""), 3000);
  }

  function save() {
    const address = URL.createObjectURL(new Blob([area.value], { type: "text/plain" }));
    el("a", { href: address, download: "map.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  return {
    node,
    show(text) {
      if (area.value !== text) area.value = text;
      area.rows = Math.max(6, Math.min(16, text.split("\n").length));
    },
    /** The engine's sentence, or null. */
    wrong(sentence) {
      const { line, column } = placeIn(sentence ?? "");
      say(problem, sentence ?? "");
      show(problem, Boolean(sentence));
      show(there, Boolean(sentence) && Boolean(line));
      area.setAttribute("aria-invalid", String(Boolean(sentence)));
      there.onclick = () => {
        const start =
          area.value
            .split("\n")
            .slice(0, line - 1)
            .reduce((sum, one) => sum + one.length + 1, 0) +
          (column ?? 1) -
          1;
        area.focus();
        area.setSelectionRange(start, start + 1);
      };
    },
    remove: () => clearTimeout(timer),
  };
}

/** The line and column, from 1, that the engine's sentence names. */
function placeIn(sentence) {
  const found = /, line (\d+)(?:, column (\d+))?:/.exec(sentence);
  return found ? { line: Number(found[1]), column: found[2] ? Number(found[2]) : 1 } : {};
}

/** The engine's sentence as it stands beside the fields: a setting's own name, and no line of a text further below. */
export function ofField(sentence) {
  const said = sentence.replace(/^The map, line \d+, column \d+: (?=[a-z_ ]+ is ')/, "");
  const rule = RULES.find(([name]) => said.startsWith(`${name} is '`));
  return rule ? said.replace(rule[0], rule[1]) : said;
}

/** The fields `node` for the most used settings of a map; changed(name, value) when one is set. */
export function rules(changed) {
  const fields = RULES.map(([name, label, title]) => {
    const input = el("input", { type: "text", inputmode: "decimal", "aria-label": label, "data-setting": name });
    input.addEventListener("change", () => changed(name, input.value.trim()));
    return [name, input, el("label", { class: "rule", title }, el("span", { text: label }), input)];
  });
  const node = el(
    "div",
    { class: "rules", role: "group", "aria-label": "Rules of the map" },
    ...fields.map(([, , label]) => label),
  );
  return {
    node,
    tell(text, settings) {
      for (const [name, input] of fields) {
        const value = settingOf(text, name) ?? (settings ? number(settings[name], 6).replace("−", "-") : "");
        if (document.activeElement !== input) input.value = value;
      }
    },
  };
}
