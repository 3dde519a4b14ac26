"""The errors that the bridge raises on purpose, as part of the SDK's tree. Each message is one line without secrets."""

from portero_client.errors import PorteroError


class SettingsError(PorteroError):
    """A file, an option or a variable has a value that the bridge cannot use."""

    default_reason = "BAD_SETTINGS"


class SourceFault(PorteroError):
    """A source delivers no images: it is off, frozen, or sends something else.

    Attributes:
        is_refusal: Whether the camera refused the password: each further try may lock the account.
    """

    default_reason = "SOURCE_FAULT"
    retryable = True

    def __init__(self, message: str, *, reason: str = "", is_refusal: bool = False) -> None:
        super().__init__(message, reason=reason)
        self.is_refusal = is_refusal
