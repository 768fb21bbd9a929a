"""Orgs, API keys, roles, connections and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.model.ids import Id

__all__ = ["DEFAULT_ORG", "AuditEntry", "ConnectionRecord", "KeyRecord", "OrgRecord", "Role"]

DEFAULT_ORG: Final = "default"
"""Slug of the org that exists from the start."""

Role = Literal["admin", "editor", "viewer", "publisher"]
"""admin: everything in the org. editor: everything but keys and audit. viewer: reads, but sees no credentials.
publisher: publishes messages."""


@dataclass(frozen=True, slots=True)
class OrgRecord:
    """A tenant. `name` is the slug in URLs and headers; `DEFAULT_ORG` exists from the start."""

    id: Id
    name: str
    created: int


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key. The store has only its SHA-256.

    Attributes:
        operator: The key may manage the instance (orgs, plugins) and act in every org with `X-Api-Org`.
        last4: Its last four characters, for display.
    """

    org: Id
    id: Id
    name: str
    role: Role
    digest: bytes
    last4: str
    created: int
    operator: bool = False
    expires: int | None = None
    revoked: int | None = None
    last_used: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """An org's secrets for outgoing calls. Only an action that names the connection reads their values."""

    org: Id
    id: Id
    name: str
    kind: str
    created: int
    updated: int
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change through the management API: which key changed what, without secrets."""

    org: Id
    id: Id
    at: int
    key: Id | None
    action: str
    target: str
    detail: Mapping[str, Any]
