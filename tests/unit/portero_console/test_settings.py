"""Settings of the console: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_client import InvalidArgument
from portero_console.settings import load_settings


def test_without_settings_only_this_machine_reaches_it() -> None:
    """The default listens on loopback and needs neither certificate nor login."""
    settings = load_settings()
    assert (settings.host, settings.port, settings.is_loopback, settings.admits_anyone) == (
        "127.0.0.1",
        8080,
        True,
        True,
    )


def test_what_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option of the command line counts more than a variable, and None is no option."""
    monkeypatch.setenv("PORTERO_CONSOLE_LISTEN", "127.0.0.1:9")
    assert load_settings(listen=None).port == 9
    assert load_settings(listen="127.0.0.1:10").port == 10


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LISTEN", "8080", "PORTERO_CONSOLE_LISTEN: must be HOST:PORT, as 127.0.0.1:8080"),
        ("LISTEN", "localhost:70000", "PORTERO_CONSOLE_LISTEN: must be HOST:PORT, as 127.0.0.1:8080"),
        ("SESSIONS", "0", "PORTERO_CONSOLE_SESSIONS: input should be greater than 0"),
        ("MAX_UPLOAD", "6000000", "PORTERO_CONSOLE_MAX_UPLOAD: input should be less than or equal to 5242880"),
        ("TLS_KEY", "/nowhere", "PORTERO_CONSOLE_TLS_CERTIFICATE and PORTERO_CONSOLE_TLS_KEY must be set together"),
        ("LISTENS", "1", "PORTERO_CONSOLE_LISTENS is not a setting (did you mean PORTERO_CONSOLE_LISTEN?)"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each error names the variable and the limit."""
    monkeypatch.setenv(f"PORTERO_CONSOLE_{name}", value)
    with pytest.raises(InvalidArgument) as refused:
        load_settings()
    assert refused.value.message == words


def test_no_key_travels_unprotected(tmp_path: Path) -> None:
    """Other machines are served with TLS, or where a setting says that something else encrypts."""
    with pytest.raises(InvalidArgument, match=r"0\.0\.0\.0:8080 is reached from other machines"):
        load_settings(listen="0.0.0.0:8080")
    assert load_settings(listen="0.0.0.0:8080", plaintext_off_loopback=True).admits_anyone is False
    file = tmp_path / "file.pem"
    file.write_text("x")
    assert load_settings(listen="[::]:8080", tls_certificate=file, tls_key=file).host == "::"


def test_host_names_are_separated_by_commas() -> None:
    """Names are compared in lower case, and empty ones are none."""
    assert load_settings(hosts="Console.example, ,other").host_names == {"console.example", "other"}


@pytest.mark.parametrize("given", [{"trusted_proxies": "127.0.0.1"}, {"hosts": "console.example"}])
def test_whoever_comes_by_a_proxy_or_another_name_is_not_this_machine(given: dict[str, str]) -> None:
    """Loopback alone lets nobody in without a login where others are led to it; the explicit word does."""
    assert load_settings(**given).admits_anyone is False
    assert load_settings(**given, anyone_off_loopback=True).admits_anyone is True
