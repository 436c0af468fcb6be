// A button that saves the charts of Compare, as they are zoomed and coloured now, with their legend, as one PNG.

import { el, say } from "./dom.js";

const WIDTH = 1200;
const HEIGHT = 400;
const SCALE = 2;
const HEAD = 44; // above each chart, for its name
const ENTRY = 26; // per line of the legend

export default function ({ parentElement }) {
  const root = parentElement.querySelector(".png");
  if (root.childElementCount) return;
  const button = el("button", { type: "button", text: "PNG" });
  const said = el("span", { role: "status" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await save();
      say(said, "");
    } catch (error) {
      say(said, error.message);
    }
    button.disabled = false;
  });
  root.replaceChildren(button, said);
}

async function save() {
  const charts = [...document.querySelectorAll(".overlay")].filter((card) => card.querySelector(".plot")?.data);
  if (!charts.length) throw new Error("There is no curve to save yet.");
  const entries = [...document.querySelectorAll(".legend .entry")].filter((entry) => entry.querySelector("input").checked);
  const style = getComputedStyle(document.querySelector(".stApp"));
  const top = 24 + ENTRY * entries.length;
  const canvas = el("canvas", { width: WIDTH * SCALE, height: (top + charts.length * (HEIGHT + HEAD)) * SCALE });
  const paint = canvas.getContext("2d");
  paint.scale(SCALE, SCALE);
  paint.fillStyle = style.backgroundColor;
  paint.fillRect(0, 0, WIDTH, canvas.height);
  paint.textBaseline = "middle";
  entries.forEach((entry, place) => legendLine(paint, entry, 24 + ENTRY * (place + 0.5), style));
  for (const [place, card] of charts.entries()) {
    const y = top + place * (HEIGHT + HEAD);
    paint.fillStyle = style.color;
    paint.font = `600 18px ${style.fontFamily}`;
    paint.fillText(card.querySelector("h2").textContent, 24, y + HEAD / 2);
    const source = await window.Plotly.toImage(card.querySelector(".plot"), { format: "png", width: WIDTH, height: HEIGHT, scale: SCALE });
    paint.drawImage(await picture(source), 0, y + HEAD, WIDTH, HEIGHT);
  }
  const link = el("a", { href: canvas.toDataURL("image/png"), download: "uphill-compare.png" });
  link.click();
}

function legendLine(paint, entry, y, style) {
  paint.fillStyle = getComputedStyle(entry.querySelector(".swatch")).backgroundColor;
  paint.fillRect(24, y - 2, 22, 4);
  paint.fillStyle = style.color;
  paint.font = `400 15px ${style.fontFamily}`;
  paint.fillText(entry.querySelector("b").textContent, 56, y);
}

function picture(source) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("The picture could not be made."));
    image.src = source;
  });
}
