"""How much is tried at a receiver that takes nothing."""

from __future__ import annotations

from portero_server.domain.events.breaker import DeliveryBreaker

LANES = ["door", "desk", "gate"]


def _barren(breaker: DeliveryBreaker, rounds: int) -> None:
    for _ in range(rounds):
        breaker.round_ended(taken=0, problems=1)


def test_it_opens_after_rounds_in_which_nothing_was_taken() -> None:
    """Rounds in which nothing was tried do not count."""
    breaker = DeliveryBreaker(3)
    _barren(breaker, 2)
    breaker.round_ended(taken=0, problems=0)
    assert (breaker.is_open, breaker.chosen(LANES)) == (False, LANES)
    _barren(breaker, 1)
    assert breaker.is_open


def test_while_open_it_tries_one_camera_after_the_other() -> None:
    """So that a receiver that refuses one camera's messages alone is found alive."""
    breaker = DeliveryBreaker(3)
    _barren(breaker, 3)
    tried = []
    for _ in range(4):
        tried.append(breaker.chosen(LANES))
        _barren(breaker, 1)
    assert tried == [["door"], ["desk"], ["gate"], ["door"]]
    assert breaker.chosen([]) == []


def test_one_message_that_is_taken_closes_it() -> None:
    """Whatever else was not taken in that round."""
    breaker = DeliveryBreaker(3)
    _barren(breaker, 5)
    breaker.round_ended(taken=1, problems=2)
    assert (breaker.is_open, breaker.chosen(LANES)) == (False, LANES)


def test_one_that_tolerates_everything_never_opens() -> None:
    """As for the webhook of the settings."""
    breaker = DeliveryBreaker(0)
    _barren(breaker, 100)
    assert not breaker.is_open
