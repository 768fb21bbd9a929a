"""PlexTrac's webhook routes: the subscriptions of the hub under PlexTrac's names (docs/reference/wire.md).

PlexTrac's signature schemes come with the plugin hub-plextrac; a webhook with a secret needs it.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.outbound.outbound_view import attempt_view, warnings
from hub.api.outbound.subscription_input import TestInput
from hub.api.web.auth import Caller, caller, requires
from hub.api.web.bodies import json_object, model_body, model_of
from hub.api.web.conditional import change_current
from hub.api.web.paging import page_arguments, page_of, whole_list
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import Services, services
from hub.errors import Invalid, Problem
from hub.model.ids import write_id
from hub.model.masking import MASK
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
    spec = _spec(data, None, hub, who)
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
        data = model_of(WebhookInput, {**_fields(record), **body})
        spec = _spec(data, record, hub, who)
        secret: SecretChoice = data.secret if "secret" in body else KEEP
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
    """List the calls of a webhook, newest first."""
    hub, who = services(), caller()
    record = _find(cuid)
    limit, cursor = page_arguments()
    page = await hub.store.outbound.attempts(who.org.id, record.id, limit=limit, cursor=cursor)

    def entry(item: tuple[DeliveryRecord, str, Attempt]) -> dict[str, Any]:
        delivery, origin, attempt = item
        event = TEST_EVENT if origin == "test" else delivery.type
        return _log_entry(event, write_id("msg", delivery.message), attempt, who)

    return answer(page_of(page, entry))


def _find(cuid: str) -> SubscriptionRecord:
    """The webhook of the caller's org. Raises `NotFound`."""
    return services().outbound.registry.by_cuid(caller().org.id, cuid)


def _known(hub: Services, who: Caller) -> dict[str, None]:
    """The events that a webhook may name: PlexTrac's and every outgoing type of the catalog."""
    out = hub.outbound.catalog.types(who.org.id, "out")
    return dict.fromkeys((*_EVENTS, *(each.name for each in out)))


def _check_events(events: list[str], hub: Services, who: Caller, pointer: str) -> None:
    known = _known(hub, who)
    unknown = [(index, name) for index, name in enumerate(events) if name not in known]
    if unknown:
        problems = (
            Problem(pointer if pointer == "/event" else f"{pointer}/{index}", f"there is no event {name[:100]!r}")
            for index, name in unknown
        )
        raise Invalid("the webhook names an event that does not exist", tuple(problems))


def _spec(data: WebhookInput, record: SubscriptionRecord | None, hub: Services, who: Caller) -> SubscriptionSpec:
    _check_events(data.events, hub, who, "/events")
    kept = record.spec.model_dump() if record is not None else {"scheme": SCHEME, "retry": _RETRY}
    if record is None and hub.plugins.scheme(SCHEME) is None and data.secret is None:
        kept["scheme"] = "hmac-sha256"
    return SubscriptionSpec.model_validate(
        {
            **kept,
            "name": data.name,
            "url": data.url,
            "events": data.events,
            "clients": data.clientCuids,
            "ssl_verification": data.sslVerification,
            "enabled": data.enabled,
        }
    )


def _fields(record: SubscriptionRecord) -> dict[str, Any]:
    spec = record.spec
    return {
        "clientCuids": list(spec.clients),
        "name": spec.name,
        "url": spec.url,
        "sslVerification": spec.ssl_verification,
        "events": list(spec.events),
        "enabled": spec.enabled,
    }


def _view(record: SubscriptionRecord) -> dict[str, Any]:
    signed = any(secret.slot == SIGNING_SLOT for secret in record.secrets)
    return {
        "cuid": record.cuid,
        **_fields(record),
        "secret": MASK if signed else None,
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


_NAMES = {"/clients": "/clientCuids", "/ssl_verification": "/sslVerification"}


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
