"""The commands against a running hub, as a person types them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from click.testing import CliRunner, Result

from hub.cli import main
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


async def said(hub: LiveHub, *arguments: str, stdin: str = "", fails: bool = False) -> str:
    """What a command prints."""
    environment = {"HUB_URL": hub.url, "HUB_API_KEY": ADMIN_KEY, "HUB_ORG": ""}
    result: Result = await asyncio.to_thread(
        CliRunner().invoke, main, list(arguments), input=stdin, env=environment, catch_exceptions=False
    )
    assert (result.exit_code != 0) == fails, result.output
    return result.output


async def answered(hub: LiveHub, *arguments: str, stdin: str = "") -> Any:
    return json.loads(await said(hub, *arguments, stdin=stdin))


async def test_webhooks(hub: LiveHub) -> None:
    made = await answered(hub, "webhooks", "create", "-j")
    assert set(made) == {"createdOn", "updatedOn", "createdById", "updatedById", "orgId", "id"}
    assert made in await answered(hub, "webhooks", "list", "-j")
    assert made["id"] in await said(hub, "webhooks", "list")
    assert (await answered(hub, "webhooks", "get", made["id"], "-j")) == made
    assert (await answered(hub, "webhooks", "update", made["id"], '{"name": "a"}', "-j"))["id"] == made["id"]
    assert "deleted" in await said(hub, "webhooks", "delete", made["id"])
    assert "(404)" in await said(hub, "webhooks", "get", made["id"], fails=True)
    assert (await answered(hub, "webhooks", "create", '{"shared_key": "0123456789"}', "-j"))["id"]


async def test_workflows_from_yaml(hub: LiveHub, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text("name: from yaml\nnodes:\n  - id: a\n    action: transform\n    with: {value: '{{ TRIGGER }}'}\n")
    made = await answered(hub, "workflows", "create", str(file), "-j")
    assert "\nsource: src_" in await said(hub, "workflows", "create", "-", stdin=file.read_text())
    assert "from yaml" in await said(hub, "workflows", "list")
    assert (await answered(hub, "workflows", "show", made["id"], "--json"))["name"] == "from yaml"
    assert (await answered(hub, "workflows", "update", made["id"], '{"name": "b"}'))["name"] == "b"
    assert "version" in await said(hub, "workflows", "publish", made["id"])
    assert made["id"] in [one["id"] for one in await answered(hub, "workflows", "list", "-j")]
    file.write_text("a: [")
    assert "neither JSON nor YAML" in await said(hub, "workflows", "create", str(file), fails=True)
    assert "deleted" in await said(hub, "workflows", "delete", made["id"])


async def test_sources_and_their_credentials(hub: LiveHub) -> None:
    made = await answered(hub, "sources", "create", '{"name": "orders", "open": true}', "-j")
    source = made["id"]
    assert "vibeiq: http" in await said(hub, "sources", "create")
    assert "orders" in await said(hub, "sources", "list")
    assert source in [one["id"] for one in await answered(hub, "sources", "list", "-j")]
    assert "shown only once" in await said(hub, "sources", "add-secret", source, "--slot", "hmac", "--overlap", "60")
    given = ("sources", "add-secret", source, "--secret", "given-secret")
    assert "shown only once" not in await said(hub, *given, "--slot", "shared_key")
    assert "only url, hmac, shared_key" in await said(hub, *given, fails=True)
    shown = await said(hub, "sources", "show", source)
    assert "hmac" in shown
    assert "given-secret" not in shown
    number = next(one["n"] for one in (await answered(hub, "sources", "show", source, "-j"))["credentials"])
    assert "deleted" in await said(hub, "sources", "delete-secret", source, str(number))
    assert "API key" in await said(hub, "sources", "api-key", source)
    assert "revoked" in await said(hub, "sources", "api-key", source, "--revoke")
    assert "need no API key" in await said(hub, "sources", "api-key", source, "--delete")
    assert (await answered(hub, "sources", "update", source, '{"enabled": false}'))["enabled"] is False
    assert "/allowlist/0" in await said(hub, "sources", "update", source, '{"allowlist": ["x"]}', fails=True)
    assert "deleted" in await said(hub, "sources", "delete", source)


async def test_the_guide_of_a_source_names_its_address(hub: LiveHub) -> None:
    source = (await hub.workflow(source={"vendor": "github"}))["source"]
    shown = await said(hub, "sources", "guide", source["id"])
    assert f"*Payload URL*: `{source['urls']['tracecat']}`" in shown
    assert (await answered(hub, "sources", "guide", source["id"], "-j"))["vendor"] == "github"
    plain = (await hub.workflow())["source"]["id"]
    assert "the source has no vendor" in await said(hub, "sources", "guide", plain, fails=True)


async def test_a_refused_request_is_judged_again(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": "the-first-hmac-secret"})
    source, secret = workflow["source"]["id"], "the-second-hmac-secret"
    headers = {"X-Webhook-Signature": hmac.digest(secret.encode(), b"{}", "sha256").hex()}
    assert (await hub.post(workflow["source"]["urls"]["tracecat"], {}, headers=headers)).status == 401
    found: list[Any] = []
    while not found:
        found = await answered(hub, "requests", "list", "--source", source, "--state", "refused", "-j")
    request = found[0]["id"]
    failed = await said(hub, "replay", request, "--judge-again", fails=True)
    assert "verdict: fail; nothing was started" in failed
    assert "matches no live HMAC secret" in failed
    await hub.api("PATCH", f"/api/sources/{source}", {"hmac_secret": secret})
    assert "verdict: pass" in (passed := await said(hub, "replay", request, "--judge-again"))
    assert "started exec_" in passed
    assert "single request" in await said(hub, "replay", "--since", "1h", "--judge-again", fails=True)


async def test_requests_replay_executions_and_tail(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": "cli-secret"})
    source, url = workflow["source"]["id"], workflow["source"]["urls"]["flowtrux"]
    mac = hmac.new(b"cli-secret", b"{}", hashlib.sha256).hexdigest()
    sent = await hub.send("POST", url, b"{}", headers={"X-Webhook-Signature": mac})
    request = sent.headers["X-Request-Id"]
    assert request in await said(hub, "requests", "list", "--source", source)
    assert [one["id"] for one in await answered(hub, "requests", "list", "--source", source, "-j")] == [request]
    assert (await answered(hub, "requests", "show", request))["body"] == "{}"
    assert "verdict: pass" in await said(hub, "requests", "explain", request)
    assert (await answered(hub, "requests", "explain", request, "-j"))["verdict"] == "pass"
    assert "started exec_" in await said(hub, "replay", request)
    assert (await answered(hub, "replay", request, "-j"))["replay_of"] == request
    assert "1 of 1 replayed" in await said(hub, "replay", "--since", "1h", "--source", source)
    assert (await answered(hub, "replay", "--since", "1h", "--until", "30m", "--source", source, "-j"))[
        "kind"
    ] == "replay"
    assert "name a request" in await said(hub, "replay", fails=True)
    live = await said(hub, "tail", "--source", source, "-n", "2", "--count", "2")
    assert live.count("accepted") == 2
    assert len((await said(hub, "tail", "--source", source, "-n", "3", "--count", "3", "-j")).splitlines()) == 3
    execution = sent.json()["executionId"].replace("exec-", "exec_")
    await hub.finished(execution)
    assert execution in await said(hub, "executions", "list", "--workflow", workflow["id"])
    assert "succeeded" in await said(hub, "executions", "show", execution)
    assert (await answered(hub, "executions", "show", execution, "-j"))["id"] == execution
    assert len(await answered(hub, "executions", "list", "--workflow", workflow["id"], "-j")) >= 3
    assert "(409)" in await said(hub, "executions", "cancel", execution, fails=True)
    assert "(409)" in await said(hub, "executions", "retry", execution, fails=True)


async def test_tail_shows_what_comes_in_while_it_runs(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    url, source = workflow["source"]["urls"]["tracecat"], workflow["source"]["id"]
    await hub.post(url, {"n": 0})
    arguments = ("tail", "--source", source, "-n", "1", "--count", "3", "--every", "0.05", "-j")
    running = asyncio.create_task(said(hub, *arguments))
    sent = [(await hub.post(url, {"n": number})).headers["X-Request-Id"] for number in range(1, 5)]
    seen = [json.loads(line)["id"] for line in (await asyncio.wait_for(running, 20)).splitlines()]
    assert len(seen) == 3
    assert seen == sorted(seen, key=str.swapcase)
    assert set(seen[1:]) <= set(sent)


async def test_listen_forwards_with_the_signature_intact(hub: LiveHub) -> None:
    got: list[tuple[str, bytes, Any]] = []

    async def receive(request: web.Request) -> web.Response:
        got.append((request.path_qs, await request.read(), request.headers.copy()))
        return web.Response(status=201)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        workflow = await hub.workflow(source={"hmac_secret": "cli-secret"})
        body = b'{ "a" :\xc3\xa4 1}'.replace(b"\xc3\xa4", b"")
        mac = hmac.new(b"cli-secret", body, hashlib.sha256).hexdigest()
        headers = {"X-Webhook-Signature": mac, "Content-Type": "application/json; charset=utf-8"}
        await hub.send("POST", workflow["source"]["urls"]["flowtrux"] + "?a=%20b&c", body, headers=headers)
        output = await said(
            hub, "listen", "--forward-to", f"http://127.0.0.1:{port}/hook?x=1", "--source", workflow["source"]["id"],
            "-n", "1", "--count", "1",
        )  # fmt: skip
        assert "201" in output
        path, forwarded, seen = got[0]
        assert (path, forwarded) == ("/hook?x=1&a=%20b&c", body)
        assert seen["x-webhook-signature"] == mac
        assert seen["content-type"] == "application/json; charset=utf-8"
        output = await said(
            hub, "listen", "--forward-to", "http://127.0.0.1:1/", "--source", workflow["source"]["id"],
            "-n", "1", "--count", "1",
        )  # fmt: skip
        assert "failed" in output
    finally:
        await runner.cleanup()


async def test_connections_keys_orgs_and_audit(hub: LiveHub) -> None:
    assert "no connection" in await said(hub, "connections", "list")
    assert "is set: token" in await said(hub, "connections", "set", "slack", "--kind", "slack", stdin="xoxb-1\n")
    assert (await answered(hub, "connections", "list", "-j"))[0]["fields"] == ["token"]
    assert "slack" in await said(hub, "connections", "list")
    assert "deleted" in await said(hub, "connections", "delete", "slack")
    made = await answered(hub, "keys", "create", "ci", "--role", "viewer", "-j")
    assert "ci" in await said(hub, "keys", "list")
    assert "shown only once" in await said(hub, "keys", "create", "two", "--role", "editor")
    assert made["id"] in [one["id"] for one in await answered(hub, "keys", "list", "-j")]
    assert "revoked" in await said(hub, "keys", "revoke", made["id"])
    assert "are encrypted with the new master key" in await said(hub, "keys", "rotate-master")
    assert (await answered(hub, "orgs", "create", "cli-org", "-j"))["name"] == "cli-org"
    assert "Next: HUB_ORG=cli-org-2" in await said(hub, "orgs", "create", "cli-org-2")
    assert "cli-org" in await said(hub, "orgs", "list")
    assert len(await answered(hub, "orgs", "list", "-j")) >= 2
    assert "keys.create" in await said(hub, "audit")
    assert (await answered(hub, "audit", "-j"))[0]["action"] == "orgs.create"
