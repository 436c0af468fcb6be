"""The three drawings on Home's cards: SVG that follows light and dark by itself."""

import base64

import streamlit as st

_STYLE = (
    "<style>.ink{stroke:#1a2233}.fill{fill:#2b3448}.faint{stroke:#b6becb}"
    "@media (prefers-color-scheme:dark){.ink{stroke:#e7ecf5}.fill{fill:#e7ecf5}.faint{stroke:#5b6880}}</style>"
)
_SHADES = [[0.12, 0.2, 0.28, 0.36], [None, None, None, 0.46], [0.3, 0.4, 0.5, 0.58], [0.4, 0.5, 0.6, None]]


def _cells() -> str:
    boxes = []
    for row, shades in enumerate(_SHADES):
        for column, shade in enumerate(shades):
            place = f'x="{column * 27}" y="{row * 21}" width="25" height="19" rx="3"'
            if shade is not None:
                boxes.append(f'<rect {place} fill="#5b78f0" fill-opacity="{shade}"/>')
            elif row == 3:
                boxes.append(f'<rect {place} fill="#12805c"/>')
            else:
                boxes.append(f'<rect {place} class="fill"/>')
    return "".join(boxes)


_DRAWINGS = {
    "gridworld": ("A maze of sixteen cells; the goal is in a corner", _cells()),
    "gym": (
        "A pole on a cart, leaning a little",
        '<path d="M2 73H104" class="faint" stroke-width="2"/>'
        '<rect x="36" y="59" width="34" height="15" rx="3" class="fill"/>'
        '<path d="M53 61L62 11" stroke="#D55E00" stroke-width="6" stroke-linecap="round"/>',
    ),
    "molecules": (
        "A molecule: a ring with an alcohol group",
        '<path d="M10 33L30 21.500L50 33V56L30 67.500L10 56Z" class="ink" fill="none" stroke-width="2"/>'
        '<circle cx="30" cy="44.500" r="13" class="faint" fill="none" stroke-width="2"/>'
        '<path d="M50 33L70 21.500" class="ink" stroke-width="2"/><path d="M70 21.500V3" stroke="#b42318" '
        'stroke-width="2"/><path d="M70 21.500L88 32" stroke="#3b5bdb" stroke-width="2"/>'
        '<text x="91" y="39" font-family="sans-serif" font-size="15" fill="#5b78f0">OH</text>',
    ),
}


def drawing(task: str) -> None:
    """The drawing of a kind of task, with its text alternative."""
    words, shapes = _DRAWINGS[task]
    image = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="122" height="84" viewBox="-2 -1 122 84">{_STYLE}{shapes}</svg>'
    )
    source = base64.b64encode(image.encode()).decode()
    st.html(f'<img alt="{words}" width="122" height="84" src="data:image/svg+xml;base64,{source}">')
