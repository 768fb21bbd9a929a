"""`http.request` with a custom CA and a client certificate that a connection holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.testing.live import LiveHub, live_hub
from tests.egress.conftest import Authority, Receive, receive, reply, server_context

__all__ = ["receive"]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data", egress_allow="127.0.0.0/8") as running:
        yield running


NODE = {
    "id": "call",
    "action": "http.request",
    "with": {"url": "{{ TRIGGER.url }}", "tls": "{{ connections.partner }}"},
}


async def partner(hub: LiveHub, **values: str) -> None:
    """Set the connection."""
    answer = await hub.api("PUT", "/api/connections/partner", {"kind": "tls", "values": values})
    assert answer.status < 300, answer.body


async def outcome(hub: LiveHub, workflow: dict[str, Any], url: str) -> dict[str, Any]:
    answer = await hub.post(workflow["source"]["urls"]["tracecat"], {"url": url})
    return await hub.finished(answer.json()["wf_exec_id"])


async def test_a_partner_with_its_own_authority_is_called_with_a_client_certificate(
    hub: LiveHub,
    receive: Receive,
    tmp_path: Path,
) -> None:
    authority, clients = Authority("Partner CA"), Authority("Clients CA")
    mine = clients.issue("hub")
    server = server_context(authority.issue("127.0.0.1"), tmp_path, clients=clients)
    receiver = await receive(reply(b"hello"), tls=server)
    workflow = await hub.workflow([NODE])
    url = f"https://127.0.0.1:{receiver.port}/"
    values = {"ca": authority.pem, "certificate": mine.certificate, "key": mine.key}
    await partner(hub, **values)
    finished = await outcome(hub, workflow, url)
    assert finished["state"] == "succeeded", finished["error"]
    shown = str((await hub.api("GET", f"/api/executions/{finished['id']}")).json())
    assert mine.key.splitlines()[1] not in shown
    await partner(hub, ca=authority.pem)
    assert (await outcome(hub, workflow, url))["state"] == "failed", "the partner wants a client certificate"
    await partner(hub, **(values | {"ca": clients.pem}))
    assert (await outcome(hub, workflow, url))["state"] == "failed", "another authority is not trusted"


async def test_a_certificate_that_cannot_be_read_is_told_in_a_sentence(hub: LiveHub) -> None:
    workflow = await hub.workflow([NODE])
    await partner(hub, ca="not PEM")
    finished = await outcome(hub, workflow, "https://127.0.0.1:9/")
    assert finished["state"] == "failed"
    assert "PEM" in str(finished["error"]) or "certificate" in str(finished["error"])
