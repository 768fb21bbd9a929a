"""PlexTrac's webhook routes: the subscriptions of the hub under PlexTrac's names (docs/reference/wire.md).

PlexTrac's signature schemes come with the plugin hub-plextrac; a webhook with a secret needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.outbound.outbound_view import attempt_view, warnings
from hub.api.outbound.subscription_input import TestInput, refuse_masks
from hub.api.web.auth import Caller, caller, requires
from hub.api.web.bodies import json_object, model_body, model_of
from hub.api.web.conditional import change_current
from hub.api.web.paging import page_arguments, page_of, whole_list
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import Services, services
from hub.errors import Invalid, NotFound, Problem
from hub.model.ids import Id, unbase62, write_id
from hub.model.masking import MASK, is_mask
from hub.model.retry import Retry
from hub.model.stored.outbound import Attempt, DeliveryRecord, SubscriptionRecord, SubscriptionSpec
from hub.model.stored.source import SIGNING_SLOT
from hub.outbound.registry.registry import KEEP, SavedSubscription, SecretChoice

__all__ = ["blueprint"]

blueprint = Blueprint("plextrac", __name__, url_prefix="/api/internal")
tag_blueprint(blueprint, {"plextrac"})

VENDOR = "plextrac"
SCHEME = "plextrac"
TEST_EVENT = "testWebhook"
"""The event under which PlexTrac logs tests."""
_RETRY = Retry(retries=5, initial_seconds=1, factor=2)
"""PlexTrac gives up after five retries within half a minute."""
_EVENTS = (
    "ReportPublished",
    "FindingPublished",
    "AssessmentSubmitted",
    "SchedulerEngagementSubmitted",
    "ReportStatusChanged",
)


class WebhookInput(BaseModel):
    """A webhook of PlexTrac's API. Its fields have exactly these types; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", validate_by_alias=True)

    clientCuids: Annotated[  # noqa: N815 - PlexTrac's name
        list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=1_000)
    ] = []
    name: Annotated[str, Field(max_length=200)] = ""
    url: Annotated[str, Field(max_length=2_000)]
    sslVerification: bool = True  # noqa: N815 - PlexTrac's name
    events: Annotated[list[str], Field(min_length=1, max_length=1_000)]
    enabled: bool = True
    secret: Annotated[str, Field(min_length=1, max_length=16_384)] | None = None


@blueprint.get("/webhookevents")
@requires("view")
async def events() -> Response:
    """List the events that a webhook may name."""
    order = {name: number for number, name in enumerate(_EVENTS)}
    return answer(whole_list(_known(services(), caller()), lambda name: (order.get(name, len(order)), name)))


@blueprint.post("/webhooks")
@document_request(WebhookInput)
@requires("edit")
async def create() -> Response:
    """Create a webhook. Without a secret its deliveries are not signed."""
    hub, who = services(), caller()
    data = await model_body(WebhookInput)
    refuse_masks({"secret": data.secret})
    _check_events(data.events, hub, who, "/events")
    spec = _spec(data, hub)
    with _Renamed():
        made = await hub.outbound.registry.create(who.org.id, spec, data.secret, operator=who.may("operate"))
    return answer(_view(made.record), 201, generation=made.record.generation)


@blueprint.get("/webhooks")
@requires("view")
async def index() -> Response:
    """List the webhooks of the org, which are its subscriptions, newest first."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    page = await hub.store.outbound.subscriptions(who.org.id, limit=limit, cursor=cursor)
    return answer(page_of(page, _view))


@blueprint.get("/webhooks/<cuid>")
@requires("view")
async def show(cuid: str) -> Response:
    """Show a webhook."""
    record = _find(cuid)
    return answer(_view(record), generation=record.generation)


@blueprint.patch("/webhooks/<cuid>")
@document_request(WebhookInput)
@requires("edit")
async def change(cuid: str) -> Response:
    """Replace the fields given, in one commit."""
    hub, who = services(), caller()
    body = await json_object()

    async def write(record: SubscriptionRecord) -> SavedSubscription:
        # Only the fields that are given are judged; the two that a webhook must have stand in for those that are not.
        data = model_of(WebhookInput, {"url": record.spec.url, "events": ["-"], **body})
        if "events" in body:
            fresh = [name if name not in record.spec.events else None for name in data.events]
            _check_events(fresh, hub, who, "/events")
        given = {_FIELDS[name]: getattr(data, name) for name in _FIELDS if name in body}
        spec = SubscriptionSpec.model_validate({**record.spec.model_dump(), **given})
        secret: SecretChoice = data.secret if "secret" in body else KEEP
        if isinstance(secret, str) and is_mask(secret):
            if not _is_signed(record):
                refuse_masks({"secret": secret})
            secret = KEEP
        with _Renamed():
            return await hub.outbound.registry.update(record, spec, secret, operator=who.may("operate"))

    made = await change_current("webhook", lambda: _find(cuid), write, hub.store)
    return answer(_view(made.record), generation=made.record.generation)


@blueprint.delete("/webhooks/<cuid>")
@requires("edit")
async def delete(cuid: str) -> Response:
    """Delete a webhook. Its log stays."""
    hub = services()
    await change_current("webhook", lambda: _find(cuid), hub.outbound.registry.delete, hub.store)
    return Response(b"", 204)


@blueprint.post("/webhooks/<cuid>/test")
@document_request(TestInput)
@requires("edit")
async def test(cuid: str) -> Response:
    """Call a webhook with the example of an event and show the call. It is logged as `testWebhook`."""
    hub, who = services(), caller()
    record = _find(cuid)
    data = await model_body(TestInput)
    _check_events([data.event], hub, who, "/event")
    tried = await hub.outbound.test(who.org.id, record.id, data.event)
    return answer(_log_entry(TEST_EVENT, write_id("msg", tried.message), tried.attempt, who))


@blueprint.get("/webhooks/<cuid>/logs")
@requires("view")
async def logs(cuid: str) -> Response:
    """List the calls of a webhook, newest first, also of one that was deleted."""
    hub, who = services(), caller()
    subscription = await _ever(cuid, hub, who)
    limit, cursor = page_arguments()
    page = await hub.store.outbound.attempts(who.org.id, subscription, limit=limit, cursor=cursor)

    def entry(item: tuple[DeliveryRecord, str, Attempt]) -> dict[str, Any]:
        delivery, origin, attempt = item
        event = TEST_EVENT if origin == "test" else delivery.type
        return _log_entry(event, write_id("msg", delivery.message), attempt, who)

    return answer(page_of(page, entry))


def _find(cuid: str) -> SubscriptionRecord:
    """The webhook of the caller's org. Raises `NotFound`."""
    return services().outbound.registry.by_cuid(caller().org.id, cuid)


