// What the engine is doing, in the corner of every screen: "1 running · 2 queued · CPU".

import { clockwork } from "./api.js";
import { el, say } from "./dom.js";
import "./early.js";

const CORNERS = new WeakMap();

export default function ({ parentElement }) {
  if (!CORNERS.has(parentElement)) CORNERS.set(parentElement, corner(parentElement.querySelector(".status")));
  return () => {
    CORNERS.get(parentElement)?.stop();
    CORNERS.delete(parentElement);
  };
}

function corner(root) {
  const words = el("span");
  root.replaceChildren(words);
  return clockwork(async () => {
    try {
      const response = await fetch(new URL("../api/health", import.meta.url), { cache: "no-store" });
      if (!response.ok) throw new Error(String(response.status));
      say(words, sentence(await response.json()));
      return 2000;
    } catch {
      say(words, "The app does not answer. What is shown may be old.");
      return 4000;
    }
  });
}

function sentence({ running, queued, device }) {
  const doing = [running && `${running} running`, queued && `${queued} queued`].filter(Boolean);
  return [...(doing.length ? doing : ["nothing running"]), device].join(" · ");
}
