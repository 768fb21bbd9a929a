"""Credentials of a source: the API key's life, secrets with overlap. What the hub makes is answered once."""

from __future__ import annotations

import hashlib
import secrets as random_secrets
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.sources.source_input import SecretText, credential_of
from hub.api.sources.source_view import numbered, secret_view, source_urls
from hub.api.sources.sources import find_source
from hub.api.web.auth import caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import Services, services
from hub.errors import Conflict, Invalid, NotFound, Problem
from hub.model.ids import new_id, read_id
from hub.model.stored.source import (
    API_KEY_SLOT,
    HMAC_SLOT,
    SHARED_KEY_SLOT,
    SIGNING_SLOT,
    URL_SLOT,
    SourceRecord,
    StoredSecret,
)
from hub.model.times import SECOND
from hub.model.wire.secret import Credential

__all__ = ["NewSecretInput", "blueprint"]

blueprint = Blueprint("credentials", __name__, url_prefix="/api/sources")
tag_blueprint(blueprint, {"sources"})

_SHOWN = 4
_OWN_SLOTS = (URL_SLOT, HMAC_SLOT, SHARED_KEY_SLOT)


class NewSecretInput(BaseModel):
    """A secret to add to a slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretText | None = Field(default=None, description="Made by the hub and answered once, if left out.")
    slot: Annotated[str, Field(min_length=1, max_length=100)] = SIGNING_SLOT
    label: Annotated[str, Field(max_length=200)] | None = None
    overlap_seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = Field(
        default=None,
        description="Older ones of the slot expire after it, 0 at once; left out, they stay live.",
    )


@blueprint.post("/<source>/api-key")
@requires("edit")
async def generate_api_key(source: str) -> Response:
    """Make the source's API key, or a new one in place of the old; it is shown this once."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    key = f"hub_wh_{random_secrets.token_urlsafe(32)}"
    stored = StoredSecret(
        id=new_id(),
        slot=API_KEY_SLOT,
        value=hashlib.sha256(key.encode()).digest(),
        label=key[-_SHOWN:],
        created=hub.clock.now(),
    )
    await hub.store.sources.put_secrets(who.org.id, record.id, API_KEY_SLOT, [stored])
    return answer({"api_key": key, "last4": key[-_SHOWN:], "created": instant_text(stored.created)}, 201)


@blueprint.post("/<source>/api-key/revoke")
@requires("edit")
async def revoke_api_key(source: str) -> Response:
    """Revoke the API key: it goes on blocking every request until a new one is made or protection is removed."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    kept = [replace(one, revoked=True) for one in record.secrets if one.slot == API_KEY_SLOT]
    if not kept:
        raise Conflict("the source has no API key")
    await hub.store.sources.put_secrets(who.org.id, record.id, API_KEY_SLOT, kept)
    return answer({"revoked": True, "last4": kept[0].label})


@blueprint.delete("/<source>/api-key")
@requires("edit")
async def delete_api_key(source: str) -> Response:
    """Remove the protection by an API key."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    if not record.has(API_KEY_SLOT):
        raise NotFound("the source has no API key")
    await hub.store.sources.put_secrets(who.org.id, record.id, API_KEY_SLOT, ())
    return Response(b"", 204)


@blueprint.post("/<source>/secrets")
@document_request(NewSecretInput)
@requires("edit")
async def add_secret(source: str) -> Response:
    """Add a secret to a slot, beside the older ones for as long as `overlap_seconds` says."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    data = await model_body(NewSecretInput)
    secret = _new_secret(record, data, hub)
    overlap = None if data.overlap_seconds is None else data.overlap_seconds * SECOND
    await hub.store.sources.add_secret(who.org.id, record.id, secret, overlap=overlap)
    record = find_source(source, hub, who)
    body: dict[str, Any] = secret_view(record, secret, hub)
    if data.secret is None:
        body["secret"] = secret.text
    if secret.slot == URL_SLOT:
        body["urls"] = source_urls(record, hub, editor=True)
    return answer(body, 201, generation=record.generation)


@blueprint.delete("/<source>/secrets/<n>")
@requires("edit")
async def delete_secret(source: str, n: str) -> Response:
    """Delete a secret at once, by its id (`sec_…`) or its number."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    await hub.store.sources.delete_secret(who.org.id, record.id, _meant(record, n).id)
    return Response(b"", 204)


def _new_secret(source: SourceRecord, data: NewSecretInput, hub: Services) -> StoredSecret:
    if data.slot == API_KEY_SLOT:
        raise Invalid("an API key has its own address", (Problem("/slot", "POST …/api-key instead"),))
    if source.spec.vendor is None and data.slot not in _OWN_SLOTS:
        slots = ", ".join(_OWN_SLOTS)
        problem = Problem("/slot", f"a source without a vendor has no slot {data.slot!r}; it has: {slots}")
        raise Invalid("the secret would protect nothing", (problem,))
    vendor = hub.plugins.vendor(source.spec.vendor) if source.spec.vendor is not None else None
    try:
        credential = Credential(URL_SLOT) if data.slot == URL_SLOT else credential_of(vendor, data.slot)
    except KeyError as error:
        slots = ", ".join(one.slot for one in vendor.credentials) if vendor is not None else ""
        problem = Problem("/slot", f"the vendor has no slot {data.slot!r}; it has: {slots}")
        raise Invalid("the secret cannot be used", (problem,)) from error
    if data.secret is None and credential.public:
        problem = Problem("/secret", f"{credential.title} is a public key: paste the one of the vendor")
        raise Invalid("the secret cannot be made here", (problem,))
    try:
        text = credential.generate() if data.secret is None else data.secret
        value = credential.decode(text)
    except ValueError as error:
        raise Invalid("the secret cannot be used", (Problem("/secret", str(error)),)) from error
    return StoredSecret(new_id(), data.slot, value, text, data.label, hub.clock.now())


def _meant(source: SourceRecord, text: str) -> StoredSecret:
    """The secret of an id or number; the API key has its own address."""
    secrets = numbered(source)
    raw = read_id("sec", text)
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= len(secrets):
        raw = secrets[int(text) - 1].id
    for secret in secrets:
        if secret.id == raw and secret.slot != API_KEY_SLOT:
            return secret
    raise NotFound(f"the source has no secret {text[:60]}")
