"""How cards are scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.cards.cases import genuine, tampered
from tests.benchmarks.cards.report import table, targets
from tests.benchmarks.cards.running import kept
from tests.benchmarks.cards.scoring import EXPECTED, Scored, from_json
from tests.support.cards.forgeries import Forgery, forged
from tests.support.cards.specimen import TODAY

_RIGHT = dict.fromkeys(
    "run document_number surnames given_names nationality sex birth_date issue_date expiry_date".split(),  # noqa: SIM905
    "right",
)
_GOOD = Scored(
    number=1,
    group="genuine",
    level="moderate",
    size="1280x720",
    series="card_2013",
    legible=True,
    fields=_RIGHT,
    letters={"surnames": "right", "given_names": "right"},
    result="accepted",
    reasons=(),
    sources=("mrz", "print", "qr"),
    calls=1,
    seconds=1.0,
)


def test_a_wrong_value_that_is_accepted_misses_a_target() -> None:
    """A wrong RUN counts once it is accepted, and not when a person looks."""
    wrong = replace(_GOOD, fields={**_RIGHT, "run": "wrong"})
    assert wrong.wrongly_accepted
    assert not replace(wrong, result="review").wrongly_accepted
    missed = {target.text for target in targets({"local": [_GOOD, wrong]}) if not target.met}
    assert missed == {"local: run right, QR code or MRZ legible", "local: cards accepted with a wrong value"}


def test_names_behind_the_first_one_are_counted_by_themselves() -> None:
    """Accepted with a wrong second given name is no miss and is told; with a wrong first one it is a miss."""
    cut = replace(_GOOD, letters={"surnames": "right", "given_names": "after first"})
    assert not cut.wrongly_accepted
    assert "wrong behind the first one: 1 of 2" in table({"local": [_GOOD, cut]}, "abc")
    assert replace(_GOOD, letters={"surnames": "right", "given_names": "wrong"}).wrongly_accepted


def test_a_forgery_must_not_be_accepted_and_its_reason_must_be_named() -> None:
    """An expired card that a person sees for another reason is not named."""
    false = replace(_GOOD, group="EXPIRED", result="review", reasons=("unreadable",))
    assert not false.named
    assert replace(false, reasons=("expired",)).named
    assert replace(false, result="accepted").wrongly_accepted
    assert "expired | 1 | 0 | 0 | 1 | 0" in table({"local": [_GOOD, false]}, "abc")


def test_scores_are_kept_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    """What was written comes back, but for a line that a kill cut off."""
    import json

    path = tmp_path / "scores.jsonl"
    line = json.dumps(_GOOD.to_json())
    path.write_text(f"{line}\n{line[:40]}")
    assert kept(path) == [_GOOD]
    assert from_json(json.loads(line)) == _GOOD


@pytest.mark.parametrize("forgery", list(Forgery))
def test_a_forgery_differs_from_what_it_was(forgery: Forgery) -> None:
    """Each forgery changes something that is shown, or who shows it, and has reasons that name it."""
    false = forged(3, forgery)
    again = forged(3, forgery)
    assert false == again
    assert EXPECTED[forgery]
    if forgery is Forgery.FACE:
        assert false.live % 2 != false.front.portrait % 2
    if forgery is Forgery.EXPIRED:
        assert false.front.expires < TODAY


def test_a_case_depends_on_its_number_alone() -> None:
    """The same number is the same picture, and others are others."""
    assert genuine(2, 1).shots[0].jpeg == genuine(2, 1).shots[0].jpeg
    assert genuine(2, 1).specimen != genuine(3, 1).specimen
    assert tampered(15, 1).forged is not None
