"""A source in answers of the API: URLs with their credentials for editors, secrets masked for everyone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from hub.api.sources.source_input import credential_of
from hub.api.web.auth import Caller
from hub.api.web.rendering import instant_text, optional_id
from hub.api.web.services import Services
from hub.model.ids import Id, short_id, write_id
from hub.model.masking import MASK
from hub.model.stored.source import API_KEY_SLOT, HMAC_SLOT, SHARED_KEY_SLOT, URL_SLOT, SourceRecord, StoredSecret
from hub.model.wire.secret import Credential

__all__ = ["numbered", "secret_view", "source_urls", "source_view"]

_OWN_SLOTS = frozenset({API_KEY_SLOT, HMAC_SLOT, SHARED_KEY_SLOT, URL_SLOT})


def _newest(source: SourceRecord, slot: str, now: int) -> str:
    live = source.live(slot, now)
    return max(live, key=lambda one: one.created).text if live else ""


def source_urls(source: SourceRecord, hub: Services, *, editor: bool) -> dict[str, str]:
    """The URLs of a source by dialect, ready to paste; the credentials in them are masked unless for an `editor`."""
    now = hub.clock.now()
    secret = _newest(source, URL_SLOT, now)
    key = _newest(source, SHARED_KEY_SLOT, now)
    values = {
        "base": hub.base_url,
        "org": quote(hub.store.snapshot.orgs[source.org].name, safe=""),
        "workflow": optional_id("wf", source.workflow) or "",
        "source": short_id(source.id),
        "secret": (quote(secret, safe="") if editor else MASK) if secret else "",
        "key": (quote(key, safe="") if editor else MASK) if key else "",
    }
    urls = {}
    for dialect in hub.dialects:
        for name, template in dialect.urls.items():
            if "{workflow}" in template and not values["workflow"]:
                continue
            urls[name] = template.format(**values)
    return urls


def source_view(
    source: SourceRecord, hub: Services, who: Caller, uses: Mapping[Id, int] | None = None
) -> dict[str, Any]:
    """A source with its URLs and its masked secrets. With `uses`, each secret shows when it last matched."""
    editor = who.may("edit")
    body = source.spec.model_dump(mode="json", by_alias=True)
    body |= {
        "id": write_id("src", source.id),
        "short_id": short_id(source.id),
        "workflow": optional_id("wf", source.workflow),
        "created": instant_text(source.created),
        "updated": instant_text(source.updated),
        "urls": source_urls(source, hub, editor=editor),
        "credentials": [secret_view(source, one, hub, uses) for one in source.secrets],
        "warnings": list(_warnings(source, hub)),
    }
    if editor:
        body["secret"] = _newest(source, URL_SLOT, hub.clock.now()) or None
    return body


def _warnings(source: SourceRecord, hub: Services) -> Iterator[str]:
    """What is probably a mistake: secrets that nothing checks."""
    now = hub.clock.now()
    for slot in sorted({one.slot for one in source.secrets if one.live(now)} - _OWN_SLOTS):
        if source.spec.vendor is None:
            yield f"nothing checks the secrets of the slot {slot}: the source has no vendor"


def secret_view(
    source: SourceRecord, secret: StoredSecret, hub: Services, uses: Mapping[Id, int] | None = None
) -> dict[str, Any]:
    """A secret, masked. `n` is its number among the secrets of the source: 1 is the oldest."""
    now = hub.clock.now()
    vendor = hub.plugins.vendor(source.spec.vendor) if source.spec.vendor is not None else None
    try:
        credential = credential_of(vendor, secret.slot)
    except KeyError:
        credential = Credential(secret.slot)
    masked = f"{MASK}{secret.label}" if secret.slot == API_KEY_SLOT else credential.mask(secret.text)
    view = {
        "n": numbered(source).index(secret) + 1,
        "id": write_id("sec", secret.id),
        "slot": secret.slot,
        "label": None if secret.slot == API_KEY_SLOT else secret.label,
        "masked": masked,
        "live": secret.live(now),
        "revoked": secret.revoked,
        "created": instant_text(secret.created),
        "expires": instant_text(secret.expires),
    }
    if uses is not None:
        view["last_used"] = instant_text(uses.get(secret.id))
    return view


def numbered(source: SourceRecord) -> list[StoredSecret]:
    """The secrets of a source, oldest first."""
    return sorted(source.secrets, key=lambda one: (one.created, one.id))
