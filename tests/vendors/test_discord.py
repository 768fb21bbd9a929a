"""Discord, with PyNaCl as the sender (the library of Discord's own examples)."""

from __future__ import annotations

import time

from nacl.signing import SigningKey

from hub import Recording
from hub.model.json import dumps
from hub.testing import VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.discord import vendor

JSON = {"content-type": "application/json"}
PING = dumps({"id": "1115555555555555555", "application_id": "222", "type": 1, "token": "t", "version": 1})
COMMAND = dumps(
    {"id": "1116666666666666666", "application_id": "222", "type": 2, "guild_id": "9", "data": {"name": "ask"}}
)


def signed(key: SigningKey, body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = key.sign(stamp.encode() + body).signature.hex()
    return {**JSON, "x-signature-ed25519": signature, "x-signature-timestamp": stamp}


class TestContract(VendorContract):
    vendor = vendor
    recorded = (
        Recording(
            name="ping", event_types=("ping",), headers=JSON, body=PING, expect={"status": 200, "body": {"type": 1}}
        ),
        Recording(name="command", event_types=("command",), headers=JSON, body=COMMAND, expect={"body": {"type": 5}}),
    )


async def test_a_ping_is_answered_and_starts_nothing_a_command_starts_a_workflow(serve: Serve) -> None:
    key = SigningKey.generate()
    async with serve("discord", source={"signing_secrets": [key.verify_key.encode().hex()]}) as served:
        answer = await served.send(PING, signed(key, PING))
        assert (answer.status, answer.json()) == (200, {"type": 1})
        answer = await served.send(COMMAND, signed(key, COMMAND))
        assert (answer.status, answer.json()) == (200, {"type": 5})
        assert [kind for kind, _ in await served.results()] == ["command"]


async def test_a_bad_signature_gets_exactly_401(serve: Serve) -> None:
    key = SigningKey.generate()
    async with serve("discord", source={"signing_secrets": [key.verify_key.encode().hex()]}) as served:
        good = signed(key, PING)
        bad = (signed(SigningKey.generate(), PING), {**good, "x-signature-timestamp": "1"}, JSON)
        assert [(await served.send(PING, headers)).status for headers in bad] == [401, 401, 401]
