"""Checks that the organization opted out of AWS using its images to improve AI services.

Only an organization's policy can do so, and its member accounts may read the policy in effect; a stack that processes
faces must not be created before the answer is yes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import boto3
import pulumi
from botocore.exceptions import BotoCoreError, ClientError

EffectivePolicy = Callable[[], str | None]
"""Returns the policy's JSON that is in effect for this account, or None if there is none."""

SERVICES = ("rekognition", "default")

NO_POLICY = {"AWSOrganizationsNotInUseException", "EffectivePolicyNotFoundException"}


def opted_out(policy: str | None) -> bool:
    """Returns whether an effective AISERVICES_OPT_OUT_POLICY (JSON) covers Rekognition, by name or by default."""
    if policy is None:
        return False
    services: dict[str, Any] = json.loads(policy).get("services", {})
    for service in SERVICES:
        if service in services:
            return bool(services[service].get("opt_out_policy") == "optOut")
    return False


def check_opt_out(wanted: Literal["required", "reported"], effective_policy: EffectivePolicy) -> None:
    """Stops the deployment, or warns, if the account's images may be used to improve AI services.

    Raises:
        pulumi.RunError: The opt-out is required and not in effect.
    """
    if opted_out(effective_policy()):
        return
    problem = (
        "the organization has not opted out of AI-service data use for Rekognition: "
        "AWS may keep and use the images; see 'Opt out' in infra/README.md"
    )
    if wanted == "required":
        raise pulumi.RunError(problem)
    pulumi.warn(problem)


def effective_policy_of_account(organizations: Any = None) -> str | None:
    """Returns the policy in effect for the deployer's account, from AWS Organizations.

    Args:
        organizations: The boto3 client to ask with; None: one with the deployer's credentials.

    Raises:
        pulumi.RunError: It cannot be asked.
    """
    try:
        client = organizations or boto3.client("organizations")
        answer = client.describe_effective_policy(PolicyType="AISERVICES_OPT_OUT_POLICY")
    except ClientError as error:
        if error.response["Error"]["Code"] in NO_POLICY:
            return None
        raise pulumi.RunError(f"AWS Organizations does not say whether images may be kept: {error}") from None
    except BotoCoreError as error:
        raise pulumi.RunError(f"AWS Organizations cannot be asked: {error}") from None
    return str(answer["EffectivePolicy"]["PolicyContent"])
