"""Preparing a hub before it serves: the data directory, the first org and admin key, the known plugins."""

from __future__ import annotations

import secrets
from pathlib import Path

import structlog

from hub.api.web.auth import key_digest
from hub.model.ids import new_id
from hub.model.stored.access import DEFAULT_ORG, KeyRecord
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.settings import Settings

__all__ = ["ensure_admin_key", "prepare_data_dir", "remember_plugins"]

log = structlog.get_logger(__name__)


def prepare_data_dir(path: Path) -> bool:
    """Create the data directory with mode 0700. True if it did not exist.

    Raises:
        OSError: It cannot be created, or is not a directory.
    """
    fresh = not path.exists()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return fresh


async def ensure_admin_key(store: Store, settings: Settings, clock: Clock) -> str | None:
    """Create the default org and its first admin key, which may manage the instance, unless they exist.

    Returns:
        The key, if it was generated here: show it once. None if `HUB_ADMIN_KEY` sets it or there is one already.
    """
    org = store.snapshot.org_named(DEFAULT_ORG)
    if org is None:
        org = await store.access.create_org(DEFAULT_ORG)
    given = settings.admin_key.get_secret_value() if settings.admin_key is not None else None
    if given is not None and key_digest(given) in store.snapshot.keys:
        return None
    if given is None and any(key.operator and key.revoked is None for key in store.snapshot.keys.values()):
        return None
    key = given or f"hub_{secrets.token_urlsafe(32)}"
    record = KeyRecord(
        org=org.id,
        id=new_id(),
        name="first admin key",
        role="admin",
        digest=key_digest(key),
        last4=key[-4:],
        created=clock.now(),
        operator=True,
    )
    await store.access.create_key(record)
    return key if given is None else None


async def remember_plugins(plugins: Plugins, store: Store) -> tuple[str, ...]:
    """Store the versions of active plugins, and warn of each plugin that was active before and is no longer installed.

    The sources of its vendors hold their requests and answer 503 until it is installed again.

    Returns:
        The names of the missing plugins.
    """
    known = await store.access.plugins()
    statuses = {one.name: one for one in plugins.statuses()}
    for name, one in statuses.items():
        if one.status == "active" and known.get(name, (False, None))[1] != one.version:
            await store.access.set_plugin(name, version=one.version)
    gone = [(name, version) for name, (off, version) in known.items() if not off and version and name not in statuses]
    for name, version in gone:
        bound = [one for one in store.snapshot.sources.values() if _brings(name, one.spec.vendor)]
        log.warning("a plugin that was active is not installed", plugin=name, version=version, sources=len(bound))
    return tuple(name for name, _ in gone)


def _brings(plugin: str, vendor: str | None) -> bool:
    return vendor is not None and (vendor == plugin or vendor.startswith(f"{plugin}-"))
