"""Decoding of lines with weak accents, over probabilities made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from portero_server.engines.local.accents import AccentDecoder

_CHARACTERS = ("", "N", "Ñ", "U", "Ú", "Ü", "O", "0", "Z")


class _GreedyDecoder:
    """The library's way: the likeliest class of each step, repetitions and blanks dropped."""

    character: Sequence[str] = _CHARACTERS

    def __call__(self, preds: NDArray[np.float32], return_word_box: bool = False, **_: Any) -> list[str]:
        texts = []
        for line in preds:
            steps = line.argmax(axis=1).tolist()
            kept = [step for at, step in enumerate(steps) if step and (not at or steps[at - 1] != step)]
            texts.append("".join(_CHARACTERS[step] for step in kept))
        return texts


def _line(*steps: dict[str, float]) -> NDArray[np.float32]:
    """Returns one line's probabilities, 1 x steps x classes, from those of the characters named."""
    line = np.full((1, len(steps), len(_CHARACTERS)), 1e-4, np.float32)
    for at, step in enumerate(steps):
        for character, probability in step.items():
            line[0, at, _CHARACTERS.index(character)] = probability
    return line


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([{"N": 0.9, "Ñ": 0.09}], "Ñ"),
        ([{"N": 0.95, "Ñ": 0.01}], "N"),
        ([{"U": 0.8, "Ú": 0.05, "Ü": 0.1}], "Ü"),
        ([{"U": 0.8, "Ú": 0.1, "Ü": 0.05}], "Ú"),
        ([{"Ñ": 0.5, "N": 0.4}], "Ñ"),
    ],
    ids=["weak tilde", "no tilde", "dots", "acute", "chosen anyway"],
)
def test_an_accent_is_read_by_a_share_of_the_letter(steps: list[dict[str, float]], text: str) -> None:
    """The accented form is read from a small share of the plain letter's probability on, the likelier of two."""
    assert AccentDecoder(_GreedyDecoder())(_line(*steps)) == [text]


def test_a_letter_over_several_steps_stays_one() -> None:
    """An accent seen at one step of a letter, or a step beside it, is the whole letter's, which is read once."""
    decoder = AccentDecoder(_GreedyDecoder())
    assert decoder(_line({"N": 0.9}, {"N": 0.8, "Ñ": 0.1}, {"N": 0.9})) == ["Ñ"]
    assert decoder(_line({"N": 0.9}, {"": 0.8, "Ñ": 0.1}, {"N": 0.9})) == ["ÑÑ"]
    assert decoder(_line({"N": 0.9}, {"": 0.9}, {"": 0.8}, {"U": 0.9, "Ú": 0.1})) == ["NÚ"]


def test_other_letters_and_the_probabilities_stay() -> None:
    """A strong second that is no accented form of the letter changes nothing, and what was given is not written to."""
    given = _line({"O": 0.5, "0": 0.49}, {"Z": 0.6, "Ñ": 0.3}, {"N": 0.9, "Ñ": 0.09})
    before = given.copy()
    assert AccentDecoder(_GreedyDecoder())(given) == ["OZÑ"]
    assert (given == before).all()
