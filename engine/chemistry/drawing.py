"""A molecule as SVG for a card, on light and on dark ground. Runs in the worker processes only."""

import re
from collections.abc import Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

WIDTH, HEIGHT = 220, 160  # pixels; the SVG scales
MARK, MARK_DARK = (0.74, 0.80, 0.97), (0.22, 0.30, 0.56)  # red, green, blue
_ROOT = (
    f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' fill='none' stroke-width='1.4' "
    "stroke-linejoin='miter' font-family='sans-serif'>"
)
_LINE_STYLE = re.compile(r"style='fill:none;(?:fill-rule:evenodd;)?stroke:(#[0-9A-Fa-f]{6});[^']*'")
_TEXT_STYLE = re.compile(r"style='font-size:([0-9]+)px;[^']*fill:(#[0-9A-Fa-f]{6})'")
_LINES_OF_A_COLOUR = re.compile(r"<path d='[^']*' stroke='(#[0-9A-Fa-f]{6})' />(?:<path d='[^']*' stroke='\1' />)+")


def svg(molecule: Chem.Mol, dark: bool = False, marked: Sequence[int] = ()) -> str:
    """One <svg> element on a transparent ground, scalable, without an XML header; about 2 kB. `marked` atoms, and the
    bonds between them, lie on blue."""
    drawer = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT, -1, -1, True)
    options = drawer.drawOptions()
    if dark:
        rdMolDraw2D.SetDarkMode(options)
    options.clearBackground = False  # type: ignore[assignment]
    options.minFontSize = 9  # type: ignore[assignment]
    bonds = [
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if bond.GetBeginAtomIdx() in marked and bond.GetEndAtomIdx() in marked
    ]
    colour = MARK_DARK if dark else MARK
    marks: Any = {
        "highlightAtomColors": dict.fromkeys(marked, colour),
        "highlightBondColors": dict.fromkeys(bonds, colour),
    }
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule, "", list(marked), bonds, **marks)
    drawer.FinishDrawing()
    return _compact(drawer.GetDrawingText())


def _compact(text: str) -> str:
    """A sixth of the size: what RDKit repeats for every line and letter is said once."""
    text = re.sub(r"<\?xml.*?\?>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<svg.*?>", _ROOT, text, count=1, flags=re.DOTALL)
    text = re.sub(r" class='[^']*'", "", text)
    text = _LINE_STYLE.sub(r"stroke='\1'", text)
    text = _TEXT_STYLE.sub(r"font-size='\1' fill='\2'", text)
    text = re.sub(r"\s*\n\s*", "", text).strip()
    return _LINES_OF_A_COLOUR.sub(_joined, text)


def _joined(lines: re.Match[str]) -> str:
    """Lines of one colour, one after the other, as one path."""
    strokes = " ".join(re.findall(r"d='([^']*)'", lines[0]))
    return f"<path d='{strokes}' stroke='{lines[1]}' />"
