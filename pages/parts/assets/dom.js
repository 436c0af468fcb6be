// Elements without HTML strings: whatever a user or a task wrote reaches the page only as text.

const SVG = "http://www.w3.org/2000/svg";

/** An element. Attributes: `text`, `onclick`-like handlers, booleans (present or absent), or plain values. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Set a node's text only when it differs, so that nothing is laid out or read aloud again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show or hide without removing, so that nothing jumps. */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** A canvas fitted to its box and the screen's pixels; returns its context with sizes in CSS pixels. */
export function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
