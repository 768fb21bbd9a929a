"""Sources: create shared ones; list, read, change and delete."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.sources.source_input import (
    SECRET_FIELDS,
    SourceInput,
    check_spec,
    new_url_secret,
    slots_given,
    stored_secrets,
    vendor_of,
)
from hub.api.sources.source_view import source_urls, source_view
from hub.api.web.auth import Caller, caller, requires
from hub.api.web.bodies import json_object, model_body, model_of
from hub.api.web.conditional import change_current
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import Services, services
from hub.errors import NotFound
from hub.inbound.source_lookup import source_named
from hub.model.ids import Id
from hub.model.stored.source import SecretsChange, SourceChange, SourceRecord

__all__ = [
    "blueprint",
    "change_source",
    "create_source",
    "delete_source",
    "find_source",
    "source_change",
    "source_id",
]

blueprint = Blueprint("sources", __name__, url_prefix="/api/sources")
tag_blueprint(blueprint, {"sources"})


def source_id(text: str, hub: Services) -> Id:
    """The id that `text` stands for: `src_…`, a UUID, VibeIQ's short id or an alias. Raises `NotFound` otherwise."""
    found = source_named(hub.store.snapshot, text)
    return path_id("src", text) if found is None else found


def find_source(text: str, hub: Services, who: Caller) -> SourceRecord:
    """The source of the caller's org. Raises `NotFound`."""
    record = hub.store.snapshot.sources.get(source_id(text, hub))
    if record is None or record.org != who.org.id:
        raise NotFound(f"no source {text[:60]}")
    return record


@blueprint.post("")
@document_request(SourceInput)
@requires("edit")
async def create() -> Response:
    """Create a shared source. Workflows listen to it with the trigger `webhookId:<id>`."""
    hub, who = services(), caller()
    record = await create_source(await model_body(SourceInput), hub, who)
    return answer(source_view(record, hub, who), 201, generation=record.generation)


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the sources of the org, those of workflows included, newest first."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    page = await hub.store.sources.list(who.org.id, limit=limit, cursor=cursor)
    return answer(page_of(page, lambda record: source_view(record, hub, who)))


@blueprint.get("/<source>")
@requires("view")
async def show(source: str) -> Response:
    """Show a source with its URLs, and when each of its credentials last matched."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    uses = await hub.store.sources.last_uses(who.org.id, record.id)
    return answer(source_view(record, hub, who, uses), generation=record.generation)


@blueprint.get("/<source>/guide")
@requires("view")
async def guide(source: str) -> Response:
    """Show how to set up the vendor, in Markdown, with the URL of the source; null without a vendor or a guide."""
    hub, who = services(), caller()
    record = find_source(source, hub, who)
    vendor = None if record.spec.vendor is None else hub.plugins.vendor(record.spec.vendor)
    text = None if vendor is None else vendor.guide
    if text is not None:
        urls = source_urls(record, hub, editor=who.may("edit"))
        text = text.replace("{url}", urls.get("tracecat") or next(iter(urls.values())))
    return answer({"vendor": record.spec.vendor, "guide": text})


@blueprint.patch("/<source>")
@document_request(SourceInput)
@requires("edit")
async def change(source: str) -> Response:
    """Replace the top-level fields given, each whole, in one commit. Secret fields replace those of their slots."""
    hub, who = services(), caller()
    record = await change_source(lambda: find_source(source, hub, who), await json_object(), hub)
    return answer(source_view(record, hub, who), generation=record.generation)


async def create_source(data: SourceInput, hub: Services, who: Caller) -> SourceRecord:
    """Create a shared source.

    Raises:
        Invalid: The input is not a source.
        Conflict: An alias is taken.
    """
    spec = data.spec()
    check_spec(spec, hub.plugins, own=False)
    vendor = vendor_of(spec, hub.plugins)
    now = hub.clock.now()
    secrets = [new_url_secret(now), *stored_secrets(data, vendor, now)]
    return await hub.store.sources.create(who.org.id, spec, secrets, by=who.key.id)


async def change_source(find: Callable[[], SourceRecord], body: dict[str, Any], hub: Services) -> SourceRecord:
    """Replace the top-level fields of a source that `body` has.

    `find` reads the source from the snapshot; it may be called several times.

    Raises:
        Invalid: The result is not a source.
        PreconditionFailed: It has changed since the caller read it (If-Match).
        Conflict: An alias is taken.
    """

    async def change(record: SourceRecord) -> SourceRecord:
        kept = record.spec.model_dump(mode="json", by_alias=True)
        fresh = source_change(record, {**kept, **body}, hub, given=body.keys())
        return await hub.store.sources.change(record.org, record.id, fresh, generation=record.generation)

    return await change_current("source", find, change, hub.store)


def source_change(
    record: SourceRecord, body: Any, hub: Services, pointer: str = "", *, given: Collection[str] | None = None
) -> SourceChange:
    """The change that replaces a source with `body`.

    Secrets are write-only: a slot that the body does not name keeps its secrets, and a mask stands for the secret that
    is stored. With `given`, only these fields are judged by the plugins of now; the others stay as they were saved.

    Raises:
        Invalid: The body is not a source.
    """
    data = model_of(SourceInput, body, pointer)
    spec = data.spec()
    if given is None or "allowlist" in given:
        check_spec(spec, hub.plugins, own=record.workflow is not None, pointer=pointer)
    judged = given is None or not {"vendor", "settings", *SECRET_FIELDS}.isdisjoint(given)
    vendor = vendor_of(spec, hub.plugins, pointer) if judged else None
    secrets = stored_secrets(data, vendor, hub.clock.now(), pointer, record.secrets)
    return SourceChange(spec=spec, secrets=SecretsChange(clear=slots_given(data), add=secrets))


async def delete_source(find: Callable[[], SourceRecord], hub: Services) -> None:
    """Delete a shared source; `find` reads it from the snapshot and may be called several times.

    Raises:
        PreconditionFailed: It has changed since the caller read it (If-Match).
        Conflict: It belongs to a workflow.
    """

    async def delete(record: SourceRecord) -> None:
        await hub.store.sources.delete(record.org, record.id, generation=record.generation)

    await change_current("source", find, delete, hub.store)


@blueprint.delete("/<source>")
@requires("edit")
async def delete(source: str) -> Response:
    """Delete a shared source; 409 for the source of a workflow."""
    hub, who = services(), caller()
    await delete_source(lambda: find_source(source, hub, who), hub)
    return Response(b"", 204)
