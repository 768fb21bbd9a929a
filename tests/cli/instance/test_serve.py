"""`hub serve`: what it prints, what it refuses, how it stops."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import stat
import time
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
from aiohttp import web

from hub.testing.live import ADMIN_KEY
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


class Slow:
    """A service on loopback that answers when it is told to; `keys` are the Idempotency-Keys of its calls."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.called, self.release = asyncio.Event(), asyncio.Event()
        app = web.Application()
        app.router.add_post("/slow", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def _answer(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        self.called.set()
        await self.release.wait()
        return web.json_response({"done": True})

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def start_execution(self, session: aiohttp.ClientSession, hub: Serving) -> str:
        """Id of an execution that is calling this service."""
        url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slow"
        nodes = [
            {"id": "call", "action": "http.request", "with": {"method": "POST", "url": url}},
            {
                "id": "after",
                "action": "transform",
                "needs": ["call"],
                "with": {"value": "{{ nodes.call.output.status }}"},
            },
        ]
        body = {"name": "slow", "nodes": nodes}
        async with session.post(f"{hub.url}/api/workflows", json=body, headers={"X-Api-Key": ADMIN_KEY}) as answer:
            assert answer.status == 201
            tracecat = (await answer.json())["source"]["urls"]["tracecat"]
        async with session.post(tracecat, json={}) as answer:
            assert answer.status == 200
            execution = (await answer.json())["wf_exec_id"].rpartition("/")[2]
        await asyncio.wait_for(self.called.wait(), SECONDS)
        return str(execution)


async def test_sigterm_finishes_the_execution_that_runs(data: dict[str, str], session: aiohttp.ClientSession) -> None:
    async with Slow() as slow:
        async with serving(HUB_EGRESS_ALLOW="127.0.0.0/8", **data) as hub:
            execution = await slow.start_execution(session, hub)
            hub.signal(signal.SIGTERM)
            await refuses(int(hub.url.rpartition(":")[2]))
            slow.release.set()
            said = await hub.ended()
            assert (said.status, said.out) == (0, "The hub has stopped.\n")
        async with serving(**data) as hub:
            status, found = await get(session, hub, f"/api/executions/{execution}", ADMIN_KEY)
            assert (status, found["state"], found["result"]) == (200, "succeeded", 200)
            assert [node["attempts"] for node in found["nodes"]] == [1, 1]
    assert len(slow.keys) == 1


async def test_what_takes_longer_than_a_stop_may_goes_on_at_the_next_start(
    data: dict[str, str], session: aiohttp.ClientSession
) -> None:
    settings = {"HUB_EGRESS_ALLOW": "127.0.0.0/8", "HUB_SHUTDOWN_SECONDS": "0.5", **data}
    async with Slow() as slow:
        async with serving(**settings) as hub:
            execution = await slow.start_execution(session, hub)
            hub.signal(signal.SIGTERM)
            said = await hub.ended()
            assert (said.status, said.out, said.err) == (0, "The hub has stopped.\n", "")
        slow.release.set()
        async with serving(**settings) as hub:
            found: dict[str, Any] = {}
            until = time.monotonic() + SECONDS
            while found.get("state") not in ("succeeded", "failed") and time.monotonic() < until:
                _, found = await get(session, hub, f"/api/executions/{execution}", ADMIN_KEY)
            assert (found["state"], found["result"]) == ("succeeded", 200)
    assert len(slow.keys) == 2
    assert len(set(slow.keys)) == 1


async def refuses(port: int) -> None:
    """Return once nothing listens on the port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
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


async def test_an_address_of_another_machine_is_told_in_a_sentence(data: dict[str, str]) -> None:
    said = await run_hub("serve", HUB_HOST="192.0.2.1", HUB_PORT="0", **data)
    assert said.status == 1
    assert "set HUB_HOST to an address of this machine" in said.err


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
    assert "\nHUB_ADMIN_KEY needs at least 32 characters\n" in said.err
    assert "HUB_PUBLIC_URL must start with https:// or http://\n" in said.err
    assert "HUB_EGRESS_ALLOW: 'nonsense' does not appear to be an IPv4 or IPv6 network\n" in said.err


async def test_a_misspelt_setting_is_warned_of() -> None:
    said = await run_hub("serve", HUB_EGRES_ALLOW="10.0.0.0/8", HUB_URL="x", HUB_API_KEY="x", HUB_ORG="x", HUB_PORT="x")
    assert said.err.splitlines()[0] == (
        "Warning: HUB_EGRES_ALLOW is not a setting and is ignored; did you mean HUB_EGRESS_ALLOW?"
    )
    assert said.err.splitlines()[1].startswith("Error: HUB_PORT")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "HUB_DATABASE_URL is not a URL such as sqlite:////var/lib/hub/hub.db"),
        ("sqlite:////nowhere/hub.db", "the database cannot be opened: unable to open database file"),
    ],
)
async def test_a_database_that_cannot_be_used_is_told_in_a_sentence(
    data: dict[str, str], url: str, message: str
) -> None:
    said = await run_hub("serve", **data, HUB_PORT="0", HUB_DATABASE_URL=url)
    assert (said.status, said.err) == (1, f"Error: {message}\n")
