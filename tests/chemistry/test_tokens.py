"""SMILES split into symbols and numbered: nothing lost on the way there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.chemistry.corpus import shipped
from engine.chemistry.tokens import BOUNDARY, UnknownToken, Vocabulary, split


def test_symbols_of_a_string_by_hand():
    assert split("Clc1cc[nH]c1C[N+](=O)[O-]Br%12") == [
        *("Cl", "c", "1", "c", "c", "[nH]", "c", "1", "C", "[N+]", "(", "=", "O", ")", "[O-]", "Br", "%12"),
    ]


def test_every_shipped_string_is_its_symbols_joined():
    strings = [smiles for _, smiles in zip(range(3000), shipped(), strict=False)]
    assert len(strings) == 3000
    for smiles in strings:
        assert "".join(split(smiles)) == smiles


@given(st.lists(st.sampled_from(["C", "Cl", "Br", "[nH]", "c", "1", "(", ")", "%10", "=", "[N+]"]), max_size=40))
def test_numbers_and_back(symbols):
    smiles = "".join(symbols)
    vocabulary = Vocabulary.of(["ClBr[nH]c1()%10=[N+]C"])
    numbers = vocabulary.encode(smiles)
    assert numbers[-1] == BOUNDARY and BOUNDARY not in numbers[:-1]
    assert vocabulary.decode(numbers) == smiles
    assert vocabulary.decode([*numbers, *numbers]) == smiles  # what follows the boundary is not read


def test_symbols_that_it_does_not_have_are_named():
    with pytest.raises(UnknownToken, match=r"'\[Si\]' in 'C\[Si\]' is not in the vocabulary"):
        Vocabulary.of(["CCO"]).encode("C[Si]")
    with pytest.raises(UnknownToken):
        split("C C")
    with pytest.raises(ValueError, match="begins with"):
        Vocabulary(["C", "O"])
