"""Messages and deliveries over HTTP."""

from __future__ import annotations

from aiohttp import web

from hub.model.stored.outbound import SubscriptionChange
from hub.testing.live import LiveHub
from tests.api.outbound.test_subscriptions import subscribe
from tests.outbound.conftest import Receiver

ORDER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def test_catalogued_types_are_enforced(hub: LiveHub) -> None:
    made = await hub.api("POST", "/api/event-types", {"name": "order.created", "direction": "out", "schema": ORDER})
    assert made.status == 201
    listed = (await hub.api("GET", "/api/event-types?direction=out")).json()["items"]
    assert "order.created" in [each["name"] for each in listed]
    refused = await hub.api("POST", "/api/messages", {"type": "order.created", "data": {"n": "one"}})
    assert refused.status == 422
    assert refused.json()["errors"][0]["pointer"] == "/data/n"
    assert (await hub.api("POST", "/api/messages", {"type": "order.created", "data": {"n": 1}})).status == 202
    assert (await hub.api("POST", "/api/messages", {"type": "unknown", "data": {"n": "one"}})).status == 202
    assert (await hub.api("DELETE", "/api/event-types/out/order.created")).status == 204
    assert (await hub.api("POST", "/api/messages", {"type": "order.created", "data": {"n": "one"}})).status == 202


async def test_a_schema_that_reaches_out_is_refused(hub: LiveHub) -> None:
    body = {"name": "x", "direction": "out", "schema": {"$ref": "https://example.com/schema"}}
    answer = await hub.api("POST", "/api/event-types", body)
    assert (answer.status, answer.json()["errors"][0]["pointer"]) == (422, "/schema/$ref")


async def test_an_idempotency_key_names_one_message(hub: LiveHub, receiver: Receiver) -> None:
    await subscribe(hub, receiver.url)
    answers = [
        await hub.api("POST", "/api/messages", {"type": "order.created", "data": 0}, headers={"Idempotency-Key": "k1"})
        for _ in range(3)
    ]
    assert {each.status for each in answers} == {202}
    assert len({each.json()["id"] for each in answers}) == 1
    (got,) = await receiver.until(1)
    await hub.services.outbound.settled()
    assert (got.json()["data"], len(receiver.got)) == (0, 1)


async def test_every_accepted_message_is_in_the_account(hub: LiveHub, receiver: Receiver) -> None:
    await subscribe(hub, receiver.url, retry={"retries": 0})
    receiver.replies = [web.Response(status=500)]
    for event in ("order.created", "order.created", "nobody.wants.it"):
        await hub.api("POST", "/api/messages", {"type": event, "data": {}})
    await receiver.until(2)
    await hub.services.outbound.settled()
    account = (await hub.api("GET", "/api/messages/account")).json()
    assert (account["messages"], account["unmatched"]) == (3, 1)
    assert (account["delivered"], account["undelivered"]) == (1, 1)
    assert account["deliveries"] == {"delivered": 1, "dead": 1}
    (undelivered,) = (await hub.api("GET", "/api/messages?undelivered=true")).json()["items"]
    assert undelivered["states"] == {"dead": 1}


async def test_one_delivery_or_one_message_can_be_sent_again(hub: LiveHub, receiver: Receiver) -> None:
    await subscribe(hub, receiver.url, retry={"retries": 0})
    receiver.replies = [web.Response(status=500)]
    message = (await hub.api("POST", "/api/messages", {"type": "order.created", "data": {}})).json()["id"]
    await receiver.until(1)
    await hub.services.outbound.settled()
    (dead,) = (await hub.api("GET", "/api/deliveries?state=dead")).json()["items"]
    assert (await hub.api("POST", f"/api/deliveries/{dead['id']}/retry")).status == 202
    await receiver.until(2)
    await hub.services.outbound.settled()
    again = await hub.api("POST", f"/api/messages/{message}/replay")
    assert (again.status, again.json()["deliveries"]) == (202, 1)
    got = await receiver.until(3)
    await hub.services.outbound.settled()
    assert len({each.id for each in got}) == 1
    shown = (await hub.api("GET", f"/api/deliveries/{dead['id']}")).json()
    assert ([each["number"] for each in shown["attempts"]], shown["state"]) == ([1, 2, 3], "delivered")


async def test_which_address_was_refused_is_for_operators(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, retry={"retries": 0})
    org = hub.services.store.snapshot.org_named("default")
    assert org is not None
    record = next(iter(hub.services.store.snapshot.subscriptions.values()))
    spec = record.spec.model_copy(update={"url": "http://10.0.0.5/"})
    await hub.services.store.outbound.change_subscription(org.id, record.id, SubscriptionChange(spec=spec))
    answer = await hub.api("POST", f"/api/subscriptions/{made['id']}/test", {"event": "order.created"})
    assert "10.0.0.5" in answer.json()["error"]
    delivery = (await hub.api("GET", f"/api/deliveries/{answer.json()['delivery']}")).json()
    assert delivery["error"] == "address refused"


async def test_bad_ids_and_states_are_told(hub: LiveHub) -> None:
    assert (await hub.api("GET", "/api/deliveries?state=lost")).status == 422
    assert (await hub.api("GET", "/api/deliveries/dlv_nothing")).status == 404
    assert (await hub.api("GET", "/api/messages/account?since=yesterday")).status == 422
    refused = await hub.api("POST", "/api/messages", {"type": "hub.fake", "data": {}})
    assert refused.json()["errors"][0]["pointer"] == "/type"


async def test_an_event_type_of_the_operator_must_hold_together(hub: LiveHub) -> None:
    async def pointer(**fields: object) -> str:
        answer = await hub.api("POST", "/api/event-types", {"name": "order", "direction": "out", **fields})
        assert answer.status == 422
        return str(answer.json()["errors"][0]["pointer"])

    assert await pointer(schema=ORDER, example={"n": "one"}) == "/example/n"
    assert await pointer(name="hub.mine") == "/name"
    assert await pointer(direction="sideways") == "/direction"
    assert (await hub.api("GET", "/api/event-types?direction=sideways")).status == 422
    assert (await hub.api("DELETE", "/api/event-types/out/order")).status == 404
    made = await hub.api("POST", "/api/event-types", {"name": "order", "schema": ORDER, "example": {"n": 1}})
    assert (made.status, made.json()["direction"]) == (201, "out")


async def test_publishers_may_publish_and_nothing_else(hub: LiveHub) -> None:
    key = (await hub.api("POST", "/api/keys", {"name": "app", "role": "publisher"})).json()["key"]
    published = await hub.api("POST", "/api/messages", {"type": "x", "data": 1}, key=key)
    assert published.status == 202
    assert (await hub.api("GET", f"/api/messages/{published.json()['id']}", key=key)).status == 403
    assert (await hub.api("POST", "/api/subscriptions", {}, key=key)).status == 403
