"""Settings of the webhook that is told of sightings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from portero_server.domain.events.addresses import Network
from portero_server.domain.events.apprise_urls import KNOWN_SCHEMAS
from portero_server.settings.types import Seconds

EventKind = Literal["started", "resumed", "revised", "left"]


def _words(value: object) -> object:
    """Returns the words of a list that is written with commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class EventSettings(BaseSettings):
    """Where events are sent, how they are signed, and which."""

    webhook_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("PORTERO_WEBHOOK_URL", "NEXTJS_WEBHOOK_URL"),
        description="URL to which events of sightings are sent by POST, https or, for an address in "
        "PORTERO_WEBHOOK_NETWORKS only, http. Unset: nowhere. Also read from NEXTJS_WEBHOOK_URL.",
    )
    webhook_secret: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("PORTERO_WEBHOOK_SECRET", "FACIAL_RECOGNITION_WEBHOOK_SECRET"),
        description="Key of the signatures: whsec_ and base64, or any text of at least 16 characters, whose bytes are "
        "the key. Also read from FACIAL_RECOGNITION_WEBHOOK_SECRET.",
    )
    webhook_secret_file: Path | None = Field(
        None,
        description="File with such keys, one a line, the newest first; each message is signed with all of them, so "
        "that a receiver can change its key at any time.",
    )
    webhook_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Private networks to which the webhook's name may lead, as 192.168.7.0/24,10.0.0.5/32. Others are "
        "refused, and link-local ones always, where clouds answer with credentials.",
    )
    webhook_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that the webhook's certificate may be of. Unset: the system's."
    )
    webhook_events: Annotated[tuple[EventKind, ...], NoDecode] = Field(
        ("started", "resumed", "revised", "left"), min_length=1, description="Which events are sent, with commas."
    )
    webhook_strangers: bool = Field(True, description="Whether events of people without a name are sent.")
    webhook_timeout: float = Field(10.0, gt=0, le=15, description="Longest time for one message, seconds.")
    webhook_patience_days: float = Field(
        3.0,
        gt=0,
        le=30,
        description="An event that is not taken for so many days is given up. Those that are past "
        "PORTERO_RETENTION_EVENTS_DAYS are not sent any more in any case.",
    )

    subscription_key_file: Path | None = Field(
        None,
        description="File with the keys that seal the URLs and secrets of subscriptions in the database, which only "
        "its owner may read; `portero-server vault key FILE` makes it. All servers of a database have the same keys. "
        "Unset: nothing can be subscribed.",
    )
    subscription_limit: int = Field(50, ge=1, le=500, description="Most subscriptions.")
    subscription_deliveries: int = Field(
        200,
        ge=1,
        le=10_000,
        description="How many of the last messages are kept of each subscription, for "
        "`portero subscriptions deliveries`: so many that were taken, and so many that wait. Contents are not kept.",
    )
    subscription_dead_letters: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="How many of the last messages that were given up are kept of each "
        "subscription, with what was answered last.",
    )
    subscription_poll: Seconds = Field(
        5.0, description="How often a server looks for subscriptions that were changed on another one, seconds."
    )

    people_schemas: Annotated[tuple[str, ...], NoDecode] = Field(
        ("discord", "gchat", "jsons", "mailtos", "matrixs", "mmosts", "ntfys", "pover", "slack", "tgram", "workflows"),
        description="Schemas of Apprise URLs to which subscriptions of people may send, with commas. May be any of "
        f"{', '.join(sorted(KNOWN_SCHEMAS))}; json and mailto do not encrypt, and reach addresses in "
        "PORTERO_WEBHOOK_NETWORKS only. Empty: none.",
    )
    people_time_zone: str = Field(
        "UTC",
        description="IANA time zone in which messages to people tell times, as America/Santiago, unless a subscription "
        "has a zone of its own.",
    )

    alert_quiet: Seconds = Field(
        3600.0,
        description="Alerts of subscriptions (unknown_person, visitor_returned): how long no stranger must have "
        "been seen at a camera, or the same visitor at a site, before the next one makes an alert, seconds. Whoever "
        "goes in and out makes one.",
    )

    _split = field_validator("webhook_networks", "webhook_events", "people_schemas", mode="before")(_words)

    @field_validator("people_schemas")
    @classmethod
    def _known_schemas(cls, schemas: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(schemas) - set(KNOWN_SCHEMAS)):
            raise ValueError(f"{unknown[0]} may not be allowed: use any of {', '.join(sorted(KNOWN_SCHEMAS))}")
        return schemas

    @field_validator("people_time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be an IANA time zone that is known here, such as America/Santiago") from None
        return name

    @field_validator("webhook_url")
    @classmethod
    def _url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            whole = False
        if not whole or parts.username is not None or parts.fragment:
            raise ValueError("must be https://HOST/PATH or http://HOST/PATH, without a user or a fragment")
        return value

    @model_validator(mode="after")
    def _whole_webhook(self) -> EventSettings:
        if self.webhook_url is None:
            return self
        if (self.webhook_secret is None) == (self.webhook_secret_file is None):
            raise ValueError(
                "PORTERO_WEBHOOK_URL needs PORTERO_WEBHOOK_SECRET or PORTERO_WEBHOOK_SECRET_FILE, one of them"
            )
        if not self.webhook_encrypted and not self.webhook_networks:
            raise ValueError("PORTERO_WEBHOOK_URL must begin with https:// unless PORTERO_WEBHOOK_NETWORKS is set")
        return self

    @property
    def webhook_encrypted(self) -> bool:
        """Whether the webhook's URL is one of https."""
        return self.webhook_url is not None and urlsplit(self.webhook_url.get_secret_value()).scheme == "https"

    @property
    def webhook_patience(self) -> timedelta:
        """How long an event is tried."""
        return timedelta(days=self.webhook_patience_days)
