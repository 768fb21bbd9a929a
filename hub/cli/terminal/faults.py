"""Why a hub did not start, in one sentence."""

from __future__ import annotations

from hub.errors import HubError, KeysMissing, PluginError, StoreError, StoreUnavailable

__all__ = ["start_fault"]


def start_fault(error: BaseException) -> str | None:
    """The reason for the operator; None for a defect of the hub, whose traceback is needed.

    Args:
        error: The error that ended the start. The server wraps an error of the application's start.
    """
    from hypercorn.utils import LifespanFailureError

    cause = error.__context__ if isinstance(error, LifespanFailureError) else error
    if isinstance(cause, PluginError):
        return f"{cause} (HUB_STRICT is on)"
    if isinstance(cause, OSError) and cause.filename is not None:
        return f"{cause.filename}: {cause.strerror}; set HUB_DATA_DIR to a writable directory"
    if isinstance(cause, StoreError) and not isinstance(cause, (KeysMissing, StoreUnavailable)):
        return f"{cause}: check that the keys in HUB_DATA_DIR belong to this database"
    if isinstance(cause, HubError) or (isinstance(cause, ValueError) and str(cause).startswith("HUB_")):
        return str(cause)
    return None
