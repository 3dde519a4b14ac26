"""Which Apprise URLs may be used, and that no refusal shows one."""

from __future__ import annotations

import pytest

from portero_server.domain.events.apprise_urls import KNOWN_SCHEMAS, AppriseUrl, checked_language, checked_urls
from portero_server.errors import InvalidInput

_ALL = frozenset(KNOWN_SCHEMAS)


def _refusal(*urls: str, allowed: frozenset[str] = _ALL, plaintext: bool = True) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        checked_urls(urls, allowed, plaintext=plaintext)
    return refusal.value


def test_urls_of_services_and_of_hosts_are_taken_as_they_are() -> None:
    """A token with two colons is no host and port."""
    urls = (
        "tgram://123456789:AbCdEf/42/",
        "mailtos://me:secret@mail.example?to=ana@school.example",
        "JSONS://h.example/a",
    )
    found = checked_urls(urls, _ALL, plaintext=False)
    assert [each.url for each in found] == list(urls)
    assert [each.schema for each in found] == ["tgram", "mailtos", "jsons"]
    assert [each.hosts for each in found] == [(), ("mail.example",), ("h.example",)]


def test_the_server_of_an_e_mail_is_one_of_its_hosts() -> None:
    """So an address that is hidden in a parameter is checked, too."""
    (url,) = checked_urls(["mailtos://me:secret@mail.example?smtp=10.0.0.1"], _ALL, plaintext=False)
    assert url.hosts == ("mail.example", "10.0.0.1")
    assert not AppriseUrl("json://h.example", "json").encrypted


@pytest.mark.parametrize(
    "schema",
    [
        "file",
        "exec",
        "dbus",
        "windows",
        "syslog",
        "macosx",
        "gnome",
        "kde",
        "qt",
        "glib",
        "gio",
        "growl",
        "mqtt",
        "smpp",
    ],
)
def test_schemas_of_this_machine_are_refused_by_name(schema: str) -> None:
    """Also where the settings were made to allow them, which they cannot be."""
    refusal = _refusal(f"{schema}://S3CR3T/", allowed=_ALL | {schema})
    assert (refusal.reason, f"({schema})" in refusal.message, "S3CR3T" in refusal.message) == (
        "SCHEMA_REFUSED",
        True,
        False,
    )


def test_a_schema_that_the_settings_leave_out_is_refused() -> None:
    """The message names those that are allowed."""
    refusal = _refusal("tgram://S3CR3T/1", allowed=frozenset({"slack", "mailtos"}))
    assert refusal.message.endswith("PORTERO_PEOPLE_SCHEMAS allows mailtos, slack")


def test_what_does_not_encrypt_needs_networks_of_the_site() -> None:
    """As http does."""
    assert "PORTERO_WEBHOOK_NETWORKS" in _refusal("json://h.example/", plaintext=False).message
    assert checked_urls(["json://h.example/"], _ALL, plaintext=True)


@pytest.mark.parametrize("name", ["verify", "template", "pgpkey", "mode", "+X-Token", "overflow", "rto"])
def test_parameters_that_read_files_or_weaken_tls_are_refused(name: str) -> None:
    """The message lists those that may be."""
    refusal = _refusal(f"mailtos://me:S3CR3T@mail.example?{name.replace('+', '%2B')}=no")
    assert "parameters" in refusal.message
    assert "S3CR3T" not in refusal.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "S3CR3T",
        "jsons://",
        "jsons://h.example:99999/S3CR3T",
        "jsons://h.example:no/S3CR3T",
        "jsons://[S3CR3T/",
        "jsons://h.example/#S3CR3T",
        "jsons://h.example/S3CR3T x",
        "jsons://h.example/S3CR3T\nmailtos://b.example",
        "tgram://",
        "jsons://h.example/" + "S3CR3T" * 400,
        "S3CR3T" * 20 + "://x",
    ],
)
def test_what_is_no_url_is_refused_without_showing_it(url: str) -> None:
    """It is named by its number."""
    refusal = _refusal("tgram://123456789:AbCdEf/42/", url)
    assert refusal.field == "subscription.people.urls"
    assert "subscription.people.urls[1]" in refusal.message
    assert "S3CR3T" not in refusal.message.upper()


def test_there_are_one_to_ten() -> None:
    """As many as one message may reach."""
    assert "1 to 10" in _refusal().message
    assert "1 to 10" in _refusal(*["jsons://h.example"] * 11).message


def test_a_language_without_messages_is_refused() -> None:
    """Empty means English."""
    assert (checked_language(""), checked_language("es")) == ("en", "es")
    with pytest.raises(InvalidInput, match="en, es"):
        checked_language("fr")
