"""Portero's AWS deployment as a table of contents. Each part is one file of portero_infra."""

import pulumi
from pulumi_aws import Provider

from portero_infra.alarms import Alarms
from portero_infra.anchors import Anchors
from portero_infra.config import load_config
from portero_infra.database import Database
from portero_infra.edge import Edge
from portero_infra.encryption import Encryption
from portero_infra.endpoints import Endpoints
from portero_infra.exports import Exports
from portero_infra.firewall import Firewall
from portero_infra.logs import Logs
from portero_infra.metrics import Metrics
from portero_infra.network import Network
from portero_infra.notifications import Notifications
from portero_infra.opt_out import check_opt_out, effective_policy_of_account
from portero_infra.recognition import Recognition
from portero_infra.registry import Registry
from portero_infra.rotation import Rotation
from portero_infra.scaling import Scaling
from portero_infra.service import Service
from portero_infra.snapshots import Snapshots
from portero_infra.task_definition import Foundation, TaskDefinition
from portero_infra.trail import Trail
from portero_infra.vault import Vault
from portero_infra.web import Web

config = load_config()
check_opt_out(config.recognition.opt_out, effective_policy_of_account)

name = f"portero-{pulumi.get_stack()}"
account = config.account
tags = {"Project": "portero", "Stack": name, "Owner": account.owner, "Data": "biometric", "ManagedBy": "pulumi"}
aws = Provider(name, region=account.region, allowed_account_ids=[account.id], default_tags={"tags": tags})
ours = pulumi.ResourceOptions(providers=[aws])

encryption = Encryption(name, account, ours)
key_arn = encryption.key_arn
network = Network(name, config.network, ours)
firewall = Firewall(name, network.vpc_id, config.network, config.edge, config.server, ours)
endpoints = Endpoints(name, account, config.network.endpoints, network, firewall.endpoints, ours)
firewall.reach_objects(endpoints.objects_prefix_list)

log_days = config.observability.log_days
logs = Logs(name, account, log_days, key_arn, network.vpc_id if config.network.flow_logs else None, ours)
notifications = Notifications(name, account, config.observability, key_arn, ours)
metrics = Metrics(name, network.vpc_id, config.observability.managed_prometheus, key_arn, ours)

recognition = Recognition(name, account, config.recognition, ours)
database = Database(name, account, config.database, network, firewall.database, key_arn, log_days, ours)

edge = Edge(name, account, config.edge, config.server, network, firewall.edge, ours)
alarms = Alarms(name, config, edge, notifications.topic_arn, ours)
registry = Registry(name, key_arn, ours)
anchors = Anchors(name, account, ours) if config.audit.anchor_days is not None else None
vault = Vault(name, account, key_arn, ours) if config.vault is not None else None
snapshots = Snapshots(name, account, config.snapshots, key_arn, ours) if config.snapshots is not None else None
exports = Exports(name, account, key_arn, ours) if config.exports is not None else None
base = Foundation(registry, database, recognition, logs, metrics, key_arn, anchors, vault, snapshots, exports)
task = TaskDefinition(name, config, base, ours)
group, discovery = firewall.service, metrics.registry_arn
service = Service(name, config.service, task, network, group, edge, discovery, alarms.rolling_back, ours)
if config.service.scales:
    Scaling(name, config.service, service, ours)
Rotation(name, account, config.database.rotation, database.secret_arn, service, ours)

if account.trail:
    Trail(name, account, ours)
if config.web is not None:
    Web(name, account, config.web, config.edge.domain, edge.zone_id, network, ours)

pulumi.export("server", f"{config.edge.host}:443")
pulumi.export("repository", registry.url)
pulumi.export("database", database.host)
pulumi.export("collection", recognition.active)
pulumi.export("monitoring_group", firewall.monitoring)
