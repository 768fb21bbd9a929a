"""What the core itself offers, in the form in which plugins do."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model.wire.secret import Credential
from hub.sdk.action import Action
from hub.sdk.dialect import Dialect
from hub.sdk.registry import Entry, SchemeEntry
from hub.sdk.schemes.standard import CORE_CREDENTIALS, CORE_SCHEMES

__all__ = ["CORE_OWNER", "core_entries"]

CORE_OWNER = "the core"
"""Owner of the entries that need no plugin."""


def core_entries(dialects: Iterable[Dialect], actions: Iterable[Action]) -> tuple[Entry, ...]:
    """The core's schemes, and the given dialects and actions."""
    return (
        *(
            Entry("scheme", name, SchemeEntry(scheme, CORE_CREDENTIALS.get(name, Credential())), CORE_OWNER)
            for name, scheme in CORE_SCHEMES.items()
        ),
        *(Entry("dialect", dialect.name, dialect, CORE_OWNER) for dialect in dialects),
        *(Entry("action", action.name, action, CORE_OWNER) for action in actions),
    )
