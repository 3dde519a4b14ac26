"""The usual confusions of text recognition, by what a place allows."""

from __future__ import annotations

# A letter where only a digit can stand is this digit, and nothing else looks like it.
_DIGIT_OF = {
    "O": "0", "D": "0", "Q": "0", "°": "0", "I": "1", "L": "1", "|": "1", "!": "1", "]": "1", "[": "1",
    "Z": "2", "A": "4", "S": "5", "$": "5", "G": "6", "T": "7", "B": "8", "&": "8",
}  # fmt: skip
_LETTER_OF = {"0": "O", "1": "I", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B", "|": "I", "!": "I"}
# Pairs that are taken for each other, both ways.
_USUAL = ("O0", "D0", "Q0", "I1", "L1", "S5", "B8", "Z2", "G6", "T7", "A4")
# What fillers of an MRZ are taken for. A "K" counts only beside fillers.
FILLER_LOOKS = frozenset("<\u00ab\u2039\u3008\u300a\u2264({[")
FILLER_LETTERS = frozenset("KCELSX")


def as_digit(character: str) -> str:
    """Returns the digit that a character must be where only digits stand, or the character itself."""
    return _DIGIT_OF.get(character, character)


def as_letter(character: str) -> str:
    """Returns the letter that a character must be where only letters stand, or the character itself."""
    return _LETTER_OF.get(character, character)


def taken_for(character: str) -> frozenset[str]:
    """Returns what a read character may really be, other than itself."""
    return frozenset(pair.replace(character, "") for pair in _USUAL if character in pair)


def twins(one: str, other: str) -> bool:
    """Whether two texts differ by nothing but usual confusions."""
    return len(one) == len(other) and all(a == b or b in taken_for(a) for a, b in zip(one, other, strict=True))
