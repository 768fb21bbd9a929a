"""Asana: the secret comes with the handshake."""

from __future__ import annotations

import hashlib
import hmac

from hub import Recording
from hub.model.json import dumps
from hub.testing import VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.asana import vendor

JSON = {"content-type": "application/json"}
SECRET = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"
BODY = dumps(
    {
        "events": [
            {
                "action": "changed",
                "created_at": "2026-08-21T18:20:37.972Z",
                "resource": {"gid": "1337", "resource_type": "task"},
                "user": {"gid": "12345"},
            }
        ]
    }
)


class TestContract(VendorContract):
    vendor = vendor
    recorded = (
        Recording(name="task", event_types=("task.changed",), headers=JSON, body=BODY),
        Recording(name="heartbeat", headers=JSON, body=b'{"events": []}'),
        Recording(name="handshake", headers={"x-hook-secret": SECRET}, verified=False, expect={"status": 200}),
    )


def signed(body: bytes, secret: str) -> dict[str, str]:
    return {**JSON, "x-hook-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_the_first_handshake_brings_the_secret_and_no_later_one_replaces_it(serve: Serve) -> None:
    async with serve("asana") as served:
        assert (await served.send(BODY, signed(BODY, SECRET))).status == 401, "there is no secret yet"
        answer = await served.send(headers={"x-hook-secret": SECRET})
        assert (answer.status, answer.headers["X-Hook-Secret"]) == (200, SECRET)
        assert (await served.send(BODY, signed(BODY, SECRET))).status == 200

        assert (await served.send(headers={"x-hook-secret": "a stranger's"})).status == 200
        assert (await served.send(BODY, signed(BODY, "a stranger's"))).status == 401
        assert (await served.send(b'{"events":[]}', signed(b'{"events":[]}', SECRET))).status == 200
        assert [kind for kind, _ in await served.results()] == ["task.changed"]
