"""The database: Aurora MySQL Serverless v2, private, encrypted, TLS only, protected from deletion."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, rds

from portero_infra.config import Account
from portero_infra.config import Database as DatabaseConfig
from portero_infra.network import Network

USER = "portero"
NAME = "portero"
LOG_EXPORTS = ("error", "slowquery")

PARAMETERS = {
    # The promise of an acknowledgment: a commit that was answered is on disk in three zones.
    "innodb_flush_log_at_trx_commit": "1",
    "innodb_trx_commit_allow_data_loss": "0",
    # Nobody connects without TLS.
    "require_secure_transport": "ON",
    "tls_version": "TLSv1.2,TLSv1.3",
    # A value that does not fit is an error, never silently cut.
    "sql_mode": "STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
    "time_zone": "UTC",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_bin",
    "slow_query_log": "1",
    "long_query_time": "1",
}


class Database(pulumi.ComponentResource):
    """The cluster and its instances.

    AWS stores and rotates the password; this program never sees it.
    """

    def __init__(
        self,
        name: str,
        account: Account,
        config: DatabaseConfig,
        network: Network,
        group: pulumi.Input[str],
        key_arn: pulumi.Input[str],
        log_days: int,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Database", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Made before the database would make them, which would keep them for ever.
        logs = [
            cloudwatch.LogGroup(
                f"{name}-{export}",
                name=f"/aws/rds/cluster/{name}/{export}",
                retention_in_days=log_days,
                kms_key_id=key_arn,
                opts=child,
            )
            for export in LOG_EXPORTS
        ]
        subnets = rds.SubnetGroup(name, name=name, subnet_ids=network.private_ids, opts=child)
        parameters = rds.ClusterParameterGroup(
            name,
            family="aurora-mysql8.0",
            description="Durable commits, TLS only, strict mode",
            parameters=[
                {"name": key, "value": value, "apply_method": "pending-reboot"} for key, value in PARAMETERS.items()
            ],
            opts=child,
        )
        self.cluster = rds.Cluster(
            name,
            cluster_identifier=name,
            engine="aurora-mysql",
            engine_mode="provisioned",
            engine_version=config.version,
            database_name=NAME,
            master_username=USER,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=key_arn,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group],
            db_cluster_parameter_group_name=parameters.name,
            storage_type="aurora-iopt1" if config.io_optimized else None,
            storage_encrypted=True,
            kms_key_id=key_arn,
            serverlessv2_scaling_configuration={
                "min_capacity": config.acu_min,
                "max_capacity": config.acu_max,
            },
            backup_retention_period=config.backup,
            preferred_backup_window="06:00-07:00",
            preferred_maintenance_window="sun:07:30-sun:08:30",
            copy_tags_to_snapshot=True,
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            deletion_protection=account.production,
            skip_final_snapshot=not account.production,
            final_snapshot_identifier=f"{name}-final" if account.production else None,
            delete_automated_backups=not account.production,
            opts=pulumi.ResourceOptions(parent=self, protect=account.production, depends_on=logs),
        )
        self.instances = [
            rds.ClusterInstance(
                f"{name}-{index}",
                identifier=f"{name}-{index}",
                cluster_identifier=self.cluster.id,
                engine=rds.EngineType.AURORA_MYSQL,
                engine_version=self.cluster.engine_version_actual,
                instance_class="db.serverless",
                ca_cert_identifier="rds-ca-rsa2048-g1",
                publicly_accessible=False,
                # The long-term line stays only where nothing upgrades it by itself.
                auto_minor_version_upgrade=False,
                # The first two scale together, so that a failover finds a warm writer.
                promotion_tier=min(index, 15),
                performance_insights_enabled=account.production,
                performance_insights_kms_key_id=key_arn if account.production else None,
                opts=child,
            )
            for index in range(config.instances)
        ]
        self.host = self.cluster.endpoint
        self.secret_arn = self.cluster.master_user_secrets[0].secret_arn
        self.register_outputs({"host": self.host, "secret_arn": self.secret_arn})
