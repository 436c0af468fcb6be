"""A molecule as SVG for a card, on light and on dark ground. Runs in the worker processes only."""

import re

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

WIDTH, HEIGHT = 220, 160  # pixels; the SVG scales


def svg(molecule: Chem.Mol, dark: bool = False) -> str:
    """One <svg> element on a transparent ground, scalable, without an XML header."""
    drawer = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT)
    options = drawer.drawOptions()
    if dark:
        rdMolDraw2D.SetDarkMode(options)
    options.clearBackground = False
    options.bondLineWidth = 1.4
    options.minFontSize = 9
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    text = drawer.GetDrawingText()
    text = re.sub(r"<\?xml.*?\?>\s*|<!--.*?-->\s*", "", text, flags=re.DOTALL)
    return text.replace(f"width='{WIDTH}px' height='{HEIGHT}px' ", "", 1).strip()
