"""Settings of access control: authentication, bridges, token issuer, and limits on callers."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from portero_server.access.issuer_http import sound_url
from portero_server.access.issuer_keys import FetchPolicy
from portero_server.access.limits import LimitPolicy
from portero_server.access.tokens import LEEWAY, ROLES_CLAIM, TokenPolicy
from portero_server.domain.access.identities import EVERYTHING, OF_ATTENDANCE, Grant, Role, Scope
from portero_server.domain.access.turns import TurnPolicy
from portero_server.domain.access.wasted_calls import WastePolicy
from portero_server.settings.types import Pause, Rate, Seconds

_LIMITS = LimitPolicy()
_SITE = "sites/"
_PLACE = r"(cameras/|sites/)?[a-z0-9][a-z0-9-]{0,62}"
# Teachers and guardians have keys, which name their groups or people.
_GRANT = re.compile(rf"({'|'.join(role.value for role in Role if role not in OF_ATTENDANCE)})(@{_PLACE}(,{_PLACE})*)?")
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
BridgeName = Annotated[str, Field(pattern=_NAME)]
CameraOrSite = Annotated[str, Field(pattern=rf"^{_PLACE}$")]


class AccessSettings(BaseSettings):
    """Who may call, and how often."""

    auth: Literal["none", "required"] = Field(
        "none",
        description="Whether callers must show an API key, a token or a certificate. none: everybody is an admin, "
        "which is refused where other machines reach PORTERO_LISTEN.",
    )
    anyone_off_loopback: bool = Field(
        False,
        description="Whether PORTERO_AUTH=none is allowed where other machines reach PORTERO_LISTEN: whoever reaches "
        "the port may then do everything. Only for closed networks of containers, and tests.",
    )
    bridges: dict[BridgeName, list[CameraOrSite]] = Field(
        {},
        description="Bridges that show a client certificate, by the NAME in its URI portero://bridges/NAME, with the "
        'cameras they may stream, or sites of which all: {"lobby": ["door", "desk"], "hall": ["sites/hall"]}.',
    )
    oidc_issuer: str | None = Field(
        None,
        description="Issuer of the tokens that are taken, as their claim iss: "
        "https://cognito-idp.REGION.amazonaws.com/POOL; its keys are discovered there. Unset: none are.",
    )
    oidc_audiences: list[str] = Field(
        [],
        description="For whom tokens must be made, as JSON: one of these in their claim aud, or, as in access tokens "
        "of Amazon Cognito that have none, in client_id.",
    )
    oidc_roles: dict[str, list[str]] = Field(
        {},
        description="What values of the claim of PORTERO_OIDC_ROLES_CLAIM grant: roles, for all cameras or behind @ "
        'for some and for sites: {"staff": ["reader"], "lobby": ["operator@door,sites/lobby"]}.',
    )
    oidc_roles_claim: str = Field(ROLES_CLAIM, description="The claim that says which roles somebody has.")
    oidc_leeway: Pause = Field(LEEWAY, description="By how much the clocks of issuer and server may differ, seconds.")
    oidc_keys_interval: Seconds = Field(
        FetchPolicy().interval,
        description="Least time between two requests for the issuer's keys, seconds. A new key is known this long "
        "after its first token at the latest, and the time in which the issuer answers twice.",
    )
    limit_connections: Rate = Field(
        _LIMITS.connections,
        description="Most new connections a minute of one identity, and of all callers without a valid credential at "
        "one address.",
    )
    limit_requests: Rate = Field(
        _LIMITS.requests, description="Most calls a second of one identity, streams not counted."
    )
    limit_streams: int = Field(
        _LIMITS.streams, ge=1, le=10_000, description="Most streams and watchers of one identity that are open at once."
    )
    limit_frames: Rate = Field(
        _LIMITS.frames,
        description="Most frames a second of one identity, all its streams together; those beyond are rejected one by "
        "one (RATE_LIMITED), and are lost. Leave room for bridges that send what they spooled.",
    )
    limit_frame_bytes: Rate = Field(
        _LIMITS.frame_bytes, description="Most bytes of frames a second of one identity, all its streams together."
    )
    limit_by_address: Annotated[float, Field(ge=0)] = Field(
        _LIMITS.by_address,
        description="How many times the limits of an identity all identities of one address may use together; 0: no "
        "limit by address, for where all callers come through one proxy.",
    )

    limit_token_checks: Rate = Field(
        TurnPolicy().per_second,
        description="Most tokens of the issuer a second that are verified in vain, of everybody together. Beyond it "
        "tokens not seen before wait for their turn, one address after the other; those verified before never wait.",
    )

    limit_wasted_calls: Annotated[float, Field(ge=0)] = Field(
        WastePolicy().per_second,
        description="Most calls a second of one connection that come to nothing within a second: canceled, refused, "
        "of an unknown method, or a health check. A connection with more is closed, and for a minute those of its "
        "identity, or of strangers at its address, may make a tenth. A known caller who is only told to wait is not "
        "counted. 0: no limit, for where a proxy puts the calls of several callers on one connection.",
    )

    @model_validator(mode="after")
    def _bridges_have_cameras(self) -> AccessSettings:
        for name, places in self.bridges.items():
            if not places:
                raise ValueError(f"PORTERO_BRIDGES must name at least one camera or site for {name}")
        return self

    @model_validator(mode="after")
    def _issuer_is_whole(self) -> AccessSettings:
        if self.oidc_issuer is None:
            return self
        if not sound_url(self.oidc_issuer):
            raise ValueError("PORTERO_OIDC_ISSUER must be an https URL (http only on loopback)")
        if not self.oidc_audiences or not self.oidc_roles:
            raise ValueError("PORTERO_OIDC_ISSUER needs PORTERO_OIDC_AUDIENCES and PORTERO_OIDC_ROLES")
        for word, grants in self.oidc_roles.items():
            for grant in grants:
                if not _GRANT.fullmatch(grant):
                    raise ValueError(
                        f"PORTERO_OIDC_ROLES grants {word} {grant!r}, which must be ROLE or ROLE@PLACE,PLACE"
                    )
        return self

    @property
    def token_policy(self) -> TokenPolicy | None:
        """Which tokens are accepted; None: no tokens."""
        if self.oidc_issuer is None:
            return None
        return TokenPolicy(
            issuer=self.oidc_issuer,
            audiences=frozenset(self.oidc_audiences),
            grants={word: [_grant(text) for text in grants] for word, grants in self.oidc_roles.items()},
            roles_claim=self.oidc_roles_claim,
            leeway=self.oidc_leeway,
        )

    @property
    def bridge_scopes(self) -> dict[str, Scope]:
        """The cameras of each bridge."""
        return {name: _scope(places) for name, places in self.bridges.items()}

    @property
    def waste_policy(self) -> WastePolicy:
        """How many calls a connection may waste."""
        return WastePolicy(per_second=self.limit_wasted_calls, by_address=self.limit_by_address)

    @property
    def limit_policy(self) -> LimitPolicy:
        """The limits on callers."""
        return LimitPolicy(
            connections=self.limit_connections,
            requests=self.limit_requests,
            streams=self.limit_streams,
            frames=self.limit_frames,
            frame_bytes=self.limit_frame_bytes,
            by_address=self.limit_by_address,
        )


def _grant(text: str) -> Grant:
    role, _, places = text.partition("@")
    return Grant(Role(role), _scope(places.split(",")) if places else EVERYTHING)


def _scope(places: list[str]) -> Scope:
    sites = {place.removeprefix(_SITE) for place in places if place.startswith(_SITE)}
    cameras = {place.removeprefix("cameras/") for place in places if not place.startswith(_SITE)}
    return Scope(frozenset(cameras), frozenset(sites))
