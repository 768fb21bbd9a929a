"""Authentication and permissions of the management API: keys, orgs and roles."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeVar, cast

from quart import g, request

from hub.api.web.idempotency import once
from hub.api.web.services import services
from hub.errors import Forbidden, HubError
from hub.model.ids import short_id, write_id
from hub.model.stored.access import KeyRecord, OrgRecord, Role

__all__ = ["Caller", "Permission", "Unauthorized", "authenticated", "caller", "key_digest", "requires"]

P = ParamSpec("P")
T = TypeVar("T")

Permission = Literal["view", "edit", "admin", "publish", "operate", "any"]
"""The permission that a route needs. `operate` is for keys that manage the instance, `any` for every valid key."""

_WITHOUT_KEYS = frozenset({"view", "any", "publish"})
"""Permissions of routes that make nothing, and of publishing, where the messages themselves have idempotency keys."""

_GRANTS: dict[Role, frozenset[str]] = {
    "admin": frozenset({"view", "edit", "admin", "publish", "any"}),
    "editor": frozenset({"view", "edit", "publish", "any"}),
    "viewer": frozenset({"view", "any"}),
    "publisher": frozenset({"publish", "any"}),
}


class Unauthorized(HubError):
    """The key is missing, unknown, revoked or expired: 401."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling key and the org in which it acts."""

    key: KeyRecord
    org: OrgRecord

    def may(self, permission: Permission) -> bool:
        """Whether the key's role includes the permission."""
        return self.key.operator if permission == "operate" else permission in _GRANTS[self.key.role]

    def require(self, permission: Permission) -> None:
        """Raise `Forbidden` unless the key's role includes the permission."""
        if not self.may(permission):
            raise Forbidden(
                f"this needs the permission {permission!r}; the key {self.key.name!r} has the role {self.key.role!r}"
            )


def key_digest(key: str) -> bytes:
    """SHA-256 of an API key. Keys are random, so that no slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def caller() -> Caller:
    """The caller of the current request, in a route with `requires`."""
    return cast("Caller", g.caller)


def requires(permission: Permission) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Restrict a route to keys with `permission`.

    Raises:
        Unauthorized: The request has no valid key.
        Forbidden: The key may not do this, or not in the org of `X-Api-Org`.
    """

    def decorate(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(view)
        async def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            who = g.caller = authenticated(_presented_key(), request.headers.get("X-Api-Org"))
            who.require(permission)
            if request.method != "POST" or permission in _WITHOUT_KEYS:
                return await view(*args, **kwargs)
            return await once(who.org.id, functools.partial(view, *args, **kwargs))

        cast("Any", checked).permission = permission
        return checked

    return decorate


def authenticated(key: str, wanted: str | None) -> Caller:
    """The caller with this key, acting in its own org or in the `wanted` one.

    Raises:
        Unauthorized: The key is missing, unknown, revoked or expired.
        Forbidden: The key may not act in the wanted org.
    """
    if not key:
        raise Unauthorized("send an API key as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'")
    snapshot = services().store.snapshot
    now = services().clock.now()
    record = snapshot.keys.get(key_digest(key))
    if record is None or record.revoked is not None or (record.expires is not None and record.expires <= now):
        raise Unauthorized("the API key is unknown, revoked or expired")
    org = snapshot.orgs[record.org]
    if wanted and wanted not in _names(org):
        other = snapshot.org_named(wanted) or next(
            (one for one in snapshot.orgs.values() if wanted in _names(one)), None
        )
        if other is None or not record.operator:
            raise Forbidden(f"the key may not act in the org {wanted[:100]!r}")
        org = other
    return Caller(record, org)


def _names(org: OrgRecord) -> tuple[str, ...]:
    """The names of an org in `X-Api-Org`: its slug, its id, and the short id that VibeIQ uses."""
    return org.name, write_id("org", org.id), short_id(org.id)


def _presented_key() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("X-Api-Key", "").strip().removeprefix("app:").strip()
