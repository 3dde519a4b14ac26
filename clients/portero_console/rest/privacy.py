"""What people may ask for: consent, block, erasure."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from portero_client import Consent, Erasure, PersonPrivacy
from portero_console.parts import TheCaller
from portero_console.rest.shapes import PersonId

router = APIRouter(tags=["privacy"])


class NewConsent(BaseModel):
    """A consent that was given."""

    purpose: Annotated[str, Field(min_length=1, max_length=200, description="What for.")]
    text_version: Annotated[str, Field(min_length=1, max_length=200, description="Which text was agreed to.")]
    channel: Annotated[str, Field(min_length=1, max_length=200, description="How it was given.")]
    guardian: Annotated[str, Field(max_length=200, description="Who agreed for a minor; empty: the person.")] = ""
    give_time: Annotated[AwareDatetime | None, Field(description="When it was given; left out: now.")] = None
    expire_time: Annotated[AwareDatetime | None, Field(description="When it ceases to be valid; left out: never.")] = (
        None
    )


class Withdrawal(BaseModel):
    """Which consent is withdrawn."""

    consent: Annotated[
        str, Field(max_length=128, pattern="^(-|[A-Za-z0-9][A-Za-z0-9_.-]*)$", description="Its id; `-`: all.")
    ] = "-"


class BlockReason(BaseModel):
    """Why a person is blocked."""

    reason: Annotated[str, Field(max_length=500, description="In words for people.")] = ""


@router.get("/people/{person}/privacy", response_model=PersonPrivacy, summary="Returns consents and block")
async def get_privacy(caller: TheCaller, person: PersonId) -> object:
    """Returns a person's consents and block, and whether they may be recognized now."""
    return await caller.client.privacy.get(person)


@router.post("/people/{person}/consents", response_model=Consent, status_code=201, summary="Records a consent")
async def record_consent(caller: TheCaller, person: PersonId, consent: NewConsent) -> object:
    """Records that a person agreed."""
    return await caller.client.privacy.record_consent(
        person,
        purpose=consent.purpose,
        text_version=consent.text_version,
        channel=consent.channel,
        guardian=consent.guardian,
        give_time=consent.give_time,
        expire_time=consent.expire_time,
    )


@router.post("/people/{person}/consents/withdraw", response_model=list[Consent], summary="Withdraws consent")
async def withdraw_consent(caller: TheCaller, person: PersonId, withdrawal: Withdrawal) -> object:
    """Withdraws one consent, or all; without a valid one the person is no longer recognized."""
    return await caller.client.privacy.withdraw_consent(person, withdrawal.consent)


@router.post("/people/{person}/block", response_model=PersonPrivacy, summary="Blocks a person")
async def block_person(caller: TheCaller, person: PersonId, block: BlockReason) -> object:
    """Has no face recognized as this person from now on."""
    return await caller.client.privacy.block(person, block.reason)


@router.post("/people/{person}/unblock", response_model=PersonPrivacy, summary="Ends a block")
async def unblock_person(caller: TheCaller, person: PersonId) -> object:
    """Ends the block of a person."""
    return await caller.client.privacy.unblock(person)


@router.post("/people/{person}/erase", response_model=Erasure, summary="Erases a person")
async def erase_person(caller: TheCaller, person: PersonId) -> object:
    """Erases a person permanently; called again, it returns the receipt, and when the last trace was gone."""
    return await caller.client.privacy.erase(person)
