"""Settings of check-ins."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from portero_server.documents.needs import CheckInPolicy
from portero_server.settings.types import Ratio, Seconds


class DocumentSettings(BaseSettings):
    """How people are checked in with their documents."""

    check_in_patience: Seconds = Field(
        60.0,
        description="How long a check-in from a camera's stream may take, seconds; then it ends as TIMED_OUT. A "
        "liveness session has this time too, and 180 at most.",
    )
    check_in_face_threshold: Ratio | None = Field(
        None,
        description="Lowest similarity at which the live face is the one on the card, 0 to 1 on the engine's scale. "
        "Unset: that of PORTERO_MATCH_THRESHOLD, or the engine's own.",
    )
    check_in_face_margin: Ratio = Field(
        0.1, description="A similarity no further below that threshold is doubtful, and a person must look."
    )
    check_in_liveness: bool = Field(
        False,
        description="Whether a check-in from a camera's stream may ask for a Face Liveness session of Amazon, which "
        "the guest makes with a device of their own. Only with PORTERO_ENGINE=rekognition, in a region that has Face "
        "Liveness. It sends a video of the guest's face to Amazon, and costs $0.015 a session.",
    )
    check_in_liveness_confidence: Ratio = Field(
        0.8,
        description="Lowest confidence of Amazon, 0 to 1, that a liveness session shows somebody alive. Amazon's AI "
        "Service Card for Face Liveness finds 0.5 to 0.6 suitable against photos and masks, and 0.8 to 0.9 also "
        "against videos injected in place of a camera, which somebody's own device allows.",
    )
    check_in_time_zone: str = Field(
        "America/Santiago",
        description="IANA time zone of the site: by its date documents expire and guests arrive.",
    )
    check_in_registry_link: str = Field(
        "https://portal.sidiv.registrocivil.cl/docstatus",
        max_length=500,
        pattern=r"^(https://\S+)?$",
        description="Public page on which a person can ask the registry whether a document is valid. It is told with "
        "each check-in and never asked by the server. Empty: none.",
    )

    @field_validator("check_in_time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be an IANA time zone that is known here, such as America/Santiago") from None
        return name

    @property
    def check_in_policy(self) -> CheckInPolicy:
        """How check-ins are made."""
        return CheckInPolicy(self.check_in_patience, ZoneInfo(self.check_in_time_zone))
