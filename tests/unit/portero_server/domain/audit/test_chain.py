"""Entries of the audit trail: what they seal, and what becomes of odd texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portero_server.domain.audit.chain import GENESIS, Actor, AuditOutcome, Chain, Deed, Head, canonical, digest_of
from tests.support.server.audit_chains import MOMENT, chain

DEED = Deed(Actor("keys/k1", "192.0.2.1", "key", "k1"), "GalleryService/EnrollFace", "people/ana")


def test_each_entry_seals_the_one_before() -> None:
    """A chain begins at the genesis digest, and each further entry holds its predecessor's digest."""
    entries, head = chain(5)
    assert [entry.previous for entry in entries] == [GENESIS, *(entry.digest for entry in entries[:-1])]
    assert [entry.position for entry in entries] == [1, 2, 3, 4, 5]
    assert all(entry.sound for entry in entries)
    assert (head.count, head.digest) == (5, entries[-1].digest)


@pytest.mark.parametrize(
    "changed",
    [
        replace(DEED, actor=replace(DEED.actor, subject="keys/k2")),
        replace(DEED, actor=replace(DEED.actor, peer="192.0.2.2")),
        replace(DEED, actor=replace(DEED.actor, method="token")),
        replace(DEED, actor=replace(DEED.actor, credential="k2")),
        replace(DEED, action="GalleryService/DeleteFace"),
        replace(DEED, resource="people/ben"),
        replace(DEED, outcome=AuditOutcome.FAILED),
        replace(DEED, reason="NOT_FOUND"),
        replace(DEED, count=2),
    ],
)
def test_everything_an_entry_says_is_sealed(changed: Deed) -> None:
    """A change of any one thing in an entry changes its digest."""
    assert digest_of(1, MOMENT, changed, GENESIS) != digest_of(1, MOMENT, DEED, GENESIS)


def test_place_time_and_predecessor_are_sealed() -> None:
    """An entry has another digest at another position, at another microsecond and after another entry."""
    own = digest_of(1, MOMENT, DEED, GENESIS)
    assert own != digest_of(2, MOMENT, DEED, GENESIS)
    assert own != digest_of(1, MOMENT + timedelta(microseconds=1), DEED, GENESIS)
    assert own != digest_of(1, MOMENT, DEED, own)


def test_texts_cannot_run_into_each_other() -> None:
    """What ends one text and begins the next is sealed too."""
    left = replace(DEED, action="ab", resource="c")
    right = replace(DEED, action="a", resource="bc")
    assert canonical(1, MOMENT, left) != canonical(1, MOMENT, right)


def test_a_moment_has_one_form() -> None:
    """The same moment told in another time zone gives the same digest."""
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-3)))
    assert digest_of(1, elsewhere, DEED, GENESIS) == digest_of(1, MOMENT, DEED, GENESIS)


def test_the_form_is_a_promise() -> None:
    """The canonical bytes of an entry stay what they are, or chains written before would no longer verify."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert canonical(7, moment, DEED) == (
        b'["portero-audit-1",7,"2026-01-02T03:04:05.000000+00:00","keys/k1","192.0.2.1","key","k1",'
        b'"GalleryService/EnrollFace","people/ana","asked","",1]'
    )
    assert digest_of(7, moment, DEED, GENESIS) == "471c063d6f78ee426c425328b78db375c7e5a74c331ad76f950f316d5732b864"


def test_odd_texts_are_made_storable() -> None:
    """Texts longer than a column are cut, and a lone surrogate, which no database takes, is replaced."""
    made = Chain(Head())
    entry = made.append(replace(DEED, resource="x" * 500, reason="a\ud800b"), MOMENT)
    assert entry.deed.resource == "x" * 190
    assert entry.deed.reason == "a?b"
    assert entry.sound
