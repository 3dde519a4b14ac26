"""The public entry point: one network load balancer with its DNS name, certificate and listeners."""

from __future__ import annotations

import pulumi
from pulumi_aws import lb, route53

from portero_infra.certificate import Certificate
from portero_infra.config import Account, Cameras, Server
from portero_infra.config import Edge as EdgeConfig
from portero_infra.firewall import HTTPS
from portero_infra.network import Network

HEALTH_PATH = "/readyz"

TLS_POLICIES = {
    "1.3": "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "1.2": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
}

HEALTHY_AFTER = 2
UNHEALTHY_AFTER = 6
CHECK_INTERVAL = 10
"""A task that dies is noticed by ECS at once; slow counting down only spares tasks
whose database fails over (about a minute) from being replaced for it."""


class Edge(pulumi.ComponentResource):
    """The network load balancer; `target_groups` maps container ports to the groups that ECS registers tasks in."""

    def __init__(
        self,
        name: str,
        account: Account,
        config: EdgeConfig,
        server: Server,
        network: Network,
        group: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Edge", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._config, self._server, self._vpc_id = config, server, network.vpc_id
        zone = route53.get_zone_output(name=config.domain, opts=pulumi.InvokeOutputOptions(parent=self))
        certificate = Certificate(name, config.host, zone.zone_id, self._child)
        balancer = lb.LoadBalancer(
            name,
            name=name,
            load_balancer_type="network",
            internal=config.internal,
            subnets=network.private_ids if config.internal else network.public_ids,
            security_groups=[group],
            enable_cross_zone_load_balancing=config.cross_zone,
            enable_deletion_protection=account.production,
            opts=self._child,
        )
        # With certificates in the task both of its ports speak TLS: the balancer then encrypts the way there again.
        behind = "TCP" if config.cameras is None else "TLS"
        self.target_groups = {server.grpc_port: self._target_group("grpc", server.grpc_port, behind)}
        self.listeners = [self._listen_tls(balancer, certificate)]
        if config.cameras is not None:
            port = config.cameras.target_port
            self.target_groups[port] = self._target_group("cameras", port, "TCP")
            self.listeners.append(self._listen_through(balancer, config.cameras))
        route53.Record(
            name,
            zone_id=zone.zone_id,
            name=config.host,
            type="A",
            aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True}],
            opts=self._child,
        )
        self.zone_id = zone.zone_id
        self.balancer = balancer
        self.register_outputs({"host": config.host})

    def _target_group(self, role: str, port: int, protocol: str) -> lb.TargetGroup:
        return lb.TargetGroup(
            f"{self._name}-{role}",
            vpc_id=self._vpc_id,
            target_type="ip",
            protocol=protocol,
            port=port,
            health_check={
                "enabled": True,
                "protocol": "HTTP",
                "port": str(self._server.admin_port),
                "path": HEALTH_PATH,
                "matcher": "200",
                "interval": CHECK_INTERVAL,
                "timeout": CHECK_INTERVAL // 2,
                "healthy_threshold": HEALTHY_AFTER,
                "unhealthy_threshold": UNHEALTHY_AFTER,
            },
            # ECS waits this whole time before SIGTERM, and only SIGTERM starts the drain.
            deregistration_delay=self._config.deregistration_delay,
            # Open streams are the server's to end, with a Drain message; the balancer never cuts them.
            connection_termination=False,
            target_health_states=[{"enable_unhealthy_connection_termination": False}],
            # Off by default for addresses as targets; without it all callers share the balancer's few addresses,
            # and with them the server's limits by address.
            preserve_client_ip="true",
            load_balancing_cross_zone_enabled=str(self._config.cross_zone).lower(),
            opts=self._child,
        )

    def _listen_tls(self, balancer: lb.LoadBalancer, certificate: Certificate) -> lb.Listener:
        return lb.Listener(
            f"{self._name}-grpc",
            load_balancer_arn=balancer.arn,
            port=HTTPS,
            protocol="TLS",
            certificate_arn=certificate.arn,
            ssl_policy=TLS_POLICIES[self._config.tls],
            # Current gRPC clients refuse a connection that did not negotiate h2.
            alpn_policy="HTTP2Only",
            default_actions=[{"type": "forward", "target_group_arn": self.target_groups[self._server.grpc_port].arn}],
            opts=self._child,
        )

    def _listen_through(self, balancer: lb.LoadBalancer, cameras: Cameras) -> lb.Listener:
        return lb.Listener(
            f"{self._name}-cameras",
            load_balancer_arn=balancer.arn,
            port=cameras.port,
            protocol="TCP",
            tcp_idle_timeout_seconds=cameras.idle_timeout,
            default_actions=[{"type": "forward", "target_group_arn": self.target_groups[cameras.target_port].arn}],
            opts=self._child,
        )
