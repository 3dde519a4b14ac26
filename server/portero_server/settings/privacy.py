"""Settings of privacy: consent, and retention periods."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from portero_server.domain.people.privacy import Purpose
from portero_server.settings.types import Seconds

_NEVER = "0: for ever"


class PrivacySettings(BaseSettings):
    """Whether people must consent, and how long data is kept."""

    consent: Literal["optional", "required"] = Field(
        "optional",
        description="required: faces are learned, and people matched, only with a valid consent on record. optional: "
        "people without any consent are matched; those whose consent was withdrawn or ended are not.",
    )
    erasure_interval: Seconds = Field(5.0, description="How often unfinished erasures are looked for, seconds.")
    retention_interval: Seconds = Field(
        3600.0, description="How often rows that are past their time are looked for and removed, seconds."
    )
    retention_strangers_days: int = Field(
        30, ge=0, description=f"How long sightings and recognitions of strangers are kept, days. {_NEVER}."
    )
    retention_visitors_days: int = Field(
        30,
        ge=1,
        le=365,
        description="How long after a visit anything is kept that makes a stranger known again, days; never longer "
        "than the stranger's sighting.",
    )
    retention_sightings_days: int = Field(
        365, ge=0, description=f"How long sightings and recognitions of people with a name are kept, days. {_NEVER}."
    )
    retention_texts_days: int = Field(30, ge=0, description=f"How long text read in streams is kept, days. {_NEVER}.")
    retention_events_days: int = Field(
        30, ge=0, description=f"How long events are kept that watchers can ask for again, days. {_NEVER}."
    )
    retention_exceptions_days: int = Field(
        90, ge=0, description=f"How long the record of rejected and missing frames is kept, days. {_NEVER}."
    )
    retention_usage_days: int = Field(
        730, ge=0, description=f"How long usage and the steps of budgets are kept, days. {_NEVER}."
    )
    retention_consents_days: int = Field(
        1825, ge=0, description=f"How long a consent is kept as evidence after it has ended, days. {_NEVER}."
    )
    retention_audit_days: int = Field(
        1825,
        ge=0,
        description=f"How long entries of the audit trail are kept, days; what is left still verifies. {_NEVER}.",
    )

    retention_check_ins_days: int = Field(
        30, ge=0, description=f"How long check-ins and what was read from their cards are kept, days. {_NEVER}."
    )
    retention_guests_days: int = Field(
        7, ge=0, description=f"How long expected guests are kept after their day of arrival, days. {_NEVER}."
    )

    retention_attendance_days: int = Field(
        730, ge=0, description=f"How long attendance is kept after the session, days. {_NEVER}."
    )

    keep_decisions: bool = Field(
        True,
        description="Whether it is stored what each decision about a face saw: the best candidates with their "
        "similarity, the quality of the shot, and the thresholds used. `portero decisions` and `portero review` need "
        "it.",
    )
    retention_decisions_days: int = Field(
        30, ge=0, description=f"How long what decisions saw is kept, days. {_NEVER}, or as long as the candidates."
    )

    retention_reviews_days: int = Field(
        365, ge=0, description=f"How long it is kept what people said of sightings, days. {_NEVER}."
    )
    retention_review_pictures_hours: int = Field(
        24,
        ge=1,
        le=168,
        description="How long a picture is kept that waits to be reviewed (PORTERO_REVIEW_PICTURES), hours; it goes "
        "with the review of its sighting.",
    )
    retention_snapshots_hours: int = Field(
        72,
        ge=1,
        le=26_280,
        description="How long a snapshot is kept (PORTERO_SNAPSHOTS), hours; it goes before with its sighting, and "
        "with whomever it shows.",
    )
    review_demand_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="How long, after somebody said of a sighting that it is not a person, that person is only named at "
        "the same camera by a higher similarity than the face had, days. 0: nothing follows for other faces.",
    )

    retention_photos_days: int = Field(
        0,
        ge=0,
        description="How long the photo vault keeps an enrollment photo at the longest, days. 0: as long as its face, "
        "and the consent to keep the photo.",
    )

    @property
    def consent_required(self) -> bool:
        """Whether only people with a valid consent may be enrolled and matched."""
        return self.consent == "required"

    @property
    def retention_rules(self) -> dict[Purpose, timedelta]:
        """The retention period of each purpose; purposes kept forever are left out."""
        days = {
            Purpose.STRANGERS: self.retention_strangers_days,
            Purpose.VISITORS: self.retention_visitors_days,
            Purpose.SIGHTINGS: self.retention_sightings_days,
            Purpose.TEXTS: self.retention_texts_days,
            Purpose.EVENTS: self.retention_events_days,
            Purpose.EXCEPTIONS: self.retention_exceptions_days,
            Purpose.USAGE: self.retention_usage_days,
            Purpose.CONSENTS: self.retention_consents_days,
            Purpose.AUDIT: self.retention_audit_days,
            Purpose.CHECK_INS: self.retention_check_ins_days,
            Purpose.GUESTS: self.retention_guests_days,
            Purpose.PHOTOS: self.retention_photos_days,
            Purpose.REVIEWS: self.retention_reviews_days,
            Purpose.DECISIONS: self.retention_decisions_days,
            Purpose.ATTENDANCE: self.retention_attendance_days,
        }
        rules = {purpose: timedelta(days=span) for purpose, span in days.items() if span}
        return rules | {Purpose.REVIEW_PICTURES: self.review_picture_span, Purpose.SNAPSHOTS: self.snapshot_span}

    @property
    def snapshot_span(self) -> timedelta:
        """How long a snapshot is kept, and shown."""
        return timedelta(hours=self.retention_snapshots_hours)

    @property
    def review_picture_span(self) -> timedelta:
        """How long a picture that waits to be reviewed is kept, and shown."""
        return timedelta(hours=self.retention_review_pictures_hours)
