"""Microsoft Graph: an unsigned handshake in the query, several notifications in a request, a secret inside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub import Recording, Secret
from hub.model.json import dumps, loads
from hub.testing import VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.graph import vendor

SECRET = "thrown-away"
JSON = {"content-type": "application/json; charset=utf-8"}


def notifications(secret: str, *kinds: str) -> bytes:
    return dumps(
        {
            "value": [
                {
                    "id": f"lsgTZMr9KwAAA{number}",
                    "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
                    "clientState": secret,
                    "changeType": kind,
                    "resource": "me/messages/AAMkADAwMzFi",
                    "tenantId": "84bd8158-6d4d-4958-8b9f-9d6445542f95",
                }
                for number, kind in enumerate(kinds)
            ]
        }
    )


class TestContract(VendorContract):
    vendor = vendor
    recorded = (
        Recording(
            name="batch",
            event_types=("created", "updated"),
            headers=JSON,
            body=notifications("", "created", "updated"),
            expect={"status": 202},
        ),
        Recording(
            name="handshake",
            query="validationToken=Validation%3A+Testing",
            headers={"content-type": "text/plain"},
            verified=False,
            expect={"status": 200, "body": "Validation: Testing"},
        ),
    )

    def signed(self, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        kinds = [one["changeType"] for one in loads(recording.body)["value"]]
        return replace(recording, body=notifications(secrets[0].value.decode(), *kinds))


async def test_the_handshake_is_echoed_as_text(serve: Serve) -> None:
    async with serve("graph", source={"signing_secrets": [SECRET]}) as served:
        answer = await served.send(query="?validationToken=Validation%3A+%3Cb%3E")
        assert (answer.status, answer.body) == (200, b"Validation: <b>")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_each_notification_starts_an_execution(serve: Serve) -> None:
    async with serve("graph", source={"signing_secrets": [SECRET]}) as served:
        body = notifications(SECRET, "created", "updated")
        assert (await served.send(body, JSON)).status == 202
        assert [kind for kind, _ in await served.results()] == ["created", "updated"]
        assert (await served.send(body, JSON)).status == 202
        assert len(await served.results()) == 2, "sent again it is a duplicate"


async def test_one_foreign_notification_spoils_the_batch(serve: Serve) -> None:
    async with serve("graph", source={"signing_secrets": [SECRET]}) as served:
        mixed = loads(notifications(SECRET, "created"))["value"] + loads(notifications("", "updated"))["value"]
        for body in (dumps({"value": mixed}), notifications("other", "created"), b'{"value": []}', b"[]"):
            assert (await served.send(body, JSON)).status == 401
