"""Reads situations from the short lines in which the table has them.

Who:    ROLE BEGIN-END [at X ...] [y Y] [size H ...] [beside W] [turns|shakes|nods BEGIN-END], with | between parts
Camera: cut T ... | frozen BEGIN-END | dark BEGIN-END | shakes BEGIN-END | light T:GAIN ... | pan T:X ...

Times are seconds; places widths (X), heights (Y, H) of the picture, or widths of the face (W). What is left out:
at 0.5, y 0.5, a face of the usual size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.benchmarks.identity.script import FACE, CameraWork, Knots, Part, Pose, Situation, Span

_POSES = {"turns": Pose.TURNS_AWAY, "shakes": Pose.SHAKES, "nods": Pose.NODS}
_PART_WORDS = frozenset({"at", "y", "size", "beside", *_POSES})
_CAMERA_WORDS = frozenset({"cut", "frozen", "dark", "shakes", "light", "pan"})
_DARK = 0.03
# Seconds in which lights go on or off: less than between two frames.
_SWITCHED = 0.01


def situation(name: str, seconds: float, who: str, camera: str = "") -> Situation:
    """Returns a situation from its line.

    Raises:
        ValueError: A word is not known, or a part has no time.
    """
    return Situation(name, seconds, tuple(_part(line) for line in who.split("|")), _camera(camera))


def _part(line: str) -> Part:
    role, time, *rest = *line.split(), ""
    begin, end = _span(time)
    said = _by_word([word for word in rest if word], _PART_WORDS)
    posed = next(((pose, said[word][0]) for word, pose in _POSES.items() if word in said), None)
    return Part(
        role,
        begin,
        end,
        path=_numbers(said.get("at", ("0.5",))),
        y=float(said.get("y", ("0.5",))[0]),
        size=_numbers(said.get("size", (str(FACE),))),
        beside=float(said.get("beside", ("0",))[0]),
        pose=Pose.FACING if posed is None else posed[0],
        posed=(0.0, 0.0) if posed is None else _span(posed[1]),
    )


def _camera(line: str) -> CameraWork:
    said = _by_word(line.replace("|", " ").split(), _CAMERA_WORDS)
    light: list[tuple[float, float]] = list(_knots(said.get("light", ())))
    for begin, end in map(_span, said.get("dark", ())):
        light += [(begin - _SWITCHED, 1.0), (begin, _DARK), (end - _SWITCHED, _DARK), (end, 1.0)]
    return CameraWork(
        cuts=_numbers(said.get("cut", ())),
        frozen=tuple(map(_span, said.get("frozen", ()))),
        light=tuple(light) or ((0.0, 1.0),),
        pan=_knots(said.get("pan", ("0:0",))),
        shakes=tuple(map(_span, said.get("shakes", ()))),
    )


def _by_word(words: Sequence[str], known: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Returns what follows each word."""
    said: dict[str, list[str]] = {}
    for word in words:
        if word in known:
            said[word] = []
        elif not said or (not word[0].isdigit() and word[0] not in "-."):
            raise ValueError(f"{word!r} is none of {', '.join(sorted(known))}")
        else:
            said[next(reversed(said))].append(word)
    return {word: tuple(values) for word, values in said.items()}


def _span(text: str) -> Span:
    begin, _, end = text.partition("-")
    if not end or float(end) <= float(begin):
        raise ValueError(f"{text!r} is not a time from BEGIN to END")
    return float(begin), float(end)


def _knots(texts: Sequence[str]) -> Knots:
    return tuple((float(time), float(value)) for time, _, value in (text.partition(":") for text in texts))


def _numbers(texts: Sequence[str]) -> tuple[float, ...]:
    return tuple(map(float, texts))
