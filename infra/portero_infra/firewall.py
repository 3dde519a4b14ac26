"""Allowed network connections: one security group per role, one rule per connection."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc

from portero_infra.config import Edge, Network, Server

HTTPS = 443
MYSQL = 3306


@dataclass(frozen=True, slots=True)
class Rule:
    """`source` may open connections to `target` on a TCP port."""

    source: str
    target: str
    port: int


def conversations(edge: Edge, server: Server) -> list[Rule]:
    """Returns every connection allowed between the stack's own parts.

    The edge reaches the admin port for health checks only; the operator's own Prometheus joins the group `monitoring`
    to scrape.
    """
    rules = [
        Rule("edge", "service", server.grpc_port),
        Rule("edge", "service", server.admin_port),
        Rule("monitoring", "service", server.admin_port),
        Rule("service", "database", MYSQL),
        Rule("service", "endpoints", HTTPS),
    ]
    if edge.cameras is not None:
        rules.append(Rule("edge", "service", edge.cameras.target_port))
    return rules


class Firewall(pulumi.ComponentResource):
    """The security groups and their rules."""

    def __init__(
        self,
        name: str,
        vpc_id: pulumi.Input[str],
        network: Network,
        edge: Edge,
        server: Server,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Firewall", name, None, opts)
        self._name = name
        self._vpc_id = vpc_id
        self._child = pulumi.ResourceOptions(parent=self)
        self._groups = {
            "edge": self._group("edge", "The network load balancer"),
            "service": self._group("service", "The tasks"),
            "database": self._group("database", "The database"),
            "endpoints": self._group("endpoints", "The endpoints of AWS services"),
            "monitoring": self._group("monitoring", "A Prometheus that scrapes the tasks"),
        }
        self.edge, self.service, self.database, self.endpoints, self.monitoring = (
            group.id for group in self._groups.values()
        )
        for rule in conversations(edge, server):
            self._open(rule)
        listeners = [HTTPS] if edge.cameras is None else [HTTPS, edge.cameras.port]
        for port in listeners:
            for index, clients in enumerate(edge.clients):
                vpc.SecurityGroupIngressRule(
                    f"{name}-clients-{port}-{index}",
                    security_group_id=self.edge,
                    description=f"Clients to port {port}",
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=str(clients),
                    opts=self._child,
                )
        if network.nat != "none":
            # Identity providers and receivers of events live anywhere; HTTPS out, nothing in.
            vpc.SecurityGroupEgressRule(
                f"{name}-service-out",
                security_group_id=self.service,
                description="HTTPS to the internet through the NAT",
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                cidr_ipv4="0.0.0.0/0",
                opts=self._child,
            )
        self.register_outputs({})

    def reach_objects(self, prefix_list: pulumi.Input[str]) -> None:
        """Allows the tasks to reach S3, and with it their image layers, through its gateway endpoint."""
        vpc.SecurityGroupEgressRule(
            f"{self._name}-service-objects",
            security_group_id=self.service,
            description="HTTPS to S3 through its gateway endpoint",
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            prefix_list_id=prefix_list,
            opts=self._child,
        )

    def _group(self, role: str, description: str) -> ec2.SecurityGroup:
        name = f"{self._name}-{role}"
        return ec2.SecurityGroup(
            name,
            vpc_id=self._vpc_id,
            description=description,
            tags={"Name": name},
            # Renaming must not deadlock on the rules that refer to the group.
            revoke_rules_on_delete=True,
            opts=self._child,
        )

    def _open(self, rule: Rule) -> None:
        name = f"{self._name}-{rule.source}-{rule.target}-{rule.port}"
        text = f"{rule.source} to {rule.target}, port {rule.port}"
        source, target = self._groups[rule.source].id, self._groups[rule.target].id
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source,
            referenced_security_group_id=target,
            description=text,
            ip_protocol="tcp",
            from_port=rule.port,
            to_port=rule.port,
            opts=self._child,
        )
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target,
            referenced_security_group_id=source,
            description=text,
            ip_protocol="tcp",
            from_port=rule.port,
            to_port=rule.port,
            opts=self._child,
        )
