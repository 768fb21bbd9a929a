"""Who may do what: orgs, keys, roles, connections, audit, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.model.ids import Id

__all__ = ["DEFAULT_ORG", "AuditEntry", "ConnectionRecord", "Job", "JobState", "KeyRecord", "OrgRecord", "Role"]

DEFAULT_ORG: Final = "default"
"""Slug of the org that exists from the start."""

Role = Literal["admin", "editor", "viewer", "publisher"]
"""admin: all of the org. editor: all but keys and audit. viewer: reads, no credentials. publisher: sends messages."""

JobState = Literal["counting", "running", "paused", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class OrgRecord:
    """A tenant. `name` is the slug in URLs and headers; `DEFAULT_ORG` exists from the start."""

    id: Id
    name: str
    created: int


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key; the store has only its SHA-256.

    Attributes:
        operator: May manage the instance (orgs, plugins) and act in every org by `X-Api-Org`.
        last4: Last four characters, for display.
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
    """An org's stored secret for calling out; `values` only inside the action that names it."""

    org: Id
    id: Id
    name: str
    kind: str
    created: int
    updated: int
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One management change: who, what, to what; never a secret."""

    org: Id
    id: Id
    at: int
    key: Id | None
    action: str
    target: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """Long work over many things (recover, replay): counted first, then worked off in small steps."""

    org: Id
    id: Id
    kind: str
    params: Mapping[str, Any]
    state: JobState
    total: int
    done: int
    failed: int
    cursor: str
    created: int
    updated: int
    error: str = ""
