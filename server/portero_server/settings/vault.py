"""Settings of the photo vault."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from portero_server.settings.types import Seconds

BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*'()/-]{1,200}))?")


def checked_place(value: str | None, example: str) -> str | None:
    """Returns the address of a folder or bucket as it is. Raises ValueError if it is neither."""
    if value is None or BUCKET.fullmatch(value):
        return value
    if "://" in value or not Path(value).is_absolute():
        raise ValueError(f"must be a whole path, as {example}, or s3://BUCKET/PREFIX")
    return value


def prefix_of(address: str | None) -> tuple[str, str] | None:
    """Returns the bucket and prefix of an address, the prefix ending with a slash; None: it is a folder, or none."""
    found = BUCKET.fullmatch(address or "")
    if found is None:
        return None
    prefix = (found[2] or "").strip("/")
    return found[1], f"{prefix}/" if prefix else ""


class VaultSettings(BaseSettings):
    """Whether enrollment photos are kept, encrypted, so that faces can be made anew for another engine or model."""

    photo_vault: str | None = Field(
        None,
        description="Where enrollment photos are kept of people who consented to it (purpose keep-photos): a folder, "
        "as /srv/portero-photos, or s3://BUCKET/PREFIX without versioning; unset: photos are discarded. All servers of "
        "a database use the same.",
    )
    photo_vault_key_file: Path | None = Field(
        None,
        description="File with the keys that encrypt the photos, which only its owner may read; "
        "`portero-server vault key FILE` makes it. Without it the photos are lost: keep a copy elsewhere.",
    )
    photo_vault_region: str | None = Field(
        None, description="AWS region of the vault's bucket; unset: that of the AWS profile or environment."
    )
    photo_vault_sweep_interval: Seconds = Field(
        60.0,
        description="How often photos whose consent has ended or whose face is gone are looked for and deleted, "
        "seconds.",
    )

    @field_validator("photo_vault")
    @classmethod
    def _place(cls, value: str | None) -> str | None:
        return checked_place(value, "/srv/portero-photos")

    @model_validator(mode="after")
    def _vault_is_whole(self) -> VaultSettings:
        if (self.photo_vault is None) != (self.photo_vault_key_file is None):
            raise ValueError("PORTERO_PHOTO_VAULT and PORTERO_PHOTO_VAULT_KEY_FILE must be set together")
        return self

    @property
    def photo_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix of the vault, the prefix ending with a slash; None: it is a folder, or there is none."""
        return prefix_of(self.photo_vault)
