"""Settings of the scheduled export."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from portero_server.settings.types import Seconds
from portero_server.settings.vault import BUCKET, checked_place, prefix_of


class ExportSettings(BaseSettings):
    """Whether the server writes each day of sightings to files by itself, where, as what and when."""

    export: str | None = Field(
        None,
        description="Where the sightings of each day are written to files, one a site and day of UTC, as `portero "
        "export` does ([layout and columns](../clients/EXPORTS.md)): a folder, as /srv/portero-exports, or "
        "s3://BUCKET/PREFIX without versioning; unset: nowhere. All servers of a database use the same, and nothing "
        "else does. They name people: read [PRIVACY.md](PRIVACY.md#exported-sightings) first.",
    )
    export_format: Literal["csv", "jsonl", "parquet"] = Field(
        "csv", description="What sightings are written as; parquet needs the extra `parquet`."
    )
    export_sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Sites whose sightings are written, with commas; empty: those of all cameras."
    )
    export_since: date | None = Field(
        None,
        ge=date(2000, 1, 1),
        description="First day that is written, in UTC, as 2026-05-01, 2000-01-01 at the earliest; unset: the last "
        "whole day when it began.",
    )
    export_closed_after_hours: int = Field(
        6,
        ge=0,
        le=168,
        description="How long a day must be over before it is written, hours, since frames may arrive late; what comes "
        "later still has the day written again.",
    )
    export_interval: Seconds = Field(
        900.0, description="How often days are looked for that are to be written, or have changed, seconds."
    )
    export_expired: Literal["remove", "keep"] = Field(
        "remove",
        description="What becomes of sightings in files when PORTERO_RETENTION_… removes them from the database. "
        "remove: they go from the files within two days, and a file that is empty is deleted. keep: they stay, except "
        "in days that change afterwards; an erasure no longer finds whom they name.",
    )
    export_region: str | None = Field(
        None, description="AWS region of the bucket; unset: that of the AWS profile or environment."
    )
    export_kms_key: str | None = Field(
        None,
        description="ARN of the KMS key that encrypts the objects of the bucket; unset: AWS's own key for S3 (aws/s3).",
    )

    @field_validator("export")
    @classmethod
    def _export_place(cls, value: str | None) -> str | None:
        return checked_place(value, "/srv/portero-exports")

    @field_validator("export_sites", mode="before")
    @classmethod
    def _export_site_names(cls, value: object) -> object:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _exports_have_places_of_their_own(self) -> ExportSettings:
        if self.export_bucket is not None and not self.export_bucket[1]:
            raise ValueError("PORTERO_EXPORT must be s3://BUCKET/PREFIX: exports need a prefix of their own")
        return self

    @property
    def export_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix of the files, the prefix ending with a slash; None: a folder, or none are written."""
        return prefix_of(self.export)

    @property
    def export_folder(self) -> Path | None:
        """Folder of the files; None: a bucket, or none are written."""
        return None if self.export is None or BUCKET.fullmatch(self.export) else Path(self.export)
