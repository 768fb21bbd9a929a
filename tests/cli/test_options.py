"""Options of commands that the stories of the other files have no use for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from hub.cli import main
from hub.model.json import loads
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub
from tests.egress.conftest import Authority
from tests.outbound.conftest import Receiver, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


MANY = 210
"""Messages; a recovery keeps at most two hundred in the queue."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path_factory.mktemp("options") / "data", egress_allow="127.0.0.0/8") as running:
        yield running


async def said(hub: LiveHub, *arguments: str, stdin: str = "", key: str = ADMIN_KEY) -> str:
    environment = {"HUB_URL": hub.url, "HUB_API_KEY": key, "HUB_ORG": ""}
    result: Result = await asyncio.to_thread(
        CliRunner().invoke, main, list(arguments), input=stdin, env=environment, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


async def answered(hub: LiveHub, *arguments: str, stdin: str = "") -> Any:
    return loads(await said(hub, *arguments, "--json", stdin=stdin))


async def test_lists_are_cut_where_they_are_told_to(hub: LiveHub) -> None:
    url = (await hub.workflow())["source"]["urls"]["tracecat"]
    assert [(await hub.post(url, {"n": number})).status for number in range(3)] == [200] * 3
    for command in (("requests", "list"), ("executions", "list"), ("audit",)):
        assert len(await answered(hub, *command, "--limit", "1")) == 1
    for command in (("deliveries", "list"), ("deliveries", "undelivered")):
        assert await answered(hub, *command, "--limit", "1") == []
    shown = await said(hub, "tail", "--last", "2", "--count", "2")
    assert len(shown.splitlines()) == 2


async def test_plugins_can_be_listed_by_name_too(hub: LiveHub) -> None:
    assert await answered(hub, "plugins", "list") == (await hub.api("GET", "/api/plugins")).json()["items"]


async def test_a_connection_may_have_several_fields(hub: LiveHub) -> None:
    out = await said(hub, "connections", "set", "jira", "--field", "user", "--field", "password", stdin="ada\npw\n")
    assert "is set: user, password" in out
    shown = (await hub.api("GET", "/api/connections/jira")).json()
    assert shown["fields"] == ["user", "password"]


async def test_an_operators_key_manages_the_instance(hub: LiveHub) -> None:
    made = await answered(hub, "keys", "create", "chief", "--role", "admin", "--operator")
    plain = await answered(hub, "keys", "create", "plain", "--role", "admin")
    assert (await hub.api("GET", "/api/orgs", key=made["key"])).status == 200
    assert (await hub.api("POST", "/api/orgs", {"name": "other"}, key=made["key"])).status == 201
    assert (await hub.api("POST", "/api/orgs", {"name": "another"}, key=plain["key"])).status == 403


async def test_a_secret_may_be_of_one_tenant(hub: LiveHub) -> None:
    source = await answered(hub, "sources", "create", '{"vendor": "github"}')
    await said(hub, "sources", "add-secret", source["id"], "--secret", "tenant-secret", "--label", "acme")
    shown = (await hub.api("GET", f"/api/sources/{source['id']}")).json()
    assert "acme" in [one["label"] for one in shown["credentials"]]


async def test_a_subscription_takes_every_option(hub: LiveHub, tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    authority = Authority("Test CA").pem
    pem.write_text(authority)
    made = await answered(
        hub, "subscriptions", "create", "--url", "https://127.0.0.1:9/", "--event", "x", "--name", "orders",
        "--scheme", "github", "--concurrency", "3", "--ca", str(pem), "--client", "c1",
    )  # fmt: skip
    shown = (await hub.api("GET", f"/api/subscriptions/{made['id']}")).json()
    assert {name: shown[name] for name in ("name", "scheme", "concurrency", "clients")} == {
        "name": "orders",
        "scheme": "github",
        "concurrency": 3,
        "clients": ["c1"],
    }
    assert shown["tls"]["ca"] == authority
    assert "deleted" in await said(hub, "subscriptions", "delete", made["id"], "--yes")


async def test_a_message_may_have_an_ordering_key(hub: LiveHub) -> None:
    sent = await answered(hub, "events", "publish", "thing", "{}", "--ordering-key", "order-7", "--client", "c1")
    message = (await hub.api("GET", f"/api/messages/{sent['id']}")).json()
    assert (message["ordering_key"], message["client"]) == ("order-7", "c1")


@pytest.mark.parametrize("how", ["resume", "cancel"])
async def test_a_paused_recovery_goes_on_or_ends(hub: LiveHub, how: str) -> None:
    """More messages than a recovery keeps in the queue, and a receiver that answers none: it cannot be done yet."""
    receiver = Receiver()
    receiver.gate.clear()
    async with serving([receiver]):
        made = await answered(hub, "subscriptions", "create", "--url", receiver.url, "--event", f"rec.{how}")
        await hub.api("PATCH", f"/api/subscriptions/{made['id']}", {"enabled": False})
        for number in range(MANY):
            await hub.api("POST", "/api/messages", {"type": f"rec.{how}", "data": number})
        await hub.api("PATCH", f"/api/subscriptions/{made['id']}", {"enabled": True})
        started = await said(hub, "recover", made["id"], "--since", "1h", "--detach")
        job = started.partition(":")[0]
        paused = await hub.api("POST", f"/api/jobs/{job}/pause")
        assert (paused.status, paused.json()["state"]) == (200, "paused")
        receiver.gate.set()
        out = await said(hub, "recover", job, f"--{how}")
        assert (f"done: {MANY} sent again" if how == "resume" else "cancelled") in out
        await hub.services.outbound.settled()
