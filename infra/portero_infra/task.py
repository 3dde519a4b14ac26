"""The containers of a task as plain data: what runs, its environment, and its health check.

Nothing here creates a resource, so a test can start the server with exactly this environment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from portero_infra.anchors import ANCHORS
from portero_infra.config import Cameras, ReviewPictures, StackConfig, Subscriptions, Vault
from portero_infra.exports import EXPORTS
from portero_infra.snapshots import SNAPSHOTS
from portero_infra.vault import PHOTOS

Container = dict[str, Any]

SERVER = "server"
SCRATCH = "scratch"
CA_FILE = "/etc/portero/database-ca.pem"
USER = "10001:10001"
"""The user of the image; the number is the Dockerfile's."""

PASSWORD_VARIABLE = "PORTERO_DATABASE_PASSWORD"  # noqa: S105 the name of a variable, not a password

TLS_FOLDER = "/tmp/tls"  # noqa: S108 the task's own scratch volume, gone with the task
TLS_FILES = {
    "certificate": "PORTERO_TLS_CERTIFICATE",
    "key": "PORTERO_TLS_KEY",
    "client_ca": "PORTERO_TLS_CLIENT_CA",
}
"""Keys of the cameras' secret, and the settings that name the files they become."""

VAULT_FOLDER = "/tmp/vault"  # noqa: S108 as above
VAULT_KEYS = "keys"
"""The file that the vault's secret becomes."""

SUBSCRIPTION_FOLDER = "/tmp/subscriptions"  # noqa: S108 as above
SUBSCRIPTION_KEYS = "keys"
"""The file that the subscriptions' secret becomes."""
PICTURE_FOLDER = "/tmp/pictures"  # noqa: S108 as above
PICTURE_KEYS = "keys"
"""The file that the secret of pictures for reviews becomes."""

WRITE_FILES = """\
import os, pathlib, sys
os.umask(0o077)
folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
for name in sys.argv[2:]:
    (folder / name).write_text(os.environ[pathlib.Path(name).stem.upper()])
"""
"""ECS gives secrets as variables, the server reads files: this runs first and ends, so the server never holds them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Values that are known only during the deployment."""

    image: str
    database_host: str
    database_user: str
    database_name: str
    database_secret: str
    collection: str
    log_group: str
    collector_config: str
    anchor_bucket: str | None = None
    vault_bucket: str | None = None
    snapshot_bucket: str | None = None
    export_bucket: str | None = None
    key: str = ""


def environment(config: StackConfig, facts: Facts) -> dict[str, str]:
    """Returns the server's variables; each PORTERO_ name is a field of the server's settings."""
    server, recognition, most = config.server, config.recognition, config.service.tasks_limit
    return {
        # Everybody shows a key, a token or (with TLS in the task itself) a certificate.
        "PORTERO_AUTH": "required",
        "PORTERO_ADMIN_LISTEN": f"0.0.0.0:{server.admin_port}",
        "PORTERO_CHECK_IN_LIVENESS": str(recognition.face_liveness).lower(),
        "PORTERO_DATABASE_URL": (
            f"mysql+aiomysql://{facts.database_user}@{facts.database_host}:3306/{facts.database_name}?ssl_ca={CA_FILE}"
        ),
        "PORTERO_ENGINE": "rekognition",
        "PORTERO_LISTEN": f"0.0.0.0:{server.grpc_port}",
        "PORTERO_LOG_FORMAT": "json",
        "PORTERO_LOG_LEVEL": server.log_level,
        "PORTERO_MAX_STREAMS": str(server.max_streams),
        # Reflection tells a stranger every method there is.
        "PORTERO_REFLECTION": "false",
        "PORTERO_REKOGNITION_COLLECTION": facts.collection,
        # The deployment makes the collection; the task's role could not.
        "PORTERO_REKOGNITION_CREATE_COLLECTION": "false",
        "PORTERO_REKOGNITION_OTHER_QUOTA": f"{recognition.other_quota / most:.3g}",
        "PORTERO_REKOGNITION_QUOTAS": json.dumps(
            {operation: float(f"{quota / most:.3g}") for operation, quota in recognition.quotas.items()}
        ),
        "PORTERO_REKOGNITION_REGION": config.account.region,
        **({"PORTERO_REKOGNITION_USERS": "true"} if recognition.users else {}),
        "PORTERO_STOP_GRACE": f"{server.stop_grace:g}",
        **_transport(config.edge.cameras),
        **_tokens(config),
        **_anchoring(config, facts.anchor_bucket),
        **_keeping_photos(config, facts.vault_bucket),
        **_taking_snapshots(config, facts),
        **_exporting(config, facts),
        **_subscribing(config.subscriptions),
        **_picturing(config.review_pictures),
    }


