"""The way from the server to the pipeline: forms of the request line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.testing.live import live_hub


async def test_a_method_that_an_address_does_not_know_is_refused_in_the_words_of_its_dialect(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        urls = (await hub.workflow(source={"methods": ["GET", "POST"]}))["source"]["urls"]
        told = {name: await hub.send("GET", urls[name]) for name in ("tracecat_wait", "vectense", "vibeiq")}
        assert {(one.status, one.headers["Allow"]) for one in told.values()} == {(405, "POST")}
        assert told["tracecat_wait"].json() == {"detail": "Request method not allowed"}
        assert told["vectense"].json() == {"error": "Method not allowed"}
        assert set(told["vibeiq"].json()) == {"message"}
        other = await hub.send("PUT", urls["flowtrux"])
        assert (other.status, other.headers["Content-Type"]) == (405, "application/problem+json")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_request_line_may_hold_the_whole_url(tmp_path: Path, scheme: str) -> None:
    """As RFC 9112, 3.2.2 asks of every server; and no secret of a URL ends in the log."""
    async with live_hub(tmp_path / "data") as hub:
        workflow = await hub.workflow()
        url = urlsplit(workflow["source"]["urls"]["tracecat_wait"])
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        line = f"POST {scheme}://hub.example{url.path}?unwrap=true HTTP/1.1\r\n"
        writer.write(f"{line}Host: hub.example\r\nConnection: close\r\nContent-Length: 7\r\n\r\n".encode() + b'{"a":1}')
        answered = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        assert answered.startswith(b"HTTP/1.1 200")
        assert answered.endswith(b'{"a":1}')
        kept = (await hub.api("GET", f"/api/requests?source={workflow['source']['id']}")).json()["items"]
        assert [one["url"].partition("/fp:")[0] for one in kept] == [f"/webhooks/{workflow['id']}"]
