from __future__ import annotations

from portero.v1 import stream_pb2

from portero_cli.screen.advice import FOR_GUESTS, FOR_OPERATORS, in_words


def test_every_advice_of_the_contract_has_a_sentence() -> None:
    """What a server of today can advise is told to a guest or an operator in words, and names nothing else."""
    names = {name.removeprefix("ADVICE_").lower() for name, number in stream_pb2.Advice.items() if number}
    assert FOR_GUESTS.keys() | FOR_OPERATORS.keys() == names
    assert not FOR_GUESTS.keys() & FOR_OPERATORS.keys()
    for name in names:
        assert "_" not in in_words(name)


def test_advice_of_a_later_server_is_told_by_its_name() -> None:
    """An advice that this program does not know is still told."""
    assert in_words("wipe_lens") == "wipe lens"