def _transport(cameras: Cameras | None) -> dict[str, str]:
    if cameras is None:
        # The load balancer ends TLS; only it and the tasks' own network reach the port.
        return {"PORTERO_PLAINTEXT_OFF_LOOPBACK": "true"}
    return {
        **{variable: f"{TLS_FOLDER}/{name}.pem" for name, variable in TLS_FILES.items()},
        "PORTERO_BRIDGE_LISTEN": f"0.0.0.0:{cameras.target_port}",
        "PORTERO_BRIDGES": json.dumps(cameras.bridges),
    }


def _tokens(config: StackConfig) -> dict[str, str]:
    access = config.access
    if access.issuer is None:
        return {}
    return {
        "PORTERO_OIDC_ISSUER": access.issuer,
        "PORTERO_OIDC_AUDIENCES": json.dumps(access.audiences),
        "PORTERO_OIDC_ROLES": json.dumps(access.roles),
    }


def _anchoring(config: StackConfig, bucket: str | None) -> dict[str, str]:
    if bucket is None:
        return {}
    return {
        "PORTERO_AUDIT_ANCHOR_BUCKET": bucket,
        "PORTERO_AUDIT_ANCHOR_DAYS": str(config.audit.anchor_days),
        "PORTERO_AUDIT_ANCHOR_PREFIX": ANCHORS,
        "PORTERO_AUDIT_ANCHOR_REGION": config.account.region,
    }


def _keeping_photos(config: StackConfig, bucket: str | None) -> dict[str, str]:
    if bucket is None:
        return {}
    return {
        "PORTERO_PHOTO_VAULT": f"s3://{bucket}/{PHOTOS.rstrip('/')}",
        "PORTERO_PHOTO_VAULT_KEY_FILE": f"{VAULT_FOLDER}/{VAULT_KEYS}",
        "PORTERO_PHOTO_VAULT_REGION": config.account.region,
    }


def _taking_snapshots(config: StackConfig, facts: Facts) -> dict[str, str]:
    taken = config.snapshots
    if taken is None or facts.snapshot_bucket is None:
        return {}
    return {
        "PORTERO_RETENTION_SNAPSHOTS_HOURS": str(taken.hours),
        "PORTERO_SNAPSHOTS": f"s3://{facts.snapshot_bucket}/{SNAPSHOTS.rstrip('/')}",
        "PORTERO_SNAPSHOTS_REGION": config.account.region,
        "PORTERO_SNAPSHOT_CONTEXT": str(taken.context).lower(),
        "PORTERO_SNAPSHOT_KMS_KEY": facts.key,
        "PORTERO_SNAPSHOT_LINKS": str(taken.links).lower(),
        "PORTERO_SNAPSHOT_PURPOSE": taken.purpose,
        "PORTERO_SNAPSHOT_SITES": ",".join(taken.sites),
        "PORTERO_SNAPSHOT_SUBJECTS": taken.subjects,
    }


def _exporting(config: StackConfig, facts: Facts) -> dict[str, str]:
    exports = config.exports
    if exports is None or facts.export_bucket is None:
        return {}
    return {
        "PORTERO_EXPORT": f"s3://{facts.export_bucket}/{EXPORTS.rstrip('/')}",
        "PORTERO_EXPORT_EXPIRED": exports.expired,
        "PORTERO_EXPORT_FORMAT": exports.format,
        "PORTERO_EXPORT_KMS_KEY": facts.key,
        "PORTERO_EXPORT_REGION": config.account.region,
        "PORTERO_EXPORT_SINCE": "" if exports.since is None else exports.since.isoformat(),
        "PORTERO_EXPORT_SITES": ",".join(exports.sites),
    }


def _subscribing(subscriptions: Subscriptions | None) -> dict[str, str]:
    if subscriptions is None:
        return {}
    return {"PORTERO_SUBSCRIPTION_KEY_FILE": f"{SUBSCRIPTION_FOLDER}/{SUBSCRIPTION_KEYS}"}


def _picturing(pictures: ReviewPictures | None) -> dict[str, str]:
    if pictures is None:
        return {}
    return {
        "PORTERO_REVIEW_PICTURES": "true",
        "PORTERO_REVIEW_PICTURES_KEY_FILE": f"{PICTURE_FOLDER}/{PICTURE_KEYS}",
        "PORTERO_REVIEW_PICTURES_FORBIDDEN_SITES": ",".join(pictures.forbidden_sites),
        "PORTERO_RETENTION_REVIEW_PICTURES_HOURS": str(pictures.hours),
    }


def secrets(facts: Facts) -> dict[str, str]:
    """Returns the variables that ECS fills from Secrets Manager."""
    return {PASSWORD_VARIABLE: f"{facts.database_secret}:password::"}


