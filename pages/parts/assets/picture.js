// "What it does now": chooses by the picture's kind who draws it, and keeps that drawing between pictures.

import { artifactAddress } from "./api.js";
import { el, say, show, stillness } from "./dom.js";
import { grouped, number } from "./format.js";
import { gridView } from "./grid.js";
import { moleculesView } from "./molecules.js";
import { player } from "./player.js";
import { drawing } from "./states.js";
import { colours } from "./theme.js";

const TITLES = { molecules: "Best molecules" };
const LAST_FRAMES = 2; // text environments are read, not watched

/** The card `node` and, for molecules, the wide card `below`; `properties` names what scores them. show(picture), retheme(). */
export function pictureCard(root, runId, properties) {
  const title = el("h2", { text: "What it does now" });
  const caption = el("span", { class: "hint" });
  const body = el("div", { class: "picture" });
  const empty = el("p", { class: "hint empty", text: "The first picture comes with the first points." });
  const node = el(
    "section",
    { class: "card now", "aria-label": "What it does now" },
    el("div", { class: "row head" }, title, caption),
    body,
  );
  const samples = el("div");
  const below = el("section", { class: "card", hidden: true }, el("h2", { text: "Sampled last" }), samples);
  body.append(empty);
  let kind = null;
  let view = null;

  function begin(picture) {
    view?.remove();
    body.replaceChildren();
    samples.replaceChildren();
    kind = picture.kind;
    say(title, TITLES[kind] ?? "What it does now");
    show(below, kind === "molecules");
    node.dataset.kind = kind;
    view = VIEWS[kind]?.({ body, samples, root, runId, properties }) ?? unknown(body);
  }

  return {
    node,
    below,
    show(picture) {
      if (picture.kind !== kind) begin(picture);
      view.show(picture);
      say(caption, captionOf(picture));
    },
    /** While there is no picture: whether one will come. */
    waiting(state) {
      if (["finished", "stopped", "failed"].includes(state)) say(empty, "No picture was made.");
    },
    retheme: () => view?.retheme(),
    remove: () => view?.remove(),
  };
}

function captionOf(picture) {
  if (picture.kind === "molecules")
    return picture.counts
      ? `last round: ${grouped(picture.counts.valid)} of ${grouped(picture.counts.sampled)} are real`
      : "";
  const best = picture.optimal_return;
  const score = `score ${number(picture.return)}`;
  if (picture.kind === "grid")
    return best === null || best === undefined ? score : `${score} · best possible ${number(best)}`;
  return `latest test · ${score}${picture.length ? ` · ${number(picture.length)} steps` : ""}`;
}

const VIEWS = {
  grid({ body, root }) {
    const grid = gridView(body);
    return {
      show: (picture) => grid.show(picture, colours(root)),
      retheme: () => grid.redraw(colours(root)),
      remove: grid.remove,
    };
  },
  molecules({ body, samples, root, properties }) {
    const view = moleculesView(body, samples, properties);
    return {
      show: (picture) => view.show(picture, root.dataset.mode),
      retheme: () => view.redraw(root.dataset.mode),
      remove: view.remove,
    };
  },
  states: ({ body, root }) => played(body, root, statesEpisode),
  text: ({ body, root }) => textView(body, root),
  video: ({ body, runId }) => videoView(body, runId),
};

function played(body, root, episodeOf) {
  const stage = player(body);
  let palette = colours(root);
  return {
    show: (picture) => stage.play(episodeOf(picture, () => palette)),
    retheme() {
      palette = colours(root);
      stage.redraw();
    },
    remove: stage.remove,
  };
}

function statesEpisode(picture, palette) {
  const known = drawing(picture.env_id);
  return {
    frames: picture.states,
    fps: picture.physics?.fps ?? 30,
    label: `Replay of the latest test: ${picture.length} steps, score ${number(picture.return)}`,
    draw(context, width, height, state, place) {
      if (known) return known(context, width, height, state, picture.actions[place], palette());
      context.fillStyle = palette().text;
      context.font = "13px ui-monospace, monospace";
      state.forEach((value, row) => context.fillText(`${row + 1}: ${number(value)}`, 16, 26 + 20 * row));
    },
  };
}

function textView(body, root) {
  const stage = player(body);
  let palette = colours(root);
  return {
    show(picture) {
      stage.play({
        frames: picture.frames,
        fps: LAST_FRAMES,
        label: `Replay of the latest test as text: ${picture.frames.length} frames, score ${number(picture.return)}`,
        draw: (context, width, height, frame) => textFrame(context, width, height, frame, palette),
      });
    },
    retheme() {
      palette = colours(root);
      stage.redraw();
    },
    remove: stage.remove,
  };
}

/** A terminal's picture; its highlighted place (ANSI background or colour codes) is drawn in the accent colour. */
function textFrame(context, width, height, frame, palette) {
  const lines = frame.split("\n");
  const longest = Math.max(1, ...lines.map((line) => line.replaceAll(/\u001b\[[0-9;]*m/g, "").length));
  const size = Math.max(8, Math.min(20, (width - 32) / (0.62 * longest), (height - 24) / (1.35 * lines.length)));
  context.font = `${size}px ui-monospace, Menlo, Consolas, monospace`;
  context.textBaseline = "top";
  const step = context.measureText("M").width;
  lines.forEach((line, row) => {
    let column = 0;
    let marked = false;
    for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
      if (part.startsWith("\u001b")) {
        marked = part !== "\u001b[0m";
        continue;
      }
      context.fillStyle = marked ? palette.accent : palette.text;
      context.fillText(part, 16 + column * step, 12 + row * size * 1.35);
      column += part.length;
    }
  });
}

/** A muted video that plays again and again; a newer one waits for the end of the one that is playing. */
function videoView(body, runId) {
  const video = el("video", { class: "stage", controls: true, playsinline: true });
  let waiting = null;
  video.muted = true;
  video.autoplay = !stillness.matches;
  video.addEventListener("ended", () => {
    if (waiting) load(waiting);
    video.play().catch(() => {});
  });
  body.append(video);

  function load(picture) {
    waiting = null;
    video.src = artifactAddress(runId, picture.artifact, picture.step);
    video.setAttribute(
      "aria-label",
      `Video of the latest test: ${number(picture.length)} steps, score ${number(picture.return)}`,
    );
  }

  return {
    show(picture) {
      if (video.src && !video.paused && !video.ended) waiting = picture;
      else load(picture);
    },
    retheme() {},
    remove: () => video.removeAttribute("src"),
  };
}

function unknown(body) {
  body.append(el("p", { class: "hint empty", text: "This task has no picture." }));
  return { show() {}, retheme() {}, remove() {} };
}
