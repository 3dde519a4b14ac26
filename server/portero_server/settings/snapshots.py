"""Settings of snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from portero_server.domain.people.photos import KEEP_PHOTOS
from portero_server.settings.types import Seconds
from portero_server.settings.vault import BUCKET, checked_place, prefix_of


class SnapshotSettings(BaseSettings):
    """Whether a picture of each sighting is kept, in a folder or a bucket, for whom and for how long."""

    snapshots: str | None = Field(
        None,
        description="Where a picture of the face of each sighting is kept as a JPEG file: a folder, as "
        "/srv/portero-snapshots, or s3://BUCKET/PREFIX without versioning; unset: none is. All servers of a database "
        "use the same, and nothing else does: files without a row are deleted. Read [PRIVACY.md](PRIVACY.md) first.",
    )
    snapshot_sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Sites whose cameras have snapshots, with commas; `*` means all cameras. Must be set with "
        "PORTERO_SNAPSHOTS; the sites of PORTERO_VISITOR_FORBIDDEN_SITES have none in any case.",
    )
    snapshot_subjects: Literal["everybody", "people", "strangers"] = Field(
        "everybody", description="Whose sightings have snapshots: people of the gallery, strangers, or both."
    )
    snapshot_purpose: str = Field(
        "",
        max_length=63,
        description="Purpose of a consent (`portero consent`) without which no snapshot is kept of a person; strangers "
        "then have none. Empty: no such consent is asked for.",
    )
    snapshot_context: bool = Field(
        False, description="Whether the whole frame is kept besides the face. Other faces found in it are blackened."
    )
    snapshot_quality: int = Field(85, ge=30, le=95, description="Quality of the JPEG files, 30 to 95.")
    snapshot_least_side: int = Field(
        40, ge=16, le=512, description="No snapshot is kept of a face less wide or high than this, pixels."
    )
    snapshot_face_side: int = Field(
        640, ge=64, le=1280, description="Longer side of the picture of a face, pixels; larger ones are scaled down."
    )
    snapshot_context_side: int = Field(
        1280, ge=320, le=1920, description="Longer side of the picture of a frame, pixels; larger ones are scaled down."
    )
    snapshot_limit: int = Field(
        200_000,
        ge=1,
        le=5_000_000,
        description="Files that are kept at most; beyond it none is added until some have expired. One takes 20 to 60 "
        "kB.",
    )
    snapshots_region: str | None = Field(
        None, description="AWS region of the bucket; unset: that of the AWS profile or environment."
    )
    snapshot_kms_key: str | None = Field(
        None,
        description="ARN of the KMS key that encrypts the objects of the bucket; unset: AWS's own key for S3 (aws/s3).",
    )
    snapshot_links: bool = Field(
        False,
        description="Whether messages to webhooks have a link to each snapshot in the bucket. Whoever has the link can "
        "look at it until it ends.",
    )
    snapshot_link_seconds: int = Field(
        3600,
        ge=60,
        le=604_800,
        description="How long a link works at the longest, seconds; never longer than the snapshot is kept, nor than "
        "the credentials of this server.",
    )
    snapshot_sweep_interval: Seconds = Field(
        60.0, description="How often snapshots that are to be deleted are looked for, seconds."
    )

    @field_validator("snapshots")
    @classmethod
    def _snapshot_place(cls, value: str | None) -> str | None:
        return checked_place(value, "/srv/portero-snapshots")

    @field_validator("snapshot_sites", mode="before")
    @classmethod
    def _snapshot_site_names(cls, value: object) -> object:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value

    @field_validator("snapshot_purpose")
    @classmethod
    def _snapshot_consent(cls, value: str) -> str:
        if value == KEEP_PHOTOS:
            raise ValueError(f"must not be {KEEP_PHOTOS}, which is a consent to keep enrollment photos alone")
        return value

    @model_validator(mode="after")
    def _snapshots_are_placed(self) -> SnapshotSettings:
        if self.snapshots is None:
            return self
        if not self.snapshot_sites:
            raise ValueError("PORTERO_SNAPSHOTS needs PORTERO_SNAPSHOT_SITES: names of sites, or *")
        if self.snapshot_links and self.snapshot_bucket is None:
            raise ValueError("PORTERO_SNAPSHOT_LINKS needs snapshots in a bucket: PORTERO_SNAPSHOTS=s3://BUCKET/PREFIX")
        return self

    @property
    def snapshot_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix of the snapshots, the prefix ending with a slash; None: a folder, or none are kept."""
        return prefix_of(self.snapshots)

    @property
    def snapshot_folder(self) -> Path | None:
        """Folder of the snapshots; None: a bucket, or none are kept."""
        return None if self.snapshots is None or BUCKET.fullmatch(self.snapshots) else Path(self.snapshots)
