"""Against receivers that others wrote: Debian's `webhook` and the `standardwebhooks` verifier (test_deliver.py too)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hub.model.json import dumps
from hub.model.retry import Retry
from hub.server import listen
from tests.outbound.conftest import Receiver, Rig

SECRET = "It's a Secret to Everybody"
BINARY = shutil.which("webhook")
needs_webhook = pytest.mark.skipif(
    BINARY is None, reason="install the receiver with: apt-get install webhook (https://github.com/adnanh/webhook)"
)


@asynccontextmanager
async def debian_webhook(directory: Path, signature_header: str) -> AsyncIterator[str]:
    """The receiver with one hook that runs only for a right payload-hmac-sha256, and echoes the order's number."""
    hook: dict[str, Any] = {
        "id": "orders",
        "execute-command": "/bin/echo",
        "include-command-output-in-response": True,
        "pass-arguments-to-command": [{"source": "payload", "name": "order.number"}],
        "trigger-rule-mismatch-http-response-code": 403,
        "trigger-rule": {
            "match": {
                "type": "payload-hmac-sha256",
                "secret": SECRET,
                "parameter": {"source": "header", "name": signature_header},
            }
        },
    }
    hooks = directory / "hooks.json"
    hooks.write_bytes(dumps([hook]))
    probe = listen("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    process = await asyncio.create_subprocess_exec(
        str(BINARY), "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port), "-verbose",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            while b"serving hooks on" not in (line := await process.stdout.readline()):
                assert line, "the receiver ended"
        yield f"http://127.0.0.1:{port}/hooks/orders"
    finally:
        process.kill()
        await process.communicate()


@needs_webhook
@pytest.mark.parametrize(
    ("scheme", "header"), [("github", "X-Hub-Signature-256"), ("hmac-sha256", "X-Webhook-Signature")]
)
async def test_debians_webhook_takes_our_signatures(rig: Rig, tmp_path: Path, scheme: str, header: str) -> None:
    async with debian_webhook(tmp_path, header) as url:
        made = await rig.subscribe(url, scheme=scheme, secret=SECRET)
        await rig.publish({"order": {"number": 12345}})
        await rig.outbound.settled()
        (attempt,) = await rig.attempts(made.record.id)
        assert (attempt.status, attempt.response_body) == (200, "12345\n")
        assert await rig.states() == ["delivered"]


@needs_webhook
async def test_debians_webhook_refuses_a_signature_under_another_secret(rig: Rig, tmp_path: Path) -> None:
    async with debian_webhook(tmp_path, "X-Hub-Signature-256") as url:
        made = await rig.subscribe(url, scheme="github", secret="another one", retry=Retry(retries=0))
        await rig.publish({"order": {"number": 12345}})
        await rig.outbound.settled()
        (attempt,) = await rig.attempts(made.record.id)
        assert attempt.status != 200 or "12345" not in attempt.response_body
        assert await rig.states() == ["dead"]


async def test_standardwebhooks_refuses_an_altered_body(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url)
    await rig.publish({"n": 1})
    (got,) = await receiver.until(1)
    verifier = Webhook(made.secret or "")
    assert verifier.verify(got.body, got.headers)["data"] == {"n": 1}
    with pytest.raises(WebhookVerificationError):
        verifier.verify(got.body.replace(b"1", b"2"), got.headers)
