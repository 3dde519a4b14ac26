"""Settings of the pictures that people review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode


class PictureSettings(BaseSettings):
    """Whether a picture of the face is kept with sightings that wait to be reviewed, sealed and for some hours."""

    review_pictures: bool = Field(
        False,
        description="Whether the best picture of the face is kept, sealed, with each sighting that a person should "
        "look at (`portero review`), for PORTERO_RETENTION_REVIEW_PICTURES_HOURS. Read [PRIVACY.md](PRIVACY.md) first: "
        "it keeps pictures of people who were not asked.",
    )
    review_pictures_key_file: Path | None = Field(
        None,
        description="File with the keys that seal these pictures in the database, which only its owner may read; "
        "`portero-server vault key FILE` makes it. All servers of a database have the same keys. Without it no picture "
        "is kept or shown.",
    )
    review_pictures_forbidden_sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Sites whose cameras keep no pictures although PORTERO_REVIEW_PICTURES is set, with commas; those "
        "of PORTERO_VISITOR_FORBIDDEN_SITES keep none either.",
    )
    review_pictures_least_side: int = Field(
        32, ge=16, le=512, description="No picture is kept of a face less wide or high than this, pixels."
    )
    review_pictures_most_side: int = Field(
        320, ge=64, le=640, description="Longer side of a picture, pixels; larger ones are scaled down."
    )
    review_pictures_limit: int = Field(
        10_000,
        ge=1,
        le=200_000,
        description="Pictures that are kept at most; beyond it none is added until some have expired. One takes about "
        "15 kB, at most 48.",
    )

    @field_validator("review_pictures_forbidden_sites", mode="before")
    @classmethod
    def _named_sites(cls, value: object) -> object:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _pictures_are_sealed(self) -> PictureSettings:
        if self.review_pictures and self.review_pictures_key_file is None:
            raise ValueError(
                "PORTERO_REVIEW_PICTURES needs PORTERO_REVIEW_PICTURES_KEY_FILE, the keys that seal the pictures: "
                "`portero-server vault key FILE` makes them"
            )
        return self
