// Loads what the Run page draws with while a visitor still looks at another screen: its first point comes sooner.

import { loadPlotly } from "./plot.js";

const SETTLED_MS = 700; // the screen that was asked for comes first

setTimeout(() => {
  loadPlotly().catch(() => {});
  import("./run.js").catch(() => {}); // the Run page asks again, and says so if it fails
}, SETTLED_MS);
