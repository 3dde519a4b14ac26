"""The webhook as the settings say it; problems end the start in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from portero_server.clock import SystemClock
from portero_server.composition.events import sender
from portero_server.errors import StartupProblem
from portero_server.settings import Settings, load_settings

_URL = SecretStr("https://hooks.example/portero")


def _file(folder: Path, *lines: str, mode: int = 0o600) -> Path:
    path = folder / "keys"
    path.write_text("\n".join(lines))
    path.chmod(mode)
    return path


def test_keys_come_from_a_file_the_newest_first(tmp_path: Path) -> None:
    """Base64 and plain text are taken; empty lines are not keys."""
    path = _file(tmp_path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "", "the old system's secret")
    webhook = sender(Settings(webhook_url=_URL, webhook_secret_file=path), SystemClock())
    assert [len(key) for key in webhook.endpoint.secrets] == [24, 23]
    assert webhook.endpoint.secrets[1] == b"the old system's secret"


@pytest.mark.parametrize(
    ("lines", "mode", "words"),
    [
        ([], 0o600, "must hold 1 to 5 keys, one a line, and holds 0"),
        (["x" * 20] * 6, 0o600, "and holds 6"),
        (["x" * 20, "short"], 0o600, "key 2 must have at least 16 bytes, and has 5"),
        (["whsec_?"], 0o600, "must be base64 after whsec_"),
        (["x" * 20], 0o644, "make it mode 600"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_says_why(tmp_path: Path, lines: list[str], mode: int, words: str) -> None:
    """The file is named; no key is."""
    path = _file(tmp_path, *lines, mode=mode)
    with pytest.raises(StartupProblem, match=words) as problem:
        sender(Settings(webhook_url=_URL, webhook_secret_file=path), SystemClock())
    assert str(path) in problem.value.message
    assert "xxxx" not in problem.value.message


def test_files_that_are_missing_or_hold_no_certificates_are_named(tmp_path: Path) -> None:
    """Each by its setting."""
    with pytest.raises(StartupProblem, match="PORTERO_WEBHOOK_SECRET_FILE"):
        sender(Settings(webhook_url=_URL, webhook_secret_file=tmp_path / "none"), SystemClock())
    junk = _file(tmp_path, "no certificate")
    with pytest.raises(StartupProblem, match="PORTERO_WEBHOOK_CA_FILE"):
        sender(Settings(webhook_url=_URL, webhook_secret=SecretStr("x" * 20), webhook_ca_file=junk), SystemClock())


def test_an_address_that_may_not_be_reached_is_refused_at_the_start() -> None:
    """A name can be checked only when it is resolved."""
    inside = Settings(webhook_url=SecretStr("https://10.0.0.1/"), webhook_secret=SecretStr("x" * 20))
    with pytest.raises(StartupProblem, match=r"10\.0\.0\.1 is private, and not in PORTERO_WEBHOOK_NETWORKS"):
        sender(inside, SystemClock())


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"URL": "https://hooks.example/"}, "needs PORTERO_WEBHOOK_SECRET or PORTERO_WEBHOOK_SECRET_FILE"),
        ({"URL": "https://h.example/", "SECRET": "x" * 20, "SECRET_FILE": "/keys"}, "one of them"),
        ({"URL": "http://hooks.example/", "SECRET": "x" * 20}, "must begin with https://"),
        ({"URL": "ftp://hooks.example/"}, "PORTERO_WEBHOOK_URL must be https://HOST/PATH"),
        ({"URL": "https://user:word@hooks.example/"}, "without a user"),
        ({"URL": "https:///path"}, "https://HOST/PATH"),
        ({"URL": "https://[::1/"}, "https://HOST/PATH"),
        ({"NETWORKS": "192.168.7.0/24,everything"}, "PORTERO_WEBHOOK_NETWORKS"),
        ({"EVENTS": "started,gone"}, "PORTERO_WEBHOOK_EVENTS"),
        ({"TIMEOUT": "16"}, "PORTERO_WEBHOOK_TIMEOUT"),
    ],
)
def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str) -> None:
    """With what they must be, and without their values."""
    for name, value in variables.items():
        monkeypatch.setenv(f"PORTERO_WEBHOOK_{name}", value)
    with pytest.raises(StartupProblem, match=words) as problem:
        load_settings()
    assert "word@" not in problem.value.message


def test_the_variables_of_the_old_systems_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that is migrated keeps its two variables; Portero's own names go before them."""
    monkeypatch.setenv("NEXTJS_WEBHOOK_URL", "https://old.example/api/webhook")
    monkeypatch.setenv("FACIAL_RECOGNITION_WEBHOOK_SECRET", "a secret of the old system")
    settings = load_settings()
    assert settings.webhook_url == SecretStr("https://old.example/api/webhook")
    assert settings.webhook_secret == SecretStr("a secret of the old system")
    monkeypatch.setenv("PORTERO_WEBHOOK_URL", "https://new.example/")
    assert load_settings().webhook_url == SecretStr("https://new.example/")


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks and kinds of events."""
    monkeypatch.setenv("PORTERO_WEBHOOK_NETWORKS", "192.168.7.0/24, 10.0.0.5/32")
    monkeypatch.setenv("PORTERO_WEBHOOK_EVENTS", "started,left")
    settings = load_settings()
    assert [str(network) for network in settings.webhook_networks] == ["192.168.7.0/24", "10.0.0.5/32"]
    assert settings.webhook_events == ("started", "left")
