"""The configuration is refused before anything is made when it is wrong."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from portero_infra.config import StackConfig
from tests.support.infra.stack import OPTIONS, configuration, deploy

WRONG: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "unknown key": ({"network": {"natt": "one"}}, "portero:network.natt: Extra inputs are not permitted"),
    "no way out": ({"network": {"nat": "none", "endpoints": ["logs"]}}, "endpoints must include ecr.api, ecr.dkr"),
    "an odd task": ({"service": {"cpu": 2048, "memory": 1024}}, "Fargate sells no task of cpu 2048"),
    "a moving tag": ({"service": {"image_tag": "latest"}}, "portero:service.image_tag"),
    "no account": ({"account": {"id": "12"}}, "portero:account.id"),
    "a grace beyond Fargate's": ({"server": {"stop_grace": 115}}, "portero:server.stop_grace"),
    "one instance in production": ({"database": {"instances": 1}}, "production needs two database instances"),
    "another line of Aurora": ({"database": {"version": "5.7"}}, "portero:database.version"),
    "scaling blindly": (
        {"observability": {"collector": False, "managed_prometheus": False}},
        "needs observability.collector",
    ),
    "a lost collection": ({"recognition": {"active": "faces-9"}}, "active must be one of collections"),
    "a collection that the stack makes": (
        {"recognition": {"second": {"names": "faces-*"}}},
        "second.names must match none of collections",
    ),
    "a pattern of everything": ({"recognition": {"second": {"names": "*"}}}, "portero:recognition.second.names"),
    "a region that is none": ({"recognition": {"second": {"regions": ["Ireland"]}}}, "recognition.second.regions"),
    "a region out of reach": (
        {"network": {"nat": "none"}, "recognition": {"second": {"regions": ["eu-west-1"]}}},
        "the regions of recognition.second cannot be reached",
    ),
    "more streams than a task takes": ({"service": {"streams_per_task": 400}}, "must not be above server.max_streams"),
    "no certificate for cameras": ({"edge": {"cameras": {"bridges": {"lobby": ["door"]}}}}, "edge.cameras.secret"),
    "cameras without bridges": (
        {"edge": {"cameras": {**OPTIONS["edge"]["cameras"], "bridges": {}}}},
        "edge.cameras.bridges",
    ),
    "one port for two": (
        {"edge": {"cameras": {**OPTIONS["edge"]["cameras"], "target_port": 50_051}}},
        "target_port must be a port of its own",
    ),
    "tokens for nobody": ({"access": {"issuer": "https://login.example.com"}}, "issuer and audiences"),
    "roles of nobody": ({"access": {"roles": {"staff": ["reader"]}}}, "roles only with them"),
    "an issuer out of reach": (
        {"network": {"nat": "none"}, "access": OPTIONS["access"]},
        "the keys of access.issuer cannot be fetched",
    ),
    "anchors for no time": ({"audit": {"anchor_days": 0}}, "portero:audit.anchor_days"),
    "a vault without a key": ({"vault": {}}, "portero:vault.key_secret: Field required"),
    "a key in plain text": ({"vault": {"key_secret": "00" * 32}}, "portero:vault.key_secret"),
    "subscriptions out of reach": (
        {"network": {"nat": "none"}, "subscriptions": OPTIONS["subscriptions"]},
        "without a NAT the receivers of subscriptions cannot be reached",
    ),
    "subscriptions without a key": ({"subscriptions": {}}, "portero:subscriptions.key_secret: Field required"),
    "less than nothing": ({"database": {"acu_min": 8, "acu_max": 4}}, "acu_max must be at least acu_min"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_configuration_is_named(what: str) -> None:
    """A wrong value ends the program with one line that names it, and makes nothing."""
    changes, message = WRONG[what]
    with pytest.raises(pulumi.RunError, match="wrong configuration: ") as caught:
        deploy("prod", changes)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_shipped_configuration_is_complete(name: str) -> None:
    """Both stack files pass as they are."""
    assert StackConfig.model_validate(configuration(name)).account.production is (name == "prod")


def test_configuration_cannot_be_changed() -> None:
    """A section is frozen once it is read."""
    config = StackConfig.model_validate(configuration("dev"))
    with pytest.raises(ValueError, match="frozen"):
        config.network.zones = 3  # type: ignore[misc] # the point of the test
