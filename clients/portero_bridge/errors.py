"""What the bridge raises on purpose, as part of the SDK's tree. Each message is one line that is safe to print."""

from portero_client.errors import PorteroError


class SettingsError(PorteroError):
    """A file, an option or a variable says something the bridge cannot do."""

    default_reason = "BAD_SETTINGS"


class SourceFault(PorteroError):
    """A source gave no more images: it is off, frozen, or sends something else."""

    default_reason = "SOURCE_FAULT"
    retryable = True


class SpoolFault(PorteroError):
    """The spool's disk refused to write or read."""

    default_reason = "SPOOL_FAULT"
    retryable = True


class SpoolDamaged(PorteroError):
    """The spool's file is no spool, or no longer a sound one."""

    default_reason = "SPOOL_DAMAGED"
