"""The check that the organization opted out of AI-service data use."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pulumi
import pytest
from botocore.stub import Stubber

from portero_infra.opt_out import effective_policy_of_account, opted_out
from tests.support.infra.stack import deploy


def _policy(**services: str) -> str:
    return json.dumps({"services": {name: {"opt_out_policy": choice} for name, choice in services.items()}})


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        (None, False),
        (_policy(), False),
        (_policy(default="optOut"), True),
        (_policy(rekognition="optOut"), True),
        (_policy(default="optIn", rekognition="optOut"), True),
        (_policy(default="optOut", rekognition="optIn"), False),
        (_policy(lex="optOut"), False),
    ],
)
def test_rekognition_is_covered_by_name_before_default(policy: str | None, answer: bool) -> None:
    """What the policy says of Rekognition by name wins over what it says of every service."""
    assert opted_out(policy) is answer


def _organizations() -> tuple[Any, Stubber]:
    session = boto3.session.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")
    client = session.client("organizations")
    return client, Stubber(client)


def test_policy_in_effect_is_asked_for() -> None:
    """The account's effective policy is what AWS Organizations answers."""
    client, stubber = _organizations()
    answer = {"EffectivePolicy": {"PolicyContent": _policy(default="optOut")}}
    stubber.add_response("describe_effective_policy", answer, {"PolicyType": "AISERVICES_OPT_OUT_POLICY"})
    with stubber:
        assert opted_out(effective_policy_of_account(client))


@pytest.mark.parametrize("code", ["AWSOrganizationsNotInUseException", "EffectivePolicyNotFoundException"])
def test_no_policy_is_an_answer(code: str) -> None:
    """An account without organization or policy has not opted out."""
    client, stubber = _organizations()
    stubber.add_client_error("describe_effective_policy", code)
    with stubber:
        assert effective_policy_of_account(client) is None


def test_refusal_to_answer_ends_the_program() -> None:
    """Where the deployer may not ask, the program ends instead of guessing."""
    client, stubber = _organizations()
    stubber.add_client_error("describe_effective_policy", "AccessDeniedException")
    with stubber, pytest.raises(pulumi.RunError, match="does not say"):
        effective_policy_of_account(client)


def test_production_is_not_made_without_the_opt_out() -> None:
    """Where the opt-out is required and not in effect, the program ends before it makes anything."""
    with pytest.raises(pulumi.RunError, match="has not opted out"):
        deploy("prod", policy=None)


def test_dev_is_made_without_the_opt_out() -> None:
    """Where the opt-out is only reported, the stack is made all the same."""
    assert deploy("dev", policy=None).all("rekognition/collection:Collection")
