"""Cards' pictures: well-formed SVG that shows every atom that has a letter, in the colours of its ground."""

import xml.etree.ElementTree as ElementTree

import pytest
from rdkit import Chem

from engine.chemistry.drawing import svg

NAME = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("dark", [False, True])
def test_picture_of_a_molecule(dark):
    text = svg(Chem.MolFromSmiles("Clc1ccc(cc1)C(=O)NBr"), dark)
    root = ElementTree.fromstring(text)
    assert root.tag == NAME + "svg" and root.get("viewBox") == "0 0 220 160" and root.get("width") is None
    letters = "".join(node.text for node in root.iter(NAME + "text"))
    assert sorted(letters) == sorted("ClONHBr")
    strokes = {node.get("stroke") for node in root.iter(NAME + "path")}
    assert ("#000000" in strokes) == (not dark)
    assert len(text) < 6000
    assert root.find(NAME + "rect") is None  # the card's own ground shows through
