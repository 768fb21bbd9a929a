"""Subscriptions: create, list, read, change, delete, test, rotate secrets, and send again what was missed."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.instance.job_view import job_view
from hub.api.outbound.outbound_view import attempt_view, subscription_view
from hub.api.outbound.signature_check import ReceivedInput, check_signature
from hub.api.outbound.subscription_input import (
    RecoverInput,
    RotateInput,
    SubscriptionInput,
    TestInput,
    merged,
    refuse_masks,
)
from hub.api.web.arguments import time_of
from hub.api.web.auth import caller, requires
from hub.api.web.bodies import json_object, model_body, model_of
from hub.api.web.conditional import change_current
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import services
from hub.jobs.recover import recover_order
from hub.model.ids import write_id
from hub.model.stored.outbound import SubscriptionRecord
from hub.outbound.registry.registry import KEEP, SavedSubscription

__all__ = ["blueprint"]

blueprint = Blueprint("subscriptions", __name__, url_prefix="/api/subscriptions")
tag_blueprint(blueprint, {"subscriptions"})


def _find(text: str) -> SubscriptionRecord:
    """The subscription of the caller's org. Raises `NotFound`."""
    return services().outbound.registry.get(caller().org.id, path_id("sub", text))


def _made(made: SavedSubscription, status: int) -> Response:
    body: dict[str, Any] = subscription_view(made.record, services())
    if made.secret is not None:
        body["secret"] = made.secret
    return answer(body, status, generation=made.record.generation)


@blueprint.post("")
@document_request(SubscriptionInput)
@requires("edit")
async def create() -> Response:
    """Create a subscription. The answer shows the secret that was generated for it; no other answer does."""
    hub, who = services(), caller()
    body = await json_object()
    refuse_masks(body)
    data = model_of(SubscriptionInput, body)
    made = await hub.outbound.registry.create(
        who.org.id,
        data.spec(),
        data.secret_choice(new=True),
        tls_key=data.tls.client_key,
        operator=who.may("operate"),
    )
    return _made(made, 201)


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the subscriptions of the org, newest first."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    page = await hub.store.outbound.subscriptions(who.org.id, limit=limit, cursor=cursor)
    return answer(page_of(page, lambda record: subscription_view(record, hub)))


@blueprint.get("/<subscription>")
@requires("view")
async def show(subscription: str) -> Response:
    """Show a subscription."""
    return _made(SavedSubscription(_find(subscription)), 200)


@blueprint.patch("/<subscription>")
@document_request(SubscriptionInput)
@requires("edit")
async def change(subscription: str) -> Response:
    """Replace the top-level fields given, each whole, in one commit. Queued deliveries use the new URL and secrets.

    `secret` replaces the old secrets at once. With `enabled` and `catch_up`, a job sends what was skipped while the
    subscription was disabled; the answer has its id.
    """
    hub, who = services(), caller()
    body = await json_object()

    async def write(record: SubscriptionRecord) -> tuple[int | None, SubscriptionRecord]:
        data = model_of(SubscriptionInput, merged(record, body))
        key_given = "tls" in body and "client_key" in data.tls.model_fields_set
        dropped_certificate = "tls" in body and data.tls.client_certificate is None
        made = await hub.outbound.registry.update(
            record,
            data.spec(),
            data.secret_choice(new=False),
            tls_key=data.tls.client_key if key_given else None if dropped_certificate else KEEP,
            operator=who.may("operate"),
            catch_up=data.catch_up,
        )
        return record.disabled_at if data.catch_up else None, made.record

    missed_since, after = await change_current("subscription", lambda: _find(subscription), write, hub.store)
    view = subscription_view(after, hub)
    if missed_since is not None and after.spec.enabled:
        order = recover_order(after.id, since=missed_since, until=None, now=hub.clock.now())
        view["job"] = job_view(await hub.jobs.begin(who.org.id, order), hub)
    return answer(view, generation=after.generation)


@blueprint.delete("/<subscription>")
@requires("edit")
async def delete(subscription: str) -> Response:
    """Delete a subscription. Its pending deliveries are cancelled, its log stays."""
    hub = services()
    await change_current("subscription", lambda: _find(subscription), hub.outbound.registry.delete, hub.store)
    return Response(b"", 204)


@blueprint.post("/<subscription>/test")
@document_request(TestInput)
@requires("edit")
async def test(subscription: str) -> Response:
    """Send a test message as any other, with egress guard and signature, and show the attempt."""
    hub, who = services(), caller()
    found = path_id("sub", subscription)
    data = await model_body(TestInput)
    tried = await hub.outbound.test(who.org.id, found, data.event)
    body = attempt_view(tried.attempt, who)
    body |= {"delivery": write_id("dlv", tried.delivery), "message": write_id("msg", tried.message)}
    return answer(body | {"delivered": not tried.attempt.error})


@blueprint.post("/<subscription>/verify")
@document_request(ReceivedInput)
@requires("view")
async def verify(subscription: str) -> Response:
    """Check the signature of what a receiver got, or what it computed itself; hints name common mistakes."""
    record = _find(subscription)
    data = await model_body(ReceivedInput)
    return answer(await check_signature(record, data.values(), data.body.encode(), services()))


@blueprint.post("/<subscription>/secret")
@document_request(RotateInput)
@requires("edit")
async def rotate(subscription: str) -> Response:
    """Rotate the secret; the new one is shown once. Older ones go on signing for `overlap_seconds`, or end at once.

    A scheme with room for one signature signs with the oldest secret until its overlap ends, or with the new one if
    `sign_with` says so; `signs_with` of the answer says which, and `signs_with_until` until when.
    """
    hub = services()
    data = await model_body(RotateInput)
    refuse_masks({"secret": data.secret})

    async def write(record: SubscriptionRecord) -> SavedSubscription:
        return await hub.outbound.registry.rotate(
            record, overlap_seconds=data.overlap_seconds, secret=data.secret, sign_with=data.sign_with
        )

    return _made(await change_current("subscription", lambda: _find(subscription), write, hub.store), 201)


@blueprint.delete("/<subscription>/secrets/<secret>")
@requires("edit")
async def revoke(subscription: str, secret: str) -> Response:
    """Delete a secret, which signs no more from then on; 409 if no other one signs."""
    hub = services()

    async def write(record: SubscriptionRecord) -> SubscriptionRecord:
        return await hub.outbound.registry.revoke(record, path_id("sec", secret))

    record = await change_current("subscription", lambda: _find(subscription), write, hub.store)
    return _made(SavedSubscription(record), 200)


@blueprint.post("/<subscription>/recover")
@document_request(RecoverInput)
@requires("edit")
async def recover(subscription: str) -> Response:
    """Begin a job that sends again the dead and skipped deliveries of a span. With `dry_run` it only counts them."""
    hub, who = services(), caller()
    data = await model_body(RecoverInput)
    record = _find(subscription)
    order = recover_order(
        record.id,
        since=time_of(data.since, "/since"),
        until=None if data.until is None else time_of(data.until, "/until"),
        now=hub.clock.now(),
        dry_run=data.dry_run,
    )
    return answer(job_view(await hub.jobs.begin(who.org.id, order), hub), 202)
