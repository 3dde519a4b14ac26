"""The server's advice as sentences for people; its names are those of `Advice` in the contract, in small letters."""

from __future__ import annotations

from collections.abc import Mapping

FOR_GUESTS: Mapping[str, str] = {
    "show_card": "show the front of the card",
    "card_closer": "hold the card closer to the camera",
    "card_tilted": "hold the card straight to the camera",
    "card_glare": "tilt the card a little: it reflects the light",
    "card_still": "hold the card still",
    "turn_card_over": "turn the card over",
    "look_at_camera": "look at the camera",
    "face_closer": "come closer to the camera",
    "one_person": "one person at a time, please",
}
"""What a guest is asked for during a check-in. It is told as often as it comes: it is for whoever is there now."""

FOR_OPERATORS: Mapping[str, str] = {
    "too_dark": "more light is needed",
    "move_closer": "faces are too small: move the camera closer",
    "too_blurred": "the picture is blurred",
    "check_clock": "the clock of this computer is wrong, or was just set",
}
"""What whoever looks after the camera is told; a camera repeats its faults."""


def in_words(advice: str) -> str:
    """Returns an advice as a sentence; one that is younger than this program as its name."""
    return FOR_GUESTS.get(advice) or FOR_OPERATORS.get(advice) or advice.replace("_", " ")
