"""Why a hub did not start, in a sentence for the one who started it."""

from __future__ import annotations

from hub.errors import HubError, KeysMissing, PluginError, StoreError, StoreUnavailable

__all__ = ["start_fault"]


def start_fault(error: BaseException) -> str | None:
    """What to tell; None for a fault of the hub itself, whose traceback is wanted.

    Args:
        error: What starting raised. An error inside the application's start comes wrapped by the server.
    """
    from hypercorn.utils import LifespanFailureError

    cause = error.__context__ if isinstance(error, LifespanFailureError) else error
    if isinstance(cause, PluginError):
        return f"{cause} (HUB_STRICT is on)"
    if isinstance(cause, OSError) and cause.filename is not None:
        return f"{cause.filename}: {cause.strerror}; set HUB_DATA_DIR to a directory that can be written"
    if isinstance(cause, StoreError) and not isinstance(cause, (KeysMissing, StoreUnavailable)):
        return f"{cause}: are the keys in HUB_DATA_DIR those of this database?"
    if isinstance(cause, HubError) or (isinstance(cause, ValueError) and str(cause).startswith("HUB_")):
        return str(cause)
    return None
