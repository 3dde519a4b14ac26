"""Publishing by MQTT as the settings say it; problems end the start in one line."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from portero_server.composition.build import built
from portero_server.errors import StartupProblem
from portero_server.settings import Settings, load_settings


@pytest.fixture
def settings(migrated_file: Path) -> Settings:
    """Settings of a small server that publishes to a broker on this machine."""
    return Settings(
        engine="scripted",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        database_url=f"sqlite+aiosqlite:///{migrated_file}",
        mqtt_url="mqtt://127.0.0.1",
        mqtt_username="joe",
    )


async def _problem(settings: Settings) -> str:
    with pytest.raises(StartupProblem) as raised:
        async with built(settings):
            pass
    return raised.value.message


async def test_without_a_broker_nothing_is_published(settings: Settings) -> None:
    """With one a loop more runs."""
    for url, loops in ((None, 0), ("mqtt://127.0.0.1", 1)):
        async with built(settings.model_copy(update={"mqtt_url": url})) as server:
            runs = server.mqtt.runs()
            assert len(runs) == loops
            for run in runs:
                run.close()


async def test_files_that_cannot_be_used_are_named(settings: Settings, tmp_path: Path) -> None:
    """Each by its setting; a password that everybody may read is none."""
    password, authorities = tmp_path / "password", tmp_path / "ca.crt"
    password.write_text("secret")
    password.chmod(0o644)
    problem = await _problem(settings.model_copy(update={"mqtt_password_file": password}))
    assert problem.startswith(f"PORTERO_MQTT_PASSWORD_FILE ({password}) may be read by everybody")
    problem = await _problem(settings.model_copy(update={"mqtt_password_file": tmp_path / "none"}))
    assert problem == f"PORTERO_MQTT_PASSWORD_FILE ({tmp_path / 'none'}) cannot be read"
    authorities.write_text("no certificate")
    update = {"mqtt_url": "mqtts://broker.example", "mqtt_ca_file": authorities}
    problem = await _problem(settings.model_copy(update=update))
    assert problem == f"PORTERO_MQTT_CA_FILE ({authorities}) holds no certificates in PEM"


async def test_a_library_that_is_missing_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to install it."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "aiomqtt" else found(name))
    assert "the extra mqtt" in await _problem(settings)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"URL": "http://broker"}, "PORTERO_MQTT_URL must be mqtts://HOST:PORT"),
        ({"URL": "mqtts://joe:secret@broker"}, "without a user"),
        ({"URL": "mqtts://broker/topic"}, "without a user, a path"),
        ({"URL": "mqtts://broker:99999"}, "must be mqtts://HOST:PORT"),
        ({"URL": "mqtt://broker.example"}, "must begin with mqtts:// for a broker on another machine"),
        ({"URL": "mqtt://localhost", "CA_FILE": "/ca.crt"}, "PORTERO_MQTT_CA_FILE needs an mqtts:// URL"),
        ({"PASSWORD_FILE": "/password"}, "PORTERO_MQTT_PASSWORD_FILE needs PORTERO_MQTT_USERNAME"),
        ({"TOPIC": "portero/#"}, "PORTERO_MQTT_TOPIC must be one to four parts"),
        ({"TOPIC": "ñuñoa"}, "PORTERO_MQTT_TOPIC must be one to four parts"),
        ({"DISCOVERY_TOPIC": "a//b"}, "PORTERO_MQTT_DISCOVERY_TOPIC must be one to four parts"),
        ({"URL": "mqtt://localhost", "TOPIC": "x", "DISCOVERY_TOPIC": "x"}, "must differ"),
        ({"SITES": "nunoa,La Reina"}, "PORTERO_MQTT_SITES a site must be 1 to 63 characters"),
        ({"OFFLINE_AFTER": "1"}, "PORTERO_MQTT_OFFLINE_AFTER"),
    ],
)
def test_settings_that_are_wrong_say_how_they_should_be(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    """Each names its variable, and no secret."""
    for name, value in variables.items():
        monkeypatch.setenv(f"PORTERO_MQTT_{name}", value)
    with pytest.raises(StartupProblem) as raised:
        load_settings()
    assert words in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("url", "address", "encrypted"),
    [
        ("mqtts://broker.example", ("broker.example", 8883), True),
        ("mqtts://[2001:db8::1]:18883", ("2001:db8::1", 18883), True),
        ("mqtt://localhost", ("localhost", 1883), False),
        ("mqtt://[::1]:1884/", ("::1", 1884), False),
    ],
)
def test_an_address_has_a_port_of_its_kind(url: str, address: tuple[str, int], encrypted: bool) -> None:
    """Unless it names another one."""
    settings = Settings(mqtt_url=url)
    assert (settings.mqtt_address, settings.mqtt_encrypted) == (address, encrypted)


def test_a_broker_elsewhere_without_tls_must_be_allowed() -> None:
    """By a setting that says what it means."""
    assert Settings(mqtt_url="mqtt://broker.example", mqtt_plaintext=True).mqtt_address == ("broker.example", 1883)


def test_sites_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """None are named by default."""
    assert load_settings().mqtt_sites == ()
    monkeypatch.setenv("PORTERO_MQTT_SITES", "nunoa, la-reina")
    assert load_settings().mqtt_sites == ("nunoa", "la-reina")
