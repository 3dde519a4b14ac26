"""What must hold for every stack, as functions from what the program made to the faults found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from portero_infra.config import CONTAINER_NEEDS
from tests.support.infra.stack import REGION, Made, Stack

Rule = Callable[[Stack], list[str]]

BALANCED = {"TCP", "TLS"}
"""Protocols of the network load balancer's groups; the web console's are another's."""

WANTED_TAGS = {"Project", "Stack", "Owner", "Data", "ManagedBy"}


def only_load_balancers_face_the_internet(stack: Stack) -> list[str]:
    """Addresses of the world may reach load balancers, on their listeners' ports, and nothing else."""
    faults = []
    fronts = {
        group for balancer in stack.all("lb/loadBalancer:LoadBalancer") for group in _list(balancer, "securityGroups")
    }
    ports = {listener.inputs["port"] for listener in stack.all("lb/listener:Listener")}
    for rule in stack.all("vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        if "cidrIpv4" in rule.inputs or "cidrIpv6" in rule.inputs or "prefixListId" in rule.inputs:
            if rule.inputs["securityGroupId"] not in fronts:
                faults.append(f"{rule.name}: addresses may reach {rule.inputs['securityGroupId']}")
            if {rule.inputs["fromPort"], rule.inputs["toPort"]} - ports:
                faults.append(f"{rule.name}: no listener has port {rule.inputs['fromPort']}")
    for group in stack.all("ec2/securityGroup:SecurityGroup") + stack.all(
        "ec2/defaultSecurityGroup:DefaultSecurityGroup"
    ):
        faults += [f"{group.name}: has inline {way}" for way in ("ingress", "egress") if group.inputs.get(way)]
    faults += [
        f"{subnet.name}: gives out addresses" for subnet in _subnets(stack) if subnet.inputs.get("mapPublicIpOnLaunch")
    ]
    network = stack.one("ecs/service:Service").inputs["networkConfiguration"]
    if network.get("assignPublicIp"):
        faults.append("tasks have public addresses")
    faults += [f"tasks are in {subnet}" for subnet in _not_private(stack, network["subnets"])]
    for instance in stack.all("rds/clusterInstance:ClusterInstance"):
        if instance.inputs.get("publiclyAccessible") is not False:
            faults.append(f"{instance.name}: is public")
    groups = stack.all("rds/subnetGroup:SubnetGroup")
    faults += [
        f"database is in {subnet}" for group in groups for subnet in _not_private(stack, _list(group, "subnetIds"))
    ]
    translated = {gateway.inputs["allocationId"] for gateway in stack.all("ec2/natGateway:NatGateway")}
    faults += [
        f"{address.name}: a public address for no NAT"
        for address in stack.all("ec2/eip:Eip")
        if address.id not in translated
    ]
    blocked = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    closed = {
        block.inputs["bucket"]
        for block in stack.all("s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        if all(block.inputs.get(what) for what in blocked)
    }
    return faults + [
        f"{bucket.name}: may be public" for bucket in stack.all("s3/bucket:Bucket") if bucket.id not in closed
    ]


def everything_spans_two_zones(stack: Stack) -> list[str]:
    """Loads balancer, tasks, database and endpoints live in two zones, and every subnet is routed."""
    zones = {subnet.id: subnet.inputs["availabilityZone"] for subnet in _subnets(stack)}
    used = {
        "tasks": stack.one("ecs/service:Service").inputs["networkConfiguration"]["subnets"],
        **{made.name: _list(made, "subnets") for made in stack.all("lb/loadBalancer:LoadBalancer")},
        **{f"database {made.name}": _list(made, "subnetIds") for made in stack.all("rds/subnetGroup:SubnetGroup")},
        **{made.name: _list(made, "subnetIds") for made in _endpoints(stack, "Interface").values()},
    }
    faults = []
    for what, subnets in used.items():
        faults += [f"{what}: {subnet} does not exist" for subnet in subnets if subnet not in zones]
        if len({zones.get(subnet) for subnet in subnets} - {None}) < 2:
            faults.append(f"{what}: in one zone")
    routed = {made.inputs["subnetId"] for made in stack.all("ec2/routeTableAssociation:RouteTableAssociation")}
    return faults + [f"{subnet}: has no route table" for subnet in zones if subnet not in routed]


def tasks_reach_what_they_call(stack: Stack) -> list[str]:
    """Every private subnet has a way to each AWS service that a task calls, and S3 is never behind the NAT."""
    faults = []
    interface = {name.removeprefix(f"com.amazonaws.{REGION}.") for name in _endpoints(stack, "Interface")}
    gateways = _endpoints(stack, "Gateway")
    objects = gateways.get(f"com.amazonaws.{REGION}.s3")
    out = {route.inputs["routeTableId"] for route in stack.all("ec2/route:Route") if "natGatewayId" in route.inputs}
    for table in _private_tables(stack):
        if objects is None or table not in _list(objects, "routeTableIds"):
            faults.append(f"{table}: S3 is not reached through its endpoint")
        if table not in out:
            faults += [f"{table}: no way to {service}" for service in sorted(CONTAINER_NEEDS - interface)]
    return faults


def faces_and_secrets_stay_off_the_internet(stack: Stack) -> list[str]:
    """In production each service that a task calls has a private endpoint, with private DNS."""
    if stack.name != "prod":
        return []
    needed = set(CONTAINER_NEEDS) | ({"aps-workspaces"} if stack.all("amp/workspace:Workspace") else set())
    private = {
        name.removeprefix(f"com.amazonaws.{REGION}.")
        for name, made in _endpoints(stack, "Interface").items()
        if made.inputs.get("privateDnsEnabled")
    }
    return [f"no endpoint for {service}" for service in sorted(needed - private)]


def database_keeps_its_promise(stack: Stack) -> list[str]:
    """Encrypted, TLS only, durable, backed up, its password managed; in production undeletable and in two zones."""
    cluster = stack.one("rds/cluster:Cluster")
    given = cluster.inputs
    parameters = {
        parameter["name"]: parameter["value"]
        for parameter in stack.one("rds/clusterParameterGroup:ClusterParameterGroup").inputs["parameters"]
    }
    wanted: list[tuple[str, Any, Any]] = [
        ("storageEncrypted", given.get("storageEncrypted"), True),
        ("manageMasterUserPassword", given.get("manageMasterUserPassword"), True),
        ("masterPassword", given.get("masterPassword"), None),
        ("require_secure_transport", parameters.get("require_secure_transport"), "ON"),
        ("innodb_flush_log_at_trx_commit", parameters.get("innodb_flush_log_at_trx_commit"), "1"),
        ("innodb_trx_commit_allow_data_loss", parameters.get("innodb_trx_commit_allow_data_loss"), "0"),
        ("character_set_server", parameters.get("character_set_server"), "utf8mb4"),
        ("version of long-term support", ".3.10." in given["engineVersion"], True),
    ]
    if stack.name == "prod":
        wanted += [
            ("deletionProtection", given.get("deletionProtection"), True),
            ("skipFinalSnapshot", given.get("skipFinalSnapshot"), False),
            ("protect", cluster.protected, True),
            ("two instances", len(stack.all("rds/clusterInstance:ClusterInstance")) >= 2, True),
            ("backup of five weeks", given.get("backupRetentionPeriod", 0) >= 35, True),
        ]
    faults = [f"{what} is {value!r}" for what, value, right in wanted if value != right]
    return faults + _unencrypted(cluster, "kmsKeyId", "masterUserSecretKmsKeyId")


def everything_kept_is_encrypted(stack: Stack) -> list[str]:
    """Logs, images, topics, objects and metrics are encrypted, and all buckets but those of pictures have versions."""
    faults = []
    for made in stack.all("cloudwatch/logGroup:LogGroup"):
        faults += _unencrypted(made, "kmsKeyId")
        if made.inputs.get("retentionInDays") != 30:
            faults.append(f"{made.name}: kept {made.inputs.get('retentionInDays')} days")
    for made in stack.all("sns/topic:Topic"):
        faults += _unencrypted(made, "kmsMasterKeyId")
    for made in stack.all("amp/workspace:Workspace"):
        faults += _unencrypted(made, "kmsKeyArn")
    repository = stack.one("ecr/repository:Repository").inputs
    if repository["imageTagMutability"] != "IMMUTABLE" or not repository["imageScanningConfiguration"]["scanOnPush"]:
        faults.append("images may be replaced, or are not scanned")
    encrypted = {
        made.inputs["bucket"]
        for made in stack.all("s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    }
    versioned = {made.inputs["bucket"] for made in stack.all("s3/bucketVersioning:BucketVersioning")}
    tls_only = {
        made.inputs["bucket"]
        for made in stack.all("s3/bucketPolicy:BucketPolicy")
        if any(
            statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in json.loads(made.inputs["policy"])["Statement"]
        )
    }
    photos = {bucket.id for bucket in _photo_buckets(stack)}
    for bucket in stack.all("s3/bucket:Bucket"):
        faults += [
            f"{bucket.name}: is not {what}"
            for what, right in (("encrypted", encrypted), ("versioned", versioned | photos), ("TLS only", tls_only))
            if bucket.id not in right
        ]
    return faults


def deleted_photos_are_gone(stack: Stack) -> list[str]:
    """Buckets of photos, snapshots and exports never have versions, lock nothing, and are encrypted with our key."""
    faults = []
    forbidden = {
        made.inputs["bucket"]
        for made in stack.all("s3/bucketPolicy:BucketPolicy")
        for statement in json.loads(made.inputs["policy"])["Statement"]
        if (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:PutBucketVersioning")
    }
    versioned = {made.inputs["bucket"] for made in stack.all("s3/bucketVersioning:BucketVersioning")}
    kept = {
        made.inputs["bucket"]: made.inputs["rules"][0]["applyServerSideEncryptionByDefault"]
        for made in stack.all("s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    }
    for bucket in _photo_buckets(stack):
        if bucket.id in versioned or bucket.inputs.get("objectLockEnabled"):
            faults.append(f"{bucket.name}: deleted photos stay as versions")
        if bucket.id not in forbidden:
            faults.append(f"{bucket.name}: versions may be turned on")
        if ":kms:" not in kept.get(bucket.id, {}).get("kmsMasterKeyId", ""):
            faults.append(f"{bucket.name}: is not encrypted with our key")
    return faults


def streams_end_gracefully(stack: Stack) -> list[str]:
    """A task is given its drain: a short deregistration, no cut connections, and more time than the server takes."""
    server = stack.containers["server"]
    environment = {entry["name"]: entry["value"] for entry in server["environment"]}
    ports = {mapping["containerPort"] for mapping in server["portMappings"]}
    admin = environment["PORTERO_ADMIN_LISTEN"].rpartition(":")[2]
    faults = []
    if not float(environment["PORTERO_STOP_GRACE"]) < server["stopTimeout"] <= 120:
        faults.append(f"stopTimeout {server['stopTimeout']} against a grace of {environment['PORTERO_STOP_GRACE']}")
    for group in stack.all("lb/targetGroup:TargetGroup"):
        if group.inputs["protocol"] not in BALANCED:
            continue
        check = group.inputs["healthCheck"]
        states = group.inputs["targetHealthStates"]
        if (check["protocol"], check["path"], check["port"]) != ("HTTP", "/readyz", admin):
            faults.append(f"{group.name}: health is asked at {check['protocol']} {check['port']}{check['path']}")
        if group.inputs["deregistrationDelay"] > 30:
            faults.append(f"{group.name}: SIGTERM comes after {group.inputs['deregistrationDelay']} s")
        if group.inputs["connectionTermination"] or any(
            state["enableUnhealthyConnectionTermination"] for state in states
        ):
            faults.append(f"{group.name}: cuts open streams")
        if check["interval"] * check["unhealthyThreshold"] < 60:
            faults.append(f"{group.name}: a failover of the database replaces the tasks")
        if group.inputs["port"] not in ports:
            faults.append(f"{group.name}: the server has no port {group.inputs['port']}")
    return faults


def balancer_and_server_agree(stack: Stack) -> list[str]:
    """Each gRPC port is reached by what the server speaks there, and limits by address see the callers' addresses."""
    environment = {entry["name"]: entry["value"] for entry in stack.containers["server"]["environment"]}
    tls = "PORTERO_TLS_CERTIFICATE" in environment
    spoken = {int(environment["PORTERO_LISTEN"].rpartition(":")[2]): "TLS" if tls else "TCP"}
    if "PORTERO_BRIDGE_LISTEN" in environment:
        # Passed through: who ends TLS here is the server.
        spoken[int(environment["PORTERO_BRIDGE_LISTEN"].rpartition(":")[2])] = "TCP"
    groups = [group for group in stack.all("lb/targetGroup:TargetGroup") if group.inputs["protocol"] in BALANCED]
    reached = {group.inputs["port"]: group.inputs["protocol"] for group in groups}
    faults = [] if reached == spoken else [f"the balancer speaks {reached}, the server {spoken}"]
    if environment.get("PORTERO_LIMIT_BY_ADDRESS") != "0":
        faults += [
            f"{group.name}: all callers have the balancer's address"
            for group in groups
            if group.inputs.get("preserveClientIp") != "true"
        ]
    if environment["PORTERO_AUTH"] != "required" or "PORTERO_ANYONE_OFF_LOOPBACK" in environment:
        faults.append("whoever reaches the server may do everything")
    if tls == ("PORTERO_PLAINTEXT_OFF_LOOPBACK" in environment):
        faults.append("plaintext is allowed exactly where it is not needed")
    return faults


def deployments_undo_themselves(stack: Stack) -> list[str]:
    """A bad deployment is rolled back by the circuit breaker or by alarms that exist, without losing capacity."""
    service = stack.one("ecs/service:Service").inputs
    known = {alarm.inputs["name"] for alarm in stack.all("cloudwatch/metricAlarm:MetricAlarm")}
    alarms = service["alarms"]
    faults = []
    if service["deploymentCircuitBreaker"] != {"enable": True, "rollback": True}:
        faults.append("no circuit breaker")
    if not (alarms["enable"] and alarms["rollback"] and alarms["alarmNames"] and set(alarms["alarmNames"]) <= known):
        faults.append(f"rollback on {alarms['alarmNames']}")
    if service["deploymentMinimumHealthyPercent"] < 100:
        faults.append("capacity is lost while deploying")
    return faults


def secrets_are_references(stack: Stack) -> list[str]:
    """No password, key or token stands in any input; containers name the secret that holds it."""
    faults = []
    words = ("password", "secret", "token", "credential", "private")
    for container in stack.containers.values():
        for entry in container.get("environment", []):
            if any(word in entry["name"].lower() for word in words):
                faults.append(f"{container['name']}: {entry['name']} in plain text")
            if (
                "://" in entry["value"]
                and ":" in entry["value"].partition("://")[2].partition("@")[0]
                and "@" in entry["value"]
            ):
                faults.append(f"{container['name']}: {entry['name']} holds a password")
        faults += [
            f"{container['name']}: {entry['name']} is not a reference"
            for entry in container.get("secrets", [])
            if not entry["valueFrom"].startswith(f"arn:aws:secretsmanager:{REGION}:")
        ]
    if "PORTERO_DATABASE_PASSWORD" not in {entry["name"] for entry in stack.containers["server"].get("secrets", [])}:
        faults.append("the server gets no password")
    return faults


def everything_is_tagged(stack: Stack) -> list[str]:
    """Each AWS resource goes through the one provider whose default tags say whose it is; tasks inherit them."""
    (provider,) = [made for made in stack.resources if made.type == "pulumi:providers:aws"]
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    faults = [f"provider lacks the tag {tag}" for tag in sorted(WANTED_TAGS - set(tags))]
    aws = [made for made in stack.resources if made.type.startswith("aws:")]
    faults += [f"{made.type} {made.name}: not tagged" for made in aws if not made.provider.endswith(f"::{provider.id}")]
    service = stack.one("ecs/service:Service").inputs
    if service.get("propagateTags") != "SERVICE" or not service.get("enableEcsManagedTags"):
        faults.append("tasks are not tagged")
    return faults


def containers_are_confined(stack: Stack) -> list[str]:
    """No container can write its root, gain rights or run as root; images never move."""
    faults = []
    for name, container in stack.containers.items():
        if not container["readonlyRootFilesystem"]:
            faults.append(f"{name}: can write its root")
        if container["linuxParameters"]["capabilities"] != {"drop": ["ALL"]} or container.get("privileged"):
            faults.append(f"{name}: has capabilities")
        if name != "collector" and container.get("user", "0").partition(":")[0] == "0":
            faults.append(f"{name}: runs as root")
        if container["image"].rpartition(":")[2] in {"latest", ""}:
            faults.append(f"{name}: image may move")
    return faults


RULES: tuple[Rule, ...] = (
    only_load_balancers_face_the_internet,
    everything_spans_two_zones,
    tasks_reach_what_they_call,
    faces_and_secrets_stay_off_the_internet,
    database_keeps_its_promise,
    everything_kept_is_encrypted,
    deleted_photos_are_gone,
    streams_end_gracefully,
    balancer_and_server_agree,
    deployments_undo_themselves,
    secrets_are_references,
    everything_is_tagged,
    containers_are_confined,
)


def _photo_buckets(stack: Stack) -> list[Made]:
    """Returns the buckets that the server is told to keep photos, snapshots or exports in."""
    variables = {entry["name"]: entry["value"] for entry in stack.containers["server"]["environment"]}
    kept = ("PORTERO_PHOTO_VAULT", "PORTERO_SNAPSHOTS", "PORTERO_EXPORT")
    places = [variables.get(name, "").removeprefix("s3://") for name in kept]
    return [
        bucket
        for bucket in stack.all("s3/bucket:Bucket")
        if "bucketPrefix" in bucket.inputs and any(place.startswith(bucket.inputs["bucketPrefix"]) for place in places)
    ]


def _subnets(stack: Stack) -> list[Made]:
    return stack.all("ec2/subnet:Subnet")


def _endpoints(stack: Stack, kind: str) -> dict[str, Made]:
    return {
        made.inputs["serviceName"]: made
        for made in stack.all("ec2/vpcEndpoint:VpcEndpoint")
        if made.inputs["vpcEndpointType"] == kind
    }


def _list(made: Made, key: str) -> list[str]:
    return list(made.inputs[key])


def _tables(stack: Stack, subnet: str) -> Iterable[str]:
    return (
        made.inputs["routeTableId"]
        for made in stack.all("ec2/routeTableAssociation:RouteTableAssociation")
        if made.inputs["subnetId"] == subnet
    )


def _public_tables(stack: Stack) -> set[str]:
    return {route.inputs["routeTableId"] for route in stack.all("ec2/route:Route") if "gatewayId" in route.inputs}


def _private_tables(stack: Stack) -> set[str]:
    tables = {table for subnet in _subnets(stack) for table in _tables(stack, subnet.id)}
    return tables - _public_tables(stack)


def _not_private(stack: Stack, subnets: Iterable[str]) -> list[str]:
    public = _public_tables(stack)
    return [subnet for subnet in subnets if any(table in public for table in _tables(stack, subnet))]


def _unencrypted(made: Made, *keys: str) -> list[str]:
    return [f"{made.name}: {key} is not our key" for key in keys if ":kms:" not in str(made.inputs.get(key))]
