"""Due times."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.engines.scheduling.agenda import Agenda

times = st.integers(0, 20).map(float)


def test_the_earliest_comes_first_and_ties_go_to_the_smaller_number() -> None:
    """Numbers come in the order of their times, equal times in the order of the numbers."""
    agenda = Agenda()
    for number, due in ((3, 2.0), (1, 5.0), (2, 2.0)):
        agenda.add(number, due)
    assert agenda.next_due() == 2.0
    assert list(agenda.take_until(4.9)) == [2, 3]
    assert list(agenda.take_until(5.0)) == [1]
    assert agenda.next_due() is None


def test_dead_entries_do_not_pile_up() -> None:
    """Adding and removing for ever keeps the memory that the living need, within a constant factor."""
    agenda = Agenda()
    agenda.add(0, 0.0)
    for number in range(1, 10_000):
        agenda.add(number, float(number))
        agenda.discard(number)
    assert len(agenda._heap) < 200


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "discard", "take"]), st.integers(0, 9), times), max_size=80))
def test_it_behaves_as_a_sorted_dictionary(actions: list[tuple[str, int, float]]) -> None:
    """However entries are added, moved, removed and taken, it agrees with sorting a dictionary each time."""
    agenda, model = Agenda(), dict[int, float]()
    for action, number, time in actions:
        match action:
            case "add":
                agenda.add(number, time)
                model[number] = time
            case "discard":
                agenda.discard(number)
                model.pop(number, None)
            case "take":
                due = sorted((at, key) for key, at in model.items() if at <= time)
                assert list(agenda.take_until(time)) == [key for _, key in due]
                for _, key in due:
                    del model[key]
        assert agenda.next_due() == min(model.values(), default=None)