async def _ever(cuid: str, hub: Services, who: Caller) -> Id:
    """The id of a webhook, or of a deleted one of which calls are logged. Raises `NotFound`."""
    try:
        return _find(cuid).id
    except NotFound:
        deleted = unbase62(cuid)
        if deleted is None:
            raise
        if not (await hub.store.outbound.deliveries(who.org.id, subscription=deleted, limit=1)).items:
            raise
        return deleted


def _known(hub: Services, who: Caller) -> dict[str, None]:
    """The events that a webhook may name: PlexTrac's and every outgoing type of the catalog."""
    out = hub.outbound.catalog.types(who.org.id, "out")
    return dict.fromkeys((*_EVENTS, *(each.name for each in out)))


def _check_events(events: Sequence[str | None], hub: Services, who: Caller, pointer: str) -> None:
    known = _known(hub, who)
    unknown = [(index, name) for index, name in enumerate(events) if name is not None and name not in known]
    if unknown:
        problems = (
            Problem(pointer if pointer == "/event" else f"{pointer}/{index}", f"there is no event {name[:100]!r}")
            for index, name in unknown
        )
        raise Invalid("the webhook names an event that does not exist", tuple(problems))


def _spec(data: WebhookInput, hub: Services) -> SubscriptionSpec:
    unsigned = hub.plugins.scheme(SCHEME) is None and data.secret is None
    fields = {field: getattr(data, name) for name, field in _FIELDS.items()}
    scheme = "hmac-sha256" if unsigned else SCHEME
    return SubscriptionSpec.model_validate({**fields, "scheme": scheme, "retry": _RETRY})


_FIELDS = {
    "clientCuids": "clients",
    "name": "name",
    "url": "url",
    "sslVerification": "ssl_verification",
    "events": "events",
    "enabled": "enabled",
}
"""PlexTrac's names of the fields of a subscription."""


def _fields(record: SubscriptionRecord) -> dict[str, Any]:
    spec = record.spec.model_dump(mode="json", include=set(_FIELDS.values()))
    return {name: spec[field] for name, field in _FIELDS.items()}


def _is_signed(record: SubscriptionRecord) -> bool:
    return any(secret.slot == SIGNING_SLOT for secret in record.secrets)


def _view(record: SubscriptionRecord) -> dict[str, Any]:
    return {
        "cuid": record.cuid,
        **_fields(record),
        "secret": MASK if _is_signed(record) else None,
        "warnings": warnings(record),
        "createdAt": instant_text(record.created),
        "updatedAt": instant_text(record.updated),
    }


def _log_entry(event: str, message: str, attempt: Attempt, who: Caller) -> dict[str, Any]:
    view = attempt_view(attempt, who)
    failed = bool(attempt.error)
    return {
        "event": event,
        "message": message,
        "success": not failed,
        "statusCode": attempt.status,
        "error": f"Failed to call webhook: {view['error']}" if failed else None,
        **{name: view[name] for name in ("number", "at", "address", "duration_ms")},
        "requestHeaders": view["request_headers"],
        "responseHeaders": view["response_headers"],
        "responseBody": view["response_body"],
    }


_NAMES = {f"/{field}": f"/{name}" for name, field in _FIELDS.items()}


class _Renamed:
    """A context in which problems point to fields by PlexTrac's names."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Invalid):
            problems = []
            for problem in error.problems:
                head, slash, rest = problem.pointer[1:].partition("/")
                problems.append(Problem(_NAMES.get(f"/{head}", f"/{head}") + slash + rest, problem.message))
            raise Invalid(error.detail, tuple(problems), error.status) from error
