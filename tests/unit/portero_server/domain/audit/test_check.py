"""The check of a chain: what was done to it is found, and said as what it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.audit.chain import (
    RETIRED,
    SERVER,
    Anchor,
    AuditOutcome,
    Chain,
    Deed,
    Entry,
    Head,
    retired_name,
)
from portero_server.domain.audit.check import MOST_FINDINGS, ChainCheck, Finding, Tampering
from tests.support.server.audit_chains import MOMENT, WAYS, chain, cut, deed, edited, inserted, removed, swapped


def check(entries: Sequence[Entry], head: Head, anchors: Iterable[Anchor] = (), page: int = 7) -> Sequence[Finding]:
    """Feeds a chain in pages and gives what is found."""
    checking = ChainCheck(head.base_count, head.base_digest, anchors)
    for start in range(0, len(entries), page):
        checking.feed(entries[start : start + page])
    return checking.finish(head)


@pytest.mark.parametrize("length", [0, 1, 2, 250])
def test_a_sound_chain_has_no_findings(length: int) -> None:
    """A chain as it was appended is found sound, an empty one too."""
    entries, head = chain(length)
    assert check(entries, head) == ()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("length", "place"), [(3, 2), (50, 1), (50, 25), (2500, 1800)])
def test_tampering_is_called_what_it_is(way: str, length: int, place: int) -> None:
    """Each way of tampering with one entry gives one finding: of its kind, and at its place."""
    entries, head = chain(length)
    tamper, kind = WAYS[way]
    (finding,) = check(tamper(entries, place), head)
    assert (finding.kind, finding.first) == (kind, place)


@given(st.integers(2, 40), st.data())
def test_no_tampering_goes_unnoticed(length: int, data: st.DataObject) -> None:
    """Whatever is done anywhere, in pages of any size, something is found."""
    entries, head = chain(length)
    tamper, _ = WAYS[data.draw(st.sampled_from(sorted(WAYS)))]
    place = data.draw(st.integers(1, length - 1))
    assert check(tamper(entries, place), head, page=data.draw(st.integers(1, 50)))


@given(st.data())
def test_several_tamperings_are_noticed(data: st.DataObject) -> None:
    """A chain tampered with in several ways, one upon the other, ends in findings and never in an error."""
    entries, head = chain(30)
    tampered = entries
    for _ in range(data.draw(st.integers(1, 4))):
        tamper, _ = WAYS[data.draw(st.sampled_from(sorted(WAYS)))]
        tampered = tamper(tampered, data.draw(st.integers(1, max(1, len(tampered) - 1))))
    assert check(tampered, head) or tampered == entries


def test_two_places_are_two_findings() -> None:
    """What was done at one place does not hide what was done at another, near it or far."""
    entries, head = chain(3000)
    found = check(removed(swapped(edited(entries, 10), 40), 2900), head)
    assert [(finding.kind, finding.first, finding.last) for finding in found] == [
        (Tampering.EDITED, 10, 10),
        (Tampering.REORDERED, 40, 41),
        (Tampering.REMOVED, 2900, 2900),
    ]


def test_an_entry_after_the_head_was_inserted() -> None:
    """A forged entry at the end, sealed as it should be, is beyond what the head counts."""
    entries, head = chain(9)
    assert check(inserted(entries, 10), head) == (Finding(Tampering.INSERTED, 10, 10),)


def test_a_forged_head_is_noticed() -> None:
    """A head that counts right but holds another digest shows the last entry as edited."""
    entries, head = chain(9)
    assert check(entries, replace(head, digest="0" * 64)) == (Finding(Tampering.EDITED, 9, 9),)


def test_words_that_are_no_digests_are_findings() -> None:
    """Digests replaced by any text whatever are found, not stumbled over."""
    entries, head = chain(9)
    entries[4] = replace(entries[4], previous="no digest \ud800", digest="")
    assert check(entries, head)


def test_only_an_anchor_tells_of_a_chain_cut_with_its_head() -> None:
    """Who cuts the end and sets the head to match is found out by an anchor, and by nothing else."""
    entries, head = chain(9)
    shorter = Head(6, entries[5].digest)
    assert check(cut(entries, 7), shorter) == ()
    assert check(cut(entries, 7), shorter, [Anchor(head.count, head.digest)]) == (Finding(Tampering.CUT, 7, 9),)


def test_only_an_anchor_tells_of_a_chain_written_anew() -> None:
    """A chain made anew from some entry on, head and all, differs from the anchors after that entry."""
    entries, _ = chain(9)
    forged = Chain(Head())
    for number in range(9):
        forged.append(deed(number if number < 5 else 100 + number), entries[number].at)
    anchors = [Anchor(4, entries[3].digest), Anchor(8, entries[7].digest)]
    assert check(forged.appended, forged.head) == ()
    assert check(forged.appended, forged.head, anchors) == (Finding(Tampering.REWRITTEN, 8, 8),)


def test_anchors_of_a_sound_chain_are_met() -> None:
    """Anchors that agree are counted, and those before what is kept are left out."""
    entries, head = chain(9)
    checking = ChainCheck(0, head.base_digest, [Anchor(0, "x"), Anchor(3, entries[2].digest), Anchor(9, head.digest)])
    checking.feed(entries)
    assert checking.finish(head) == ()
    assert checking.anchors_met == 2


def retired(count: int, *, told: bool) -> tuple[list[Entry], Head]:
    """Returns a chain of nine whose first entries were removed by retention, which says so or not."""
    made = Chain(Head())
    for number in range(9):
        made.append(deed(number), MOMENT)
    base = made.appended[count - 1]
    if told:
        made.append(Deed(SERVER, RETIRED, retired_name(count, base.digest), AuditOutcome.DONE), MOMENT)
    return made.appended[count:], replace(made.head, base_count=count, base_digest=base.digest)


def test_what_retention_removed_is_not_missed() -> None:
    """A chain whose beginning was retired is sound from where it now begins."""
    assert check(*retired(4, told=True)) == ()


def test_a_beginning_removed_without_a_word_is_missed() -> None:
    """Who removes the first entries as retention would, but leaves no entry saying so, is found out."""
    assert check(*retired(4, told=False)) == (Finding(Tampering.REMOVED, 1, 4),)


def test_findings_are_bounded() -> None:
    """Of a chain with more damage than anybody reads, the first hundred findings are kept."""
    entries, head = chain(2 * MOST_FINDINGS + 5)
    for place in range(2, len(entries), 2):
        entries = edited(entries, place)
    checking = ChainCheck(0, head.base_digest)
    checking.feed(entries)
    assert len(checking.finish(head)) == MOST_FINDINGS
    assert checking.full
