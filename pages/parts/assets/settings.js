// "Change while it runs": the settings that may change from the next iteration on.

import { post } from "./api.js";
import { el, say, show } from "./dom.js";
import { told } from "./header.js";

/** The value in force: the config's, overlaid by what was changed since. */
export function inForce(record, path) {
  let value = path.split(".").reduce((part, key) => part?.[key], record.config);
  for (const { kind, payload } of record.events ?? [])
    if (kind === "change" && path in payload.settings) value = payload.settings[path].after;
  return value;
}

/** The card `node`. `fields`: [{ path, label, help, minimum, maximum, optional, algorithm }]. update(record). */
export function settingsCard(runId, fields, refresh) {
  const rows = el("div", { class: "fields" });
  const node = el(
    "section",
    { class: "card", hidden: true, "aria-label": "Change while it runs" },
    el("h2", { text: "Change while it runs" }),
    el("p", { class: "hint", text: "In force from the next iteration on. Each change is marked on the curves." }),
    rows,
  );
  let made = null;

  function build(algorithm) {
    made = fields.filter((field) => field.algorithm === algorithm).map((field) => row(runId, field, refresh));
    rows.replaceChildren(...made.map((entry) => entry.node));
  }

  return {
    node,
    update(record) {
      show(
        node,
        ["queued", "training", "paused"].includes(record.state) &&
          fields.some((field) => field.algorithm === record.algorithm),
      );
      if (node.hidden) return;
      if (!made) build(record.algorithm);
      for (const entry of made) entry.update(inForce(record, entry.path));
    },
  };
}

function row(runId, { path, label, help, optional }, refresh) {
  const id = `live-${path.replace(".", "-")}`;
  const input = el("input", {
    id,
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: optional ? "none" : null,
    title: help,
    "aria-describedby": `${id}-said`,
  });
  const apply = el("button", { type: "submit", class: "button", text: "Apply", disabled: true });
  const said = el("p", { id: `${id}-said`, class: "hint", role: "status", "aria-live": "polite" });
  let current;
  let sending = false;

  const written = (value) => (value === null || value === undefined ? "" : String(value));
  input.addEventListener("input", () => {
    apply.disabled = sending || input.value.trim() === written(current);
  });

  async function submit(event) {
    event.preventDefault();
    const text = input.value.trim();
    const value = text === "" && optional ? null : text === "" || !Number.isFinite(Number(text)) ? text : Number(text);
    sending = apply.disabled = true;
    say(said, "Sending …");
    try {
      await post(`runs/${runId}/change`, { [path]: value });
      current = value;
      input.value = written(value);
      input.removeAttribute("aria-invalid");
      say(said, `${label} is ${written(value) || "none"} from the next iteration on.`);
      refresh();
    } catch (error) {
      input.setAttribute("aria-invalid", "true");
      say(said, told(error).replaceAll(path, label));
    }
    sending = false;
    apply.disabled = input.value.trim() === written(current);
  }

  return {
    path,
    node: el(
      "form",
      { class: "field", onsubmit: submit },
      el("label", { for: id, text: label }),
      el("span", { class: "row" }, input, apply),
      said,
    ),
    /** Follow what is in force, unless something else is being typed. */
    update(value) {
      if (sending || value === current) return;
      const untouched = input.value.trim() === written(current);
      current = value;
      if (untouched) input.value = written(value);
      apply.disabled = input.value.trim() === written(current);
    },
  };
}
