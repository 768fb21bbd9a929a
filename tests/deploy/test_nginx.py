"""Debian's nginx in front of a real hub, with the sample configuration that operators are given."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from hub.server import listen
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub
from tests.egress.conftest import Authority

SAMPLE = Path(__file__).parents[2] / "deploy/nginx/hub.conf"
HOST = "hub.example.com"
SECONDS = 20

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="wants nginx: apt-get install nginx-light")


def free_port() -> int:
    with listen("127.0.0.1", 0) as probe:
        return int(probe.getsockname()[1])


class Proxied:
    """A hub behind nginx: what is sent goes over TLS through the proxy."""

    def __init__(self, hub: LiveHub, port: int, trust: ssl.SSLContext, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.port = port
        self._trust = trust
        self._session = session

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        url = f"https://127.0.0.1:{self.port}{path}"
        sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self._session.request(
            method, url, data=BytesIO(body), headers=sent, ssl=self._trust, server_hostname=HOST
        ) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Proxied]:
    authority = Authority("Test CA")
    folder = tmp_path / "nginx"
    folder.mkdir()
    pair = authority.issue(HOST)
    (folder / "fullchain.pem").write_text(pair.certificate)
    (folder / "privkey.pem").write_text(pair.key)
    plain, tls = free_port(), free_port()
    settings: dict[str, Any] = {
        "trusted_proxies": "127.0.0.1/32",
        "public_url": f"https://{HOST}",
        "max_body_bytes": 8 << 20,
    }
    async with live_hub(tmp_path / "data", **settings) as hub:
        site = SAMPLE.read_text()
        for told, real in {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl;\n": "",
            "127.0.0.1:8000": urlsplit(hub.url).netloc,
            "/etc/ssl/hub/": f"{folder}/",
        }.items():
            assert told in site, f"the sample has no {told!r}"
            site = site.replace(told, real)
        (folder / "hub.conf").write_text(site)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log stderr notice; user {_user()};\n"
            f"events {{}}\nhttp {{ {temporary} include {folder}/hub.conf; }}\n"
        )
        command = ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        assert process.stderr is not None
        try:
            async with asyncio.timeout(SECONDS):
                said = b""
                while b"start worker process " not in said:
                    line = await process.stderr.readline()
                    assert line, said.decode()
                    said += line
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
                trust = ssl.create_default_context(cadata=authority.pem)
                yield Proxied(hub, tls, trust, session)
        finally:
            process.terminate()
            await process.wait()


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


async def test_a_senders_request_reaches_the_hub_with_the_senders_address(proxied: Proxied) -> None:
    workflow = await proxied.hub.workflow(source={"allowlist": ["127.0.0.1/32"]})
    path = urlsplit(workflow["source"]["urls"]["tracecat"]).path
    assert workflow["source"]["urls"]["tracecat"].startswith(f"https://{HOST}/webhooks/")
    status, body = await proxied.send("POST", path, b'{"a":1}', Content_Type="application/json")
    assert (status, json.loads(body)["message"]) == (200, "Workflow execution created")
    status, _ = await proxied.send("POST", path, b"{}", X_Forwarded_For="203.0.113.9")
    assert status == 200, "nginx replaces what a sender writes into X-Forwarded-For"


async def test_the_self_check_finds_nothing_wrong(proxied: Proxied) -> None:
    status, body = await proxied.send("GET", "/api/self-check", X_Api_Key=ADMIN_KEY)
    found = json.loads(body)
    assert (status, found["client"], found["peer_is_trusted"], found["called_as"]) == (200, "127.0.0.1", True, HOST)
    assert found["warnings"] == []


async def test_bodies_as_large_as_the_hub_takes_pass_and_larger_ones_get_the_hubs_own_413(proxied: Proxied) -> None:
    workflow = await proxied.hub.workflow()
    path = urlsplit(workflow["source"]["urls"]["tracecat"]).path
    large = json.dumps("x" * (6 << 20)).encode()
    assert (await proxied.send("POST", path, large, Content_Type="application/json"))[0] == 200
    status, body = await proxied.send("POST", path, b"x" * (9 << 20), Content_Type="application/json")
    assert (status, json.loads(body)) == (413, {"detail": "Request body too large"})