def containers(config: StackConfig, facts: Facts) -> list[Container]:
    """Returns the containers.

    Preparation runs first and ends; the server starts only after it succeeded.
    """
    cameras, vault, subscriptions = config.edge.cameras, config.vault, config.subscriptions
    pictures = config.review_pictures
    files = [
        *([] if cameras is None else [_certificates(config, facts, cameras)]),
        *([] if vault is None else [_vault_keys(config, facts, vault)]),
        *([] if subscriptions is None else [_subscription_keys(config, facts, subscriptions)]),
        *([] if pictures is None else [_picture_keys(config, facts, pictures)]),
    ]
    migrate = _portero(config, facts, "migrate") | {"essential": False, "command": ["migrate"]}
    server = _portero(config, facts, SERVER) | {
        "essential": True,
        "command": ["serve"],
        "dependsOn": [
            {"containerName": first["name"], "condition": "SUCCESS"} for first in ({"name": "migrate"}, *files)
        ],
        "portMappings": [
            {"name": name, "containerPort": port, "hostPort": port, "protocol": "tcp"}
            for name, port in ports(config).items()
        ],
        "stopTimeout": config.server.stop_timeout,
        "healthCheck": {
            "command": ["CMD", "python", "-c", _probe(config.server.admin_port)],
            "interval": 15,
            "timeout": 5,
            "retries": 4,
            "startPeriod": 60,
        },
    }
    return [migrate, *files, server, *([_collector(config, facts)] if config.observability.collector else [])]


def ports(config: StackConfig) -> dict[str, int]:
    """Returns the server's ports by name."""
    cameras = config.edge.cameras
    return {"grpc": config.server.grpc_port, "admin": config.server.admin_port} | (
        {"cameras": cameras.target_port} if cameras is not None else {}
    )


def _probe(port: int) -> str:
    # Alive, not ready: a server that waits for its database must not be killed for it.
    return f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/livez', timeout=3)"


def _portero(config: StackConfig, facts: Facts, name: str) -> Container:
    return _image(config, facts, name) | {
        "environment": [{"name": key, "value": value} for key, value in environment(config, facts).items()],
        "secrets": [{"name": key, "valueFrom": source} for key, source in secrets(facts).items()],
        "ulimits": [{"name": "nofile", "softLimit": 65_536, "hardLimit": 65_536}],
    }


def _certificates(config: StackConfig, facts: Facts, cameras: Cameras) -> Container:
    secrets = {name.upper(): f"{cameras.secret}:{name}::" for name in TLS_FILES}
    return _writer(config, facts, "certificates", [TLS_FOLDER, *(f"{name}.pem" for name in TLS_FILES)], secrets)


def _vault_keys(config: StackConfig, facts: Facts, vault: Vault) -> Container:
    return _writer(config, facts, "vault-keys", [VAULT_FOLDER, VAULT_KEYS], {VAULT_KEYS.upper(): vault.key_secret})


def _subscription_keys(config: StackConfig, facts: Facts, subscriptions: Subscriptions) -> Container:
    command = [SUBSCRIPTION_FOLDER, SUBSCRIPTION_KEYS]
    return _writer(config, facts, "subscription-keys", command, {SUBSCRIPTION_KEYS.upper(): subscriptions.key_secret})


def _picture_keys(config: StackConfig, facts: Facts, pictures: ReviewPictures) -> Container:
    command = [PICTURE_FOLDER, PICTURE_KEYS]
    return _writer(config, facts, "picture-keys", command, {PICTURE_KEYS.upper(): pictures.key_secret})


def _writer(config: StackConfig, facts: Facts, name: str, command: list[str], secrets: dict[str, str]) -> Container:
    return _image(config, facts, name) | {
        "essential": False,
        "entryPoint": ["python", "-c", WRITE_FILES],
        "command": command,
        "secrets": [{"name": variable, "valueFrom": source} for variable, source in secrets.items()],
    }


def _image(config: StackConfig, facts: Facts, name: str) -> Container:
    return _contained(config, facts, name) | {
        "image": facts.image,
        "user": USER,
        "mountPoints": [{"sourceVolume": SCRATCH, "containerPath": "/tmp", "readOnly": False}],  # noqa: S108 the container's own
    }


def _collector(config: StackConfig, facts: Facts) -> Container:
    return _contained(config, facts, "collector") | {
        "image": config.observability.collector_image,
        # Metrics are worth a restart, never the server's life.
        "essential": False,
        "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60},
        "dependsOn": [{"containerName": SERVER, "condition": "START"}],
        "environment": [{"name": "AOT_CONFIG_CONTENT", "value": facts.collector_config}],
        "cpu": 128,
        "memory": 256,
    }


def _contained(config: StackConfig, facts: Facts, name: str) -> Container:
    """Returns the properties of every container: no privileges, read-only files, a log that cannot block it."""
    return {
        "name": name,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": facts.log_group,
                "awslogs-region": config.account.region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": "8m",
            },
        },
    }
