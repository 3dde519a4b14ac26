"""Which events a subscription is told of, and what it may not be made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.attendance.notices import AttendanceNotice, NoticeKind
from portero_server.domain.events.alerts import ALERTS
from portero_server.domain.events.subscriptions import (
    SinkKind,
    SubscriptionFilter,
    SubscriptionState,
    check_form,
    checked_concurrency,
    checked_overlap,
    checked_url,
    filter_of,
    is_within,
    origin_of,
    state_of,
)
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from portero_server.errors import InvalidInput
from tests.support.store.sighting_events import NOON, sighting

STARTED, LEFT = SightingEventKind.STARTED, SightingEventKind.LEFT


def _event(person_id: str | None = "ana", similarity: float = 0.9, kind: SightingEventKind = STARTED) -> SightingEvent:
    return SightingEvent(1, kind, replace(sighting(person_id=person_id), similarity=similarity), NOON)


@pytest.mark.parametrize(
    ("wanted", "event", "passes"),
    [
        (filter_of(), _event(), True),
        (filter_of(), _event(None), True),
        (filter_of(kinds=[LEFT]), _event(), False),
        (filter_of(kinds=[LEFT]), _event(kind=LEFT), True),
        (filter_of(people=["ana", "ben"]), _event(), True),
        (filter_of(people=["ben"]), _event(), False),
        (filter_of(people=["ben"]), _event(None), True),
        (filter_of(people=["ana"], strangers=False), _event(None), False),
        (filter_of(min_similarity=0.9), _event(), True),
        (filter_of(min_similarity=0.91), _event(), False),
        (filter_of(min_similarity=1.0), _event(None, 0.0), True),
    ],
)
def test_all_conditions_must_hold(wanted: SubscriptionFilter, event: SightingEvent, passes: bool) -> None:
    """Those about people and similarity concern people with a name."""
    assert wanted.wants(event) is passes


def test_a_filter_whose_people_were_all_erased_lets_nobody_else_through() -> None:
    """No people left is not the same as all people."""
    left = replace(filter_of(people=["ben"]), people=frozenset())
    assert not left.wants(_event("ana"))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cameras": ["Door"]}, "cameras"),
        ({"sites": [""]}, "sites"),
        ({"people": ["ana luz"]}, "people"),
        ({"cameras": [f"c{number}" for number in range(101)]}, "cameras"),
        ({"people": [f"p{number}" for number in range(101)]}, "people"),
        ({"kinds": ALERTS, "people": ["ana"]}, "people"),
        ({"min_similarity": 1.01}, "min_similarity"),
        ({"min_similarity": float("nan")}, "min_similarity"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_its_field(values: dict[str, object], field: str) -> None:
    """Malformed names, too many of them, and similarities that are none."""
    with pytest.raises(InvalidInput) as caught:
        filter_of(**values)  # type: ignore[arg-type]
    assert caught.value.field == f"subscription.filter.{field}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://hooks.example/",
        "https://user:word@hooks.example/",
        "https:///path",
        "https://[::1/",
        "https://hooks.example:0x50/",
        "https://hooks.example/#part",
        "https://hooks.example/a b",
        "https://hooks.example/" + "x" * 2048,
    ],
)
def test_a_url_that_cannot_be_used_is_not_shown_in_the_refusal(url: str) -> None:
    """It may hold a secret."""
    with pytest.raises(InvalidInput, match=r"must be https://HOST/PATH") as caught:
        checked_url(url, plaintext=True)
    assert "word" not in caught.value.message
    assert caught.value.field == "subscription.webhook.url"


def test_http_needs_networks_of_the_site() -> None:
    """Which the settings name."""
    with pytest.raises(InvalidInput, match="PORTERO_WEBHOOK_NETWORKS"):
        checked_url("http://10.0.0.5/hook", plaintext=False)
    assert checked_url("http://10.0.0.5/hook", plaintext=True) == "http://10.0.0.5/hook"


def test_the_origin_shows_nothing_that_may_be_secret() -> None:
    """Scheme, host and port alone."""
    assert origin_of("https://hooks.example:8443/T0/secret?token=x") == "https://hooks.example:8443"


def test_limits_are_named_where_they_are_passed() -> None:
    """Of messages in flight, and of the time that replaced secrets still sign."""
    assert [checked_concurrency(asked) for asked in (0, 1, 32)] == [8, 1, 32]
    assert [checked_concurrency(asked, 1, 1) for asked in (0, 1)] == [1, 1]
    with pytest.raises(InvalidInput, match=r"subscription\.concurrency must be 1, since people are told one message"):
        checked_concurrency(2, 1, 1)
    for asked in (-1, 33):
        with pytest.raises(InvalidInput, match="1 to 32"):
            checked_concurrency(asked)
    assert checked_overlap(timedelta()) == timedelta()
    for overlap in (timedelta(seconds=-1), timedelta(days=30, seconds=1)):
        with pytest.raises(InvalidInput, match="0 to 30 days"):
            checked_overlap(overlap)


def test_a_state_is_stored_as_a_word_that_stops_the_sending() -> None:
    """One of a newer server sends nothing either."""
    assert [state_of(state.stop) for state in SubscriptionState] == list(SubscriptionState)
    assert SubscriptionState.ACTIVE.stop == ""
    assert state_of("SOMETHING_NEW") is SubscriptionState.GONE


@pytest.mark.parametrize(
    ("scope", "outer", "cameras", "within"),
    [
        (EVERYTHING, EVERYTHING, None, True),
        (Scope(frozenset({"door"})), EVERYTHING, None, True),
        (EVERYTHING, Scope(frozenset({"door"})), frozenset({"door"}), False),
        (Scope(frozenset({"door"})), Scope(frozenset({"door"})), frozenset({"door"}), True),
        (Scope(frozenset({"door"})), Scope(sites=frozenset({"north"})), frozenset({"door"}), True),
        (Scope(frozenset({"vault"})), Scope(sites=frozenset({"north"})), frozenset({"door"}), False),
        (Scope(sites=frozenset({"north"})), Scope(sites=frozenset({"north", "south"})), frozenset(), True),
        (Scope(sites=frozenset({"north"})), Scope(frozenset({"door"})), frozenset({"door"}), False),
    ],
)
def test_a_scope_is_within_another_if_all_of_it_is(
    scope: Scope, outer: Scope, cameras: frozenset[str] | None, within: bool
) -> None:
    """A site is more than the cameras it has now."""
    assert is_within(scope, outer, cameras) is within


@pytest.mark.parametrize("kind", [SightingEventKind.UNKNOWN_PERSON, SightingEventKind.VISITOR_RETURNED])
def test_alerts_without_strangers_are_a_contradiction(kind: SightingEventKind) -> None:
    """Since they are about nobody else."""
    with pytest.raises(InvalidInput, match="alerts are asked for") as caught:
        filter_of(kinds=[kind], strangers=False)
    assert caught.value.field == "subscription.filter.without_strangers"
    assert filter_of(kinds=[kind]).kinds == {kind}
    assert kind in ALERTS


def _notice(kind: NoticeKind, group_id: str = "1b", person_id: str | None = "ana") -> AttendanceNotice:
    return AttendanceNotice("n1", kind, "math/1", group_id, NOON, person_id, NOON)


def test_notices_are_chosen_by_kind_group_and_person() -> None:
    """A whole session is nobody's: whoever is told of some people only is not told of it."""
    teacher = filter_of(notices=NoticeKind, groups=["1b"])
    guardian = filter_of(notices=NoticeKind, people=["ana"])
    for wanted, expected in ((teacher, [True, False, True, True]), (guardian, [True, True, False, False])):
        found = [
            wanted.wants_notice(_notice(NoticeKind.ABSENT)),
            wanted.wants_notice(_notice(NoticeKind.ABSENT, group_id="2a")),
            wanted.wants_notice(_notice(NoticeKind.ABSENT, person_id="ben")),
            wanted.wants_notice(_notice(NoticeKind.SESSION_UNPROVEN, person_id=None)),
        ]
        assert found == expected
    assert not filter_of().wants_notice(_notice(NoticeKind.ABSENT))
    assert not filter_of(notices=[NoticeKind.LATE_AGAIN]).wants_notice(_notice(NoticeKind.ABSENT))


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (filter_of(kinds=[LEFT]), "subscription.filter.kinds"),
        (filter_of(notices=[NoticeKind.ABSENT]), "subscription.filter.attendance"),
        (filter_of(kinds=[STARTED], notices=[NoticeKind.ABSENT]), "subscription.filter.attendance"),
    ],
)
def test_what_stream_processors_have_no_record_of_cannot_be_asked_for(wanted: SubscriptionFilter, field: str) -> None:
    """Every other kind of destination takes it, and they take all else."""
    with pytest.raises(InvalidInput) as caught:
        check_form(SinkKind.STREAM_PROCESSOR, wanted)
    assert caught.value.message.startswith(f"{field} must ")
    check_form(SinkKind.STREAM_PROCESSOR, filter_of(kinds=[STARTED, LEFT]))
    for kind in set(SinkKind) - {SinkKind.STREAM_PROCESSOR}:
        check_form(kind, wanted)
