"""The pages for people: whole, linked, without a script."""

from __future__ import annotations

import re

from hub.testing.live import LiveHub


async def test_the_api_page_describes_every_route_and_its_links_lead_somewhere(hub: LiveHub) -> None:
    page = await hub.send("GET", "/docs")
    text = page.body.decode()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    document = (await hub.send("GET", "/openapi.json")).json()
    assert {path for path in document["paths"] if f"<code>{path}</code>" not in text} == set()
    assert "/api/subscriptions/{subscription}/verify" in document["paths"]
    links = set(re.findall(r'href="(/[^"]*)"', text))
    assert links == {"/openapi.json", "/docs/style.css", "/docs/signature"}
    assert {(await hub.send("GET", link)).status for link in links} == {200}


async def test_the_api_page_runs_no_script_and_has_no_form(hub: LiveHub) -> None:
    page = await hub.send("GET", "/docs")
    assert b"<script" not in page.body
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'self'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
