// Classic control drawn from its state vectors: cart and pole, acrobot, mountain car, pendulum.

const TURN = Math.PI / 2;

/** What draws an environment's state, or null where nothing here knows it. */
export function drawing(envId) {
  return DRAWINGS[String(envId).replace(/-v\d+$/, "")] ?? null;
}

const DRAWINGS = {
  CartPole: (context, width, height, state, action, palette) =>
    cart(context, width, height, { x: state[0] / 2.4, angle: state[2], push: action === 1 ? 1 : -1 }, palette),
  InvertedPendulum: (context, width, height, state, action, palette) =>
    cart(context, width, height, { x: state[0], angle: state[1], push: Number([action].flat()[0]) }, palette),
  Acrobot: acrobot,
  MountainCar: mountain,
  MountainCarContinuous: mountain,
  Pendulum: pendulum,
};

/** x in [-1, 1] is the track; angle from upright, clockwise; push is the action's direction. */
function cart(context, width, height, { x, angle, push }, palette) {
  const floor = height * 0.82;
  const reach = width * 0.42;
  const size = Math.min(width * 0.17, height * 0.3);
  const centre = width / 2 + Math.max(-1.15, Math.min(1.15, x)) * reach;
  line(context, palette.muted, 1.5, [width / 2 - reach - size / 2, floor], [width / 2 + reach + size / 2, floor]);
  for (const edge of [-1, 1])
    line(context, palette.muted, 1.5, [width / 2 + edge * reach, floor - 5], [width / 2 + edge * reach, floor + 5]);
  const hinge = [centre, floor - size * 0.22];
  block(context, palette.text, centre - size / 2, floor - size * 0.32, size, size * 0.44);
  const length = height * 0.52;
  line(context, palette.pole, size * 0.13, hinge, [
    hinge[0] + length * Math.sin(angle),
    hinge[1] - length * Math.cos(angle),
  ]);
  dot(context, palette.accent, hinge, size * 0.06);
  if (push)
    arrow(
      context,
      palette.muted,
      [centre + Math.sign(push) * size * 0.62, floor - size * 0.1],
      Math.sign(push) * size * 0.25,
    );
}

/** state: theta1, theta2, ... or cos1, sin1, cos2, sin2, ...; angles from hanging down. */
function acrobot(context, width, height, state, action, palette) {
  const [first, second] =
    state.length >= 6 ? [Math.atan2(state[1], state[0]), Math.atan2(state[3], state[2])] : [state[0], state[1]];
  const length = Math.min(height * 0.21, width * 0.2);
  const root = [width / 2, height * 0.5];
  const elbow = [root[0] + length * Math.sin(first), root[1] + length * Math.cos(first)];
  const tip = [elbow[0] + length * Math.sin(first + second), elbow[1] + length * Math.cos(first + second)];
  dashed(context, palette.done, [width * 0.15, root[1] - length], [width * 0.85, root[1] - length]);
  words(context, palette.muted, "the tip must pass this line", [width * 0.15, root[1] - length - 8]);
  line(context, palette.text, length * 0.16, root, elbow);
  line(context, palette.pole, length * 0.16, elbow, tip);
  dot(context, palette.accent, root, length * 0.09);
  dot(context, palette.accent, elbow, length * 0.09);
}

/** state: position in [-1.2, 0.6], velocity; the hill is sin(3 x). */
function mountain(context, width, height, state, action, palette) {
  const at = (x) => [width * (0.04 + (0.92 * (x + 1.2)) / 1.8), height * (0.52 - 0.32 * Math.sin(3 * x))];
  context.beginPath();
  for (let x = -1.2; x <= 0.601; x += 0.02) context.lineTo(...at(x));
  context.strokeStyle = palette.muted;
  context.lineWidth = 2;
  context.stroke();
  const goal = at(0.5);
  line(context, palette.text, 1.5, goal, [goal[0], goal[1] - height * 0.16]);
  context.fillStyle = palette.done;
  context.beginPath();
  context.moveTo(goal[0], goal[1] - height * 0.16);
  context.lineTo(goal[0] + height * 0.08, goal[1] - height * 0.125);
  context.lineTo(goal[0], goal[1] - height * 0.09);
  context.fill();
  const [x] = state;
  const [left, top] = at(x);
  const slope = Math.atan2(-0.96 * Math.cos(3 * x) * height, (0.92 / 1.8) * width);
  const size = Math.min(width, height) * 0.13;
  context.save();
  context.translate(left, top);
  context.rotate(slope);
  block(context, palette.text, -size / 2, -size * 0.62, size, size * 0.36);
  dot(context, palette.pole, [-size * 0.28, -size * 0.16], size * 0.16);
  dot(context, palette.pole, [size * 0.28, -size * 0.16], size * 0.16);
  context.restore();
}

/** state: theta, ... or cos, sin, ...; the angle from upright, anticlockwise. */
function pendulum(context, width, height, state, action, palette) {
  const angle = state.length >= 3 ? Math.atan2(state[1], state[0]) : state[0];
  const length = Math.min(width, height) * 0.36;
  const root = [width / 2, height / 2];
  dashed(context, palette.muted, root, [root[0], root[1] - length * 1.15]);
  line(context, palette.pole, length * 0.18, root, [
    root[0] - length * Math.sin(angle),
    root[1] - length * Math.cos(angle),
  ]);
  dot(context, palette.text, root, length * 0.07);
  const torque = Number([action].flat()[0]) / 2;
  if (!Number.isFinite(torque) || Math.abs(torque) < 0.02) return;
  context.strokeStyle = palette.accent;
  context.lineWidth = 3;
  context.beginPath();
  context.arc(...root, length * 0.34, -TURN, -TURN - torque * 2, torque > 0);
  context.stroke();
}

function line(context, colour, width, from, to) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

function dashed(context, colour, from, to) {
  context.setLineDash([5, 5]);
  line(context, colour, 1.5, from, to);
  context.setLineDash([]);
}

function dot(context, colour, [x, y], radius) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 4 * TURN);
  context.fill();
}

function block(context, colour, x, y, width, height) {
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x, y, width, height, 5);
  context.fill();
}

function arrow(context, colour, [x, y], length) {
  const head = Math.sign(length) * 5;
  line(context, colour, 2, [x, y], [x + length, y]);
  line(context, colour, 2, [x + length - head, y - 5], [x + length, y]);
  line(context, colour, 2, [x + length - head, y + 5], [x + length, y]);
}

function words(context, colour, text, [x, y]) {
  context.fillStyle = colour;
  context.font = "12px system-ui, sans-serif";
  context.fillText(text, x, y);
}
