"""`hub serve`: what it prints, what it refuses, how it stops."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.cli.processes import SECONDS, Serving, environment, run_hub, serving

CURL = re.compile(r"^curl .*$", re.MULTILINE)


async def get(session: aiohttp.ClientSession, hub: Serving, path: str, key: str) -> tuple[int, Any]:
    async with session.get(hub.url + path, headers={"Authorization": f"Bearer {key}"}) as answer:
        return answer.status, await answer.json()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_first_start_shows_a_key_and_commands_that_work_when_pasted_and_so_does_the_second(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    data = {"HUB_DATA_DIR": str(tmp_path / "data")}
    key, ran = "", set()
    for start in (1, 2):
        async with serving("--demo", until="/api/executions", **data) as hub:
            found = re.search(r"export HUB_API_KEY=(hub_\S{32,})", hub.greeting)
            if start == 1:
                assert found is not None
                key = found[1]
                assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data/keys").iterdir()} == {0o600}
            else:
                assert found is None
                assert key not in hub.greeting
            verification, delivery, waiting, executions = CURL.findall(hub.greeting)
            assert await paste(verification) == {"verification": "hello"}
            for _ in range(2):
                ran.add((await paste(delivery))["wf_exec_id"].rpartition("/")[2])
            assert (await paste(waiting))["value"] == {"summary": "ada@example.com did user.session.start"}
            items = (await paste(executions, **({"HUB_API_KEY": key} if start == 2 else {})))["items"]
            assert len(items) == 2
            assert ran < {one["id"] for one in items}
            assert (await get(session, hub, "/api/workflows", key))[0] == 200
            assert (await get(session, hub, "/api/workflows", key + "x"))[0] == 401
            hub.signal(signal.SIGINT)
            said = await hub.ended()
            assert (said.status, said.out.strip(), said.err) == (0, "The hub has stopped.", "")
    assert len(ran) == 1


async def paste(command: str, **given: str) -> Any:
    """The JSON that a printed command prints when a shell runs it."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, env=environment(**given), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0
    return json.loads(out)


async def test_sigterm_finishes_the_execution_that_runs(data: dict[str, str], session: aiohttp.ClientSession) -> None:
    called, release = asyncio.Event(), asyncio.Event()
    calls: list[str] = []

    async def slow(request: web.Request) -> web.Response:
        calls.append(request.headers["Idempotency-Key"])
        called.set()
        await release.wait()
        return web.json_response({"done": True})

    app = web.Application()
    app.router.add_post("/slow", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    nodes = [
        {"id": "call", "action": "http.request", "with": {"method": "POST", "url": f"http://127.0.0.1:{port}/slow"}},
        {"id": "after", "action": "transform", "needs": ["call"], "with": {"value": "{{ nodes.call.output.status }}"}},
    ]
    key = {"Authorization": f"Bearer {data['HUB_ADMIN_KEY']}"}
    try:
        async with serving(HUB_EGRESS_ALLOW="127.0.0.0/8", **data) as hub:
            async with session.post(
                f"{hub.url}/api/workflows", json={"name": "slow", "nodes": nodes}, headers=key
            ) as answer:
                assert answer.status == 201
                url = (await answer.json())["source"]["urls"]["tracecat"]
            async with session.post(url, json={}) as answer:
                assert answer.status == 200
                execution = (await answer.json())["wf_exec_id"].rpartition("/")[2]
            await asyncio.wait_for(called.wait(), SECONDS)
            hub.signal(signal.SIGTERM)
            await refuses(int(hub.url.rpartition(":")[2]))
            release.set()
            said = await hub.ended()
            assert (said.status, said.out) == (0, "The hub has stopped.\n")
        async with serving(**data) as hub:
            status, found = await get(session, hub, f"/api/executions/{execution}", data["HUB_ADMIN_KEY"])
            assert (status, found["state"], found["result"]) == (200, "succeeded", 200)
            assert [node["attempts"] for node in found["nodes"]] == [1, 1]
    finally:
        await runner.cleanup()
    assert len(calls) == 1


async def refuses(port: int) -> None:
    """Return once nothing listens on the port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        writer.close()


async def test_a_taken_port_is_told_in_a_sentence(data: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await run_hub("serve", HUB_PORT=str(port), **data)
    assert said.status == 1
    assert said.err == (
        f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use; set HUB_PORT to a free one\n"
    )


async def test_settings_that_cannot_be_used_are_told_in_a_sentence_each() -> None:
    said = await run_hub(
        "serve",
        HUB_PORT="99999",
        HUB_ADMIN_KEY="short",
        HUB_EGRESS_ALLOW="10.0.0.0/8,nonsense",
        HUB_PUBLIC_URL="hub.example",
    )
    assert said.status == 1
    assert "HUB_PORT: Input should be less than or equal to 65535\n" in said.err
    assert "HUB_ADMIN_KEY needs 32 characters or more\n" in said.err
    assert "HUB_PUBLIC_URL must start with https:// or http://\n" in said.err
    assert "HUB_EGRESS_ALLOW: Value error, 'nonsense' does not appear to be an IPv4 or IPv6 network\n" in said.err


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "HUB_DATABASE_URL: no SQLAlchemy URL, such as sqlite:////var/lib/hub/hub.db"),
        ("sqlite:////nowhere/hub.db", "the database cannot be opened: unable to open database file"),
    ],
)
async def test_a_database_that_cannot_be_used_is_told_in_a_sentence(
    data: dict[str, str], url: str, message: str
) -> None:
    said = await run_hub("serve", **data, HUB_PORT="0", HUB_DATABASE_URL=url)
    assert said.status == 1
    assert said.err.splitlines()[-1] == f"Error: {message}"
