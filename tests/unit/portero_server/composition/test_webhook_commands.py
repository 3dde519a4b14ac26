"""What is typed after `portero-server webhook`; what the commands do is in tests/end_to_end/test_webhook.py."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portero_server.__main__ import command_line


def test_a_replay_takes_a_time_with_its_zone() -> None:
    """As people write it, and as machines do."""
    parser = command_line()
    for word in ("2026-03-02T08:00:00-03:00", "2026-03-02T11:00:00Z", "2026-03-02T11:00:00+00:00"):
        assert parser.parse_args(["webhook", "replay", word]).since == datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "problem"), [("yesterday", "must be a time as"), ("2026-03-02T08:00:00", "must have its zone")]
)
def test_another_time_is_refused_in_words(word: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what it must be like."""
    with pytest.raises(SystemExit) as ended:
        command_line().parse_args(["webhook", "replay", word])
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err
