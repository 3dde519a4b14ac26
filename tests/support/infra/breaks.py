"""Ways to break a stack: each turns what the program made into what a careless change would make."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.infra.stack import Made, Stack

Break = Callable[[Stack], Stack]


def without(kind: str, name: str | None = None) -> Break:
    """Leaves out one resource."""
    return lambda stack: stack.without(stack.one(kind, name))


def without_endpoint(service: str) -> Break:
    """Leaves out the endpoint of an AWS service."""
    return lambda stack: without("ec2/vpcEndpoint:VpcEndpoint", f"portero-{stack.name}-{service}")(stack)


def changed(kind: str, name: str | None = None, **inputs: Any) -> Break:
    """Changes inputs of one resource."""
    return lambda stack: stack.changed(stack.one(kind, name), **inputs)


def added(kind: str, **inputs: Any) -> Break:
    """Makes one more resource."""
    return lambda stack: Stack(
        stack.name,
        (*stack.resources, Made(f"aws:{kind}", "added", inputs, stack.resources[0].provider, False)),
    )


def nested(kind: str, key: str, **changes: Any) -> Break:
    """Changes values inside one nested input."""

    def how(stack: Stack) -> Stack:
        made = stack.one(kind)
        return stack.changed(made, **{key: made.inputs[key] | changes})

    return how


def server(**changes: Any) -> Break:
    """Changes the server's container."""

    def how(stack: Stack) -> Stack:
        containers = stack.containers
        containers["server"] |= changes
        task = stack.one("ecs/taskDefinition:TaskDefinition")
        return stack.changed(task, containerDefinitions=json.dumps(list(containers.values())))

    return how


def environment(name: str, value: str) -> Break:
    """Sets one variable of the server."""

    def how(stack: Stack) -> Stack:
        kept = [entry for entry in stack.containers["server"]["environment"] if entry["name"] != name]
        return server(environment=[*kept, {"name": name, "value": value}])(stack)

    return how


def parameter(name: str, value: str) -> Break:
    """Sets one parameter of the database."""

    def how(stack: Stack) -> Stack:
        group = stack.one("rds/clusterParameterGroup:ClusterParameterGroup")
        kept = [entry for entry in group.inputs["parameters"] if entry["name"] != name]
        return stack.changed(group, parameters=[*kept, {"name": name, "value": value}])

    return how


def opened(group: str, port: int) -> Break:
    """Lets the world in at a port of a security group."""
    return lambda stack: added(
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        securityGroupId=f"SecurityGroup/portero-{stack.name}-{group}",
        cidrIpv4="0.0.0.0/0",
        fromPort=port,
        toPort=port,
    )(stack)
