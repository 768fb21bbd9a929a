"""Credentials of a source: its API key and its secrets. A secret that the hub generates is shown once."""

from __future__ import annotations

import hashlib
import secrets as random_secrets
from collections.abc import Callable
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
from hub.api.web.conditional import change_current
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import Services, services
from hub.errors import Conflict, Invalid, NotFound, Problem
from hub.model.ids import Id, new_id, read_id
from hub.model.masking import is_mask
from hub.model.stored.source import (
    API_KEY_SLOT,
    HMAC_SLOT,
    SHARED_KEY_SLOT,
    SIGNING_SLOT,
    URL_SLOT,
    SecretsChange,
    SourceChange,
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
    """A secret that is added to a slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretText | None = Field(default=None, description="Generated and shown once if left out.")
    slot: Annotated[str, Field(min_length=1, max_length=100)] = SIGNING_SLOT
    label: Annotated[str, Field(max_length=200)] | None = None
    overlap_seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = Field(
        default=None,
        description="Older secrets of the slot expire after it, with 0 at once. If left out, they stay valid.",
    )


@blueprint.post("/<source>/api-key")
@requires("edit")
async def generate_api_key(source: str) -> Response:
    """Generate the API key of a source, or a new one in place of the old one. It is shown once."""
    key = f"hub_wh_{random_secrets.token_urlsafe(32)}"
    stored = StoredSecret(
        id=new_id(),
        slot=API_KEY_SLOT,
        value=hashlib.sha256(key.encode()).digest(),
        label=key[-_SHOWN:],
        created=services().clock.now(),
    )
    await _change(source, lambda _record: SecretsChange(clear=[API_KEY_SLOT], add=[stored]))
    return answer({"api_key": key, "last4": key[-_SHOWN:], "created": instant_text(stored.created)}, 201)


@blueprint.post("/<source>/api-key/revoke")
@requires("edit")
async def revoke_api_key(source: str) -> Response:
    """Revoke the API key. Every request is refused until there is a new key or the key is deleted."""

    def revoked(record: SourceRecord) -> SecretsChange:
        keys = [replace(one, revoked=True) for one in record.secrets if one.slot == API_KEY_SLOT]
        if not keys:
            raise Conflict("the source has no API key")
        return SecretsChange(clear=[API_KEY_SLOT], add=keys)

    record = await _change(source, revoked)
    last4 = next((one.label for one in record.secrets if one.slot == API_KEY_SLOT), None)
    return answer({"revoked": True, "last4": last4})


@blueprint.delete("/<source>/api-key")
@requires("edit")
async def delete_api_key(source: str) -> Response:
    """Delete the API key. Requests need none from then on."""

    def without(record: SourceRecord) -> SecretsChange:
        if not record.has(API_KEY_SLOT):
            raise NotFound("the source has no API key")
        return SecretsChange(clear=[API_KEY_SLOT])

    await _change(source, without)
    return Response(b"", 204)


@blueprint.post("/<source>/secrets")
@document_request(NewSecretInput)
@requires("edit")
async def add_secret(source: str) -> Response:
    """Add a secret to a slot. Older secrets of the slot expire after `overlap_seconds`, if given."""
    hub = services()
    data = await model_body(NewSecretInput)
    if data.secret is not None and is_mask(data.secret):
        raise Invalid("a mask is not a secret", (Problem("/secret", "is the mask of a secret: send the new secret"),))
    overlap = None if data.overlap_seconds is None else data.overlap_seconds * SECOND
    made: dict[Id, StoredSecret] = {}

    def added(record: SourceRecord) -> SecretsChange:
        secret = _new_secret(record, data, hub)
        made[secret.id] = secret
        return SecretsChange(add=[secret], overlap=overlap)

    record = await _change(source, added)
    [secret] = [one for one in record.secrets if one.id in made]  # each try generates one; the last one is stored
    body: dict[str, Any] = secret_view(record, secret, hub)
    if data.secret is None:
        body["secret"] = secret.text
    if secret.slot == URL_SLOT:
        body["urls"] = source_urls(record, hub, editor=True)
    return answer(body, 201, generation=record.generation)


@blueprint.delete("/<source>/secrets/<n>")
@requires("edit")
async def delete_secret(source: str, n: str) -> Response:
    """Delete a secret by its id (`sec_…`) or its number. It is invalid at once."""
    await _change(source, lambda record: SecretsChange(remove=[_secret_named(record, n).id]))
    return Response(b"", 204)


async def _change(source: str, change: Callable[[SourceRecord], SecretsChange]) -> SourceRecord:
    """Change secrets of a source of the caller's org; `change` may be called several times."""
    hub, who = services(), caller()

    async def write(record: SourceRecord) -> SourceRecord:
        secrets = SourceChange(secrets=change(record))
        return await hub.store.sources.change(record.org, record.id, secrets, generation=record.generation)

    return await change_current("source", lambda: find_source(source, hub, who), write, hub.store)


def _new_secret(source: SourceRecord, data: NewSecretInput, hub: Services) -> StoredSecret:
    if data.slot == API_KEY_SLOT:
        message = "use POST /api/sources/{source}/api-key"
        raise Invalid("the API key has an address of its own", (Problem("/slot", message),))
    if source.spec.vendor is None and data.slot not in _OWN_SLOTS:
        slots = ", ".join(_OWN_SLOTS)
        problem = Problem("/slot", f"a source without a vendor has no slot {data.slot!r}, only {slots}")
        raise Invalid("the secret would not be checked", (problem,))
    vendor = hub.plugins.vendor(source.spec.vendor) if source.spec.vendor is not None else None
    try:
        credential = Credential(URL_SLOT) if data.slot == URL_SLOT else credential_of(vendor, data.slot)
    except KeyError as error:
        slots = ", ".join(one.slot for one in vendor.credentials) if vendor is not None else ""
        problem = Problem("/slot", f"the vendor has no slot {data.slot!r}; it has: {slots}")
        raise Invalid("the secret is invalid", (problem,)) from error
    if data.secret is None and credential.public:
        problem = Problem("/secret", f"{credential.title} is a public key: copy it from the vendor")
        raise Invalid("the secret cannot be generated", (problem,))
    try:
        text = credential.generate() if data.secret is None else data.secret
        value = credential.decode(text)
    except ValueError as error:
        raise Invalid("the secret is invalid", (Problem("/secret", str(error)),)) from error
    return StoredSecret(id=new_id(), slot=data.slot, value=value, text=text, label=data.label, created=hub.clock.now())


def _secret_named(source: SourceRecord, text: str) -> StoredSecret:
    """The secret with this id or number, but for the API key, which has an address of its own. Raises `NotFound`."""
    secrets = numbered(source)
    raw = read_id("sec", text)
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= len(secrets):
        raw = secrets[int(text) - 1].id
    for secret in secrets:
        if secret.id == raw and secret.slot != API_KEY_SLOT:
            return secret
    raise NotFound(f"the source has no secret {text[:60]}")
