"""Runs the real Pulumi program against recorded answers, so that tests can read what it would make."""

from __future__ import annotations

import asyncio
import json
import runpy
import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi.runtime
import yaml

import portero_infra.opt_out
from tests.support.repository import ROOT

INFRA = ROOT / "infra"
ACCOUNT = "000000000000"
REGION = "us-east-1"
OPTED_OUT = json.dumps({"services": {"default": {"opt_out_policy": "optOut"}}})


@dataclass(frozen=True, slots=True)
class Made:
    """One resource as the program asked for it."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str
    protected: bool

    @property
    def id(self) -> str:
        """The identifier that the recorder gave it."""
        return identifier(self.type, self.name)

    @property
    def arn(self) -> str:
        """The ARN that the recorder gave it."""
        return arn(self.type, self.name, self.inputs)


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that a run of the program made."""

    name: str
    resources: tuple[Made, ...]

    def all(self, kind: str) -> list[Made]:
        """Every resource of a type, as `ec2/vpc:Vpc`."""
        return [made for made in self.resources if made.type == f"aws:{kind}"]

    def one(self, kind: str, name: str | None = None) -> Made:
        """The only resource of a type, or the one of that name."""
        found = [made for made in self.all(kind) if name is None or made.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} resources {kind} {name or ''}")
        return found[0]

    def without(self, gone: Made) -> Stack:
        """The same stack lacking one resource."""
        return Stack(self.name, tuple(made for made in self.resources if made is not gone))

    def changed(self, which: Made, **inputs: Any) -> Stack:
        """The same stack with other inputs of one resource."""
        other = Made(which.type, which.name, which.inputs | inputs, which.provider, which.protected)
        return Stack(self.name, tuple(other if made is which else made for made in self.resources))

    def statements(self, kind: str, key: str = "policy") -> list[tuple[str, dict[str, Any]]]:
        """Every statement of every policy document that resources of a type carry, with the resource's name."""
        return [
            (made.name, statement) for made in self.all(kind) for statement in json.loads(made.inputs[key])["Statement"]
        ]

    @property
    def containers(self) -> dict[str, dict[str, Any]]:
        """The containers of the task definition by name."""
        listed = json.loads(self.one("ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
        return {container["name"]: container for container in listed}


def identifier(kind: str, name: str) -> str:
    """The identifier of a resource: tells what it is, so that references can be followed."""
    return f"{kind.rpartition(':')[2]}/{name}"


def arn(kind: str, name: str, inputs: Mapping[str, Any]) -> str:
    """An ARN of the form that AWS would give; linters look at it."""
    service, short = kind.split(":")[1].partition("/")[0], kind.rpartition(":")[2]
    forms = {
        "Bucket": f"arn:aws:s3:::{inputs.get('bucketPrefix', name)}",
        "Collection": f"arn:aws:rekognition:{REGION}:{ACCOUNT}:collection/{inputs.get('collectionId')}",
        "Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}",
        "LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{inputs.get('name')}",
        "Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}",
        "Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}",
        "Workspace": f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/{name}",
    }
    if kind == "aws:ecs/service:Service":
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{name}/{name}"
    return forms.get(short, f"arn:aws:{service}:{REGION}:{ACCOUNT}:{short}/{name}")


class _Recorder(pulumi.runtime.Mocks):
    """Answers the program as AWS would, with identifiers that say what they belong to."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        given = args.inputs
        state = {
            "name": args.name,
            **given,
            "arn": arn(args.typ, args.name, given) if args.typ.startswith("aws:") else "",
        }
        short = args.typ.rpartition(":")[2]
        if short == "Cluster" and ":rds/" in args.typ:
            secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!cluster-1-abcdef"
            state |= {
                "endpoint": f"{args.name}.cluster-abc.{REGION}.rds.amazonaws.com",
                "engineVersionActual": given["engineVersion"],
                "masterUserSecrets": [{"secretArn": secret}],
            }
        elif short == "Bucket":
            state["bucket"] = f"{given['bucketPrefix']}abc" if "bucketPrefix" in given else args.name
        elif short == "Certificate":
            proof = {"resourceRecordName": "_a", "resourceRecordType": "CNAME", "resourceRecordValue": "_b"}
            state["domainValidationOptions"] = [proof]
        elif short == "Repository":
            state["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{args.name}"
        elif short in {"LoadBalancer", "TargetGroup"}:
            state |= {"arnSuffix": f"{short}/{args.name}", "dnsName": f"{args.name}.elb", "zoneId": "Z1"}
        elif short == "VpcEndpoint":
            state["prefixListId"] = f"pl/{args.name}"
        elif short == "Workspace":
            state["prometheusEndpoint"] = f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/{args.name}/"
        return identifier(args.typ, args.name), state

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{zone}" for zone in "abcd"]},
            "aws:route53/getZone:getZone": {"zoneId": "Z0", "name": args.args.get("name")},
        }
        return answers[args.token], []


class _Monitor(pulumi.runtime.mocks.MockMonitor):
    """Keeps what the ordinary recorder is not told: protection, and the provider of each resource."""

    def __init__(self) -> None:
        super().__init__(_Recorder())
        self.made: list[Made] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 named by Pulumi's protocol
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call] # Pulumi's is not typed
        inputs = pulumi.runtime.rpc.deserialize_properties(request.object)
        self.made.append(Made(request.type, request.name, inputs, request.provider, request.protect))
        return answer


def configuration(stack: str) -> dict[str, Any]:
    """What Pulumi.STACK.yaml holds for the program."""
    text = (INFRA / f"Pulumi.{stack}.yaml").read_text()
    return {
        key.removeprefix("portero:"): value
        for key, value in yaml.safe_load(text)["config"].items()
        if key.startswith("portero:")
    }


CAMERAS_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:portero-cameras-a1B2c3"
VAULT_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:portero-vault-e5F6g7"
PICTURE_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:portero-pictures-m3N4o5"
SUBSCRIPTION_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:portero-subscriptions-i9J0k1"
OPTIONS: dict[str, dict[str, Any]] = {
    "edge": {"cameras": {"secret": CAMERAS_SECRET, "bridges": {"lobby": ["door", "desk"]}}},
    "access": {
        "issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{REGION}_Abc",
        "audiences": ["console"],
        "roles": {"staff": ["reader"], "lobby": ["operator@door,sites/lobby"]},
    },
    "audit": {"anchor_days": 400},
    "vault": {"key_secret": VAULT_SECRET},
    "subscriptions": {"key_secret": SUBSCRIPTION_SECRET},
    "review_pictures": {"key_secret": PICTURE_SECRET, "hours": 8, "forbidden_sites": ["bank", "clinic"]},
    "snapshots": {"sites": ["lobby", "bank"], "subjects": "people", "context": True, "hours": 36, "links": True},
    "exports": {"format": "csv", "sites": ["lobby", "bank"], "since": "2026-05-01"},
    "recognition": {"users": True, "face_liveness": True, "second": {"regions": ["eu-west-1"]}},
}
"""Everything that can be turned on: who may come in, anchors, kept photos, subscriptions, pictures for reviews,
snapshots, exports, users, liveness, a second collection."""


def deploy(stack: str, changes: Mapping[str, Mapping[str, Any]] | None = None, policy: str | None = OPTED_OUT) -> Stack:
    """Runs infra/__main__.py for a stack.

    Args:
        stack: `dev` or `prod`.
        changes: Values that replace those of the stack's file, by section.
        policy: The organization's effective policy on AI services.
    """
    config = deepcopy(configuration(stack))
    config["service"]["image_tag"] = "v1.2.3"
    for section, values in (changes or {}).items():
        config.setdefault(section, {}).update(values)
    # Pulumi asks the main thread for its loop, which there is none of once another test has run a loop of its own.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    monitor = _Monitor()
    pulumi.runtime.set_mocks(monitor.mocks, project="portero", stack=stack, preview=False, monitor=monitor)
    pulumi.runtime.set_all_config({f"portero:{key}": json.dumps(value) for key, value in config.items()})
    asked = portero_infra.opt_out.effective_policy_of_account
    portero_infra.opt_out.effective_policy_of_account = lambda organizations=None: policy
    try:
        program = pulumi.runtime.test(lambda: runpy.run_path(str(INFRA / "__main__.py")))  # type: ignore[no-untyped-call] # neither is this
        with warnings.catch_warnings():
            # Pulumi's own modules warn about themselves when they are first read.
            warnings.simplefilter("ignore", DeprecationWarning)
            program()
    finally:
        portero_infra.opt_out.effective_policy_of_account = asked
        asyncio.set_event_loop(None)
        loop.close()
    return Stack(stack, tuple(monitor.made))
