"""Settings of strangers who are known again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from portero_server.domain.people.visitors import VisitorPolicy, policy_for


class VisitorSettings(BaseSettings):
    """Whether strangers get an id by which they are known again: it keeps biometric data of people without a name."""

    visitors: bool = Field(
        False,
        description="Whether strangers get an id by which they are known again at the same site. Read "
        "[PRIVACY.md](PRIVACY.md) first: it keeps biometric data of people who were not asked.",
    )
    visitor_forbidden_sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Sites at which strangers are not known again although PORTERO_VISITORS is set, and make no "
        "alerts; with commas.",
    )
    visitor_limit: int = Field(
        5000,
        ge=1,
        le=50_000,
        description="Visitors that one site knows at most. Beyond it strangers get no id until some have expired; with "
        "more of them, more are too much alike to be told apart.",
    )

    visitor_same: float | None = Field(
        None,
        gt=0,
        description="A stranger at most this far from a visitor may be that visitor. Unset: 0.46 with dlib, and in "
        "proportion with other encoders; also the next two.",
    )
    visitor_apart: float | None = Field(
        None,
        gt=0,
        description="A stranger farther than this from every visitor is a new one, at least PORTERO_VISITOR_SAME; in "
        "between there is no visitor. Unset: 0.55 with dlib.",
    )
    visitor_lead: float | None = Field(
        None,
        ge=0,
        description="The nearest visitor must be nearer than the next by this much. Unset: 0.08 with dlib.",
    )
    visitor_least_side: int = Field(
        VisitorPolicy().least_side, ge=32, description="Faces less wide or high than this get no visitor, pixels."
    )

    def visitor_policy(self, same: float, visit_gap: timedelta) -> VisitorPolicy:
        """Returns when a stranger is taken for one who came before.

        Args:
            same: `FaceDistances.same` of the encoder in use.
            visit_gap: A sighting that begins later than this after the one before is another visit.
        """
        own = policy_for(same, visit_gap)
        nearest = own.same if self.visitor_same is None else self.visitor_same
        return replace(
            own,
            same=nearest,
            apart=max(nearest, own.apart if self.visitor_apart is None else self.visitor_apart),
            lead=own.lead if self.visitor_lead is None else self.visitor_lead,
            least_side=self.visitor_least_side,
        )

    @field_validator("visitor_forbidden_sites", mode="before")
    @classmethod
    def _sites(cls, value: object) -> object:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value
