"""Draws a MuJoCo scene from its geoms, with no graphics card and no GL: orthographic, far things first."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 320
OVERSAMPLED = 2
BACKGROUND, FLOOR_LINE = (246, 247, 249), (208, 213, 221)
PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX = 0, 2, 3, 4, 5, 6
# Where the eye stands around the scene and above it (degrees), the metres seen from top to bottom, and the height
# looked at (metres).
SIDE = (0.0, 8.0, 2.4, 0.9)
VIEWS = {
    "InvertedDoublePendulum-v5": (0.0, 5.0, 3.0, 0.4),
    "Reacher-v5": (0.0, 90.0, 0.55, 0.0),
    "Swimmer-v5": (0.0, 90.0, 3.2, 0.0),
    "Pusher-v5": (60.0, 35.0, 1.9, -0.2),
    "HalfCheetah-v5": (0.0, 8.0, 2.2, 0.8),
    "Ant-v5": (35.0, 30.0, 3.2, 0.8),
    "Humanoid-v5": (35.0, 12.0, 2.6, 1.0),
    "HumanoidStandup-v5": (35.0, 15.0, 2.6, 0.9),
}
FOLLOWED = ("Swimmer-v5", "Hopper-v5", "Walker2d-v5", "HalfCheetah-v5", "Ant-v5", "Humanoid-v5", "HumanoidStandup-v5")


def sketch(env_id: str, model: Any, data: Any) -> np.ndarray:
    """One frame [320, 480, 3] uint8 of a MuJoCo model (mjModel, mjData) as it stands."""
    turn, above, tall, height = VIEWS.get(env_id, SIDE)
    axes = _axes(np.radians(turn), np.radians(above))
    centre = np.array([0.0, 0.0, height])
    if env_id in FOLLOWED:
        centre[:2] = data.xpos[1][:2]
    scale = OVERSAMPLED * HEIGHT / tall
    image = Image.new("RGB", (OVERSAMPLED * WIDTH, OVERSAMPLED * HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)

    def place(points: np.ndarray) -> list[tuple[float, float]]:
        flat = (points - centre) @ axes[:2].T * scale
        return [(OVERSAMPLED * WIDTH / 2 + x, OVERSAMPLED * HEIGHT / 2 - y) for x, y in flat]

    _floor(draw, place, centre)
    for i in np.argsort(-(data.geom_xpos @ axes[2])):
        if model.geom_type[i] != PLANE and model.geom_rgba[i, 3] > 0:
            _geom(draw, place, scale, model, data, i)
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def _axes(turn: float, above: float) -> np.ndarray:
    """Rows: to the right, up, and away from the eye, as unit vectors of the scene."""
    right = np.array([np.cos(turn), np.sin(turn), 0.0])
    away = np.array([-np.sin(turn) * np.cos(above), np.cos(turn) * np.cos(above), -np.sin(above)])
    return np.stack([right, np.cross(right, away), away])


def _floor(draw: ImageDraw.ImageDraw, place: Any, centre: np.ndarray) -> None:
    """Lines a metre apart, fixed to the ground, so that one sees the body move over it."""
    first = np.floor(centre[:2]) - 5
    for k in range(11):
        x, y = first[0] + k, first[1] + k
        draw.line(place(np.array([[x, first[1], 0], [x, first[1] + 10, 0]])), fill=FLOOR_LINE, width=2)
        draw.line(place(np.array([[first[0], y, 0], [first[0] + 10, y, 0]])), fill=FLOOR_LINE, width=2)


def _geom(draw: ImageDraw.ImageDraw, place: Any, scale: float, model: Any, data: Any, i: int) -> None:
    size, position = model.geom_size[i], data.geom_xpos[i]
    turned = data.geom_xmat[i].reshape(3, 3)
    colour = tuple(int(255 * part) for part in model.geom_rgba[i, :3])
    edge = tuple(int(0.6 * part) for part in colour)
    kind = model.geom_type[i]
    if kind == BOX:
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * size
        placed = place(position + corners @ turned.T)
        for face in ((0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)):
            draw.polygon([placed[corner] for corner in face], fill=colour, outline=edge)
        return
    half = turned[:, 2] * (size[1] if kind in (CAPSULE, CYLINDER) else 0.0)
    ends = place(np.stack([position - half, position + half]))
    radius = max(scale * size[0], 2.0)
    for reach, paint in ((radius + 2, edge), (radius, colour)):
        draw.line(ends, fill=paint, width=max(1, round(2 * reach)))
        for x, y in ends:
            draw.ellipse([x - reach, y - reach, x + reach, y + reach], fill=paint)
