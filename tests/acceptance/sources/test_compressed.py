"""Compressed requests over the real wire: decoded in every dialect, signed as received, kept byte for byte."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import hub as hub_package
from hub import Event, Hmac, Request, Source, Vendor
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import HubResponse, LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

SECRET = "a-secret-of-some-length"
BODY = {"first": "García", "n": [1, 2, 3]}
PLAIN = json.dumps(BODY).encode()
CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
}
FIELDS: Mapping[str, dict[str, Any]] = {
    "tracecat": {},
    "flowtrux": {"hmac_secret": SECRET},
    "vectense": {"shared_key": SECRET},
    "vibeiq": {"open": True},
}


def read(request: Request, source: Source) -> list[Event]:
    del source
    return [Event("made", request.json())]


received = Vendor(name="received", title="Received", read=read, verify=Hmac(header="x-signature"))
decoded = Vendor(name="decoded", title="Decoded", read=read, verify=Hmac(header="x-signature", signed_bytes="decoded"))


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[LiveHub]:
    points = [
        EntryPoint(name, f"tests.acceptance.sources.test_compressed:{name}", "hub") for name in ("received", "decoded")
    ]
    plugins = Plugins(
        version=hub_package.__version__, entry_points=points, dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )
    async with live_hub(tmp_path / "data", plugins=plugins, max_body_bytes=100_000) as one:
        yield one


def signed(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


async def send(hub: LiveHub, url: str, body: bytes, coding: str, **headers: str) -> HubResponse:
    sent = {"Content-Type": "application/json", "Content-Encoding": coding}
    return await hub.send("POST", url, body, headers={**sent, **{k.replace("_", "-"): v for k, v in headers.items()}})


async def seen(hub: LiveHub, source: dict[str, Any]) -> list[Any]:
    """The data of the source's events, the newest first."""
    found = (await hub.api("GET", f"/api/events?source={source['id']}")).json()["items"]
    return [(await hub.api("GET", f"/api/events/{one['id']}")).json()["data"] for one in found]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("dialect", ["tracecat", "flowtrux", "vectense", "vibeiq"])
async def test_every_dialect_decodes(running: LiveHub, dialect: str, coding: str) -> None:
    source = (await running.workflow(source=FIELDS[dialect]))["source"]
    body = CODINGS[coding](PLAIN)
    answer = await send(running, source["urls"][dialect], body, coding, X_Webhook_Signature=signed(body))
    assert answer.status == 200, answer.body
    [data] = await seen(running, source)
    assert data.get("body", data) == BODY or data["first"] == "García"


@pytest.mark.parametrize(
    ("vendor", "over"),
    [("received", gzip.compress(PLAIN, mtime=0)), ("decoded", PLAIN)],
    ids=["as received", "decoded"],
)
async def test_a_scheme_says_which_bytes_are_signed(running: LiveHub, vendor: str, over: bytes) -> None:
    source = (await running.workflow(source={"vendor": vendor, "signing_secrets": [SECRET]}))["source"]
    body = gzip.compress(PLAIN, mtime=0)
    right = await send(running, source["urls"]["tracecat"], body, "gzip", X_Signature=signed(over))
    assert right.status == 200, right.body
    assert await seen(running, source) == [BODY]
    other = PLAIN if over != PLAIN else body
    assert (await send(running, source["urls"]["tracecat"], body, "gzip", X_Signature=signed(other))).status == 401
    plain = await running.send("POST", source["urls"]["tracecat"], PLAIN, headers={"X-Signature": signed(PLAIN)})
    assert plain.status == 200


async def test_the_request_is_kept_as_received_and_replayed_as_read(running: LiveHub) -> None:
    source = (await running.workflow(source={"vendor": "received", "signing_secrets": [SECRET]}))["source"]
    body = gzip.compress(PLAIN, mtime=0)
    assert (await send(running, source["urls"]["tracecat"], body, "gzip", X_Signature=signed(body))).status == 200
    [kept] = (await running.api("GET", f"/api/requests?source={source['id']}")).json()["items"]
    assert kept["size"] == len(body)
    assert (await running.api("POST", f"/api/requests/{kept['id']}/replay")).status in (200, 201, 202)
    assert await seen(running, source) == [BODY, BODY]


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
@pytest.mark.parametrize("dialect", ["tracecat", "vectense", "vibeiq"])
async def test_what_cannot_be_decoded_gets_415_that_names_it(running: LiveHub, dialect: str, coding: str) -> None:
    fields: dict[str, Any] = {"shared_key": SECRET} if dialect == "vectense" else {"open": True}
    source = (await running.workflow(source=fields))["source"]
    answer = await send(running, source["urls"][dialect], b"\x01\x02", coding)
    assert answer.status == 415
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"
    assert f"Content-Encoding {coding} is not supported" in answer.body.decode()
    assert await seen(running, source) == []


async def test_a_bomb_gets_413_and_rubbish_400(running: LiveHub) -> None:
    source = (await running.workflow())["source"]
    url = source["urls"]["tracecat"]
    bomb = gzip.compress(b'"' + b"x" * 50_000_000 + b'"')
    assert len(bomb) < 100_000
    answer = await send(running, url, bomb, "gzip")
    assert (answer.status, answer.json()) == (413, {"detail": "Request body too large"})
    assert (await send(running, url, gzip.compress(b'"' + b"x" * 99_000 + b'"'), "gzip")).status == 200
    for broken in (b"{}", gzip.compress(PLAIN, mtime=0)[:-4], gzip.compress(PLAIN, mtime=0) + b"more"):
        refused = await send(running, url, broken, "gzip")
        assert (refused.status, refused.json()["detail"]) == (400, "The body is not gzip as Content-Encoding says")
    assert (await send(running, url, b"", "gzip")).status == 200, "no body is no compressed body"


async def test_verify_explains_a_compressed_request(running: LiveHub) -> None:
    source = (await running.workflow(source={"vendor": "received", "signing_secrets": [SECRET]}))["source"]
    body = gzip.compress(PLAIN, mtime=0)
    asked = {
        "source": source["id"],
        "method": "POST",
        "headers": {"x-signature": signed(PLAIN), "content-encoding": "gzip", "content-type": "application/json"},
        "body_base64": base64.b64encode(body).decode(),
    }
    steps = (await running.api("POST", "/api/verify", asked)).json()
    assert "before it was compressed" in json.dumps(steps)
