"""The page that checks a receiver's signature, as a browser sends its form."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from hub.api.outbound.signature_page import pasted_headers
from hub.errors import Invalid
from hub.testing.live import ADMIN_KEY, HubResponse, LiveHub

PAGE = "/docs/signature"
LINES = '{\n  "a": 1\n}\n'


@pytest.fixture
def hub(shared: LiveHub) -> LiveHub:
    """The shared hub: each test makes its own things in it."""
    return shared


async def subscribe(hub: LiveHub, **fields: Any) -> dict[str, Any]:
    answer = await hub.api(
        "POST", "/api/subscriptions", {"url": "http://127.0.0.1:9/", "events": ["order.created"], **fields}
    )
    made: dict[str, Any] = answer.json()
    return made


def signed(secret: str, body: str, at: datetime | None = None) -> str:
    """What a receiver that computes the signature itself would paste."""
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, body)
    return f"webhook-id: msg_1\r\nwebhook-timestamp: {int(at.timestamp())}\r\nwebhook-signature: {signature}"


async def submit(hub: LiveHub, *, file: bytes | None = None, **fields: str) -> HubResponse:
    """As a browser does: pasted line breaks become CRLF."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in ({"key": ADMIN_KEY, "org": "", "headers": "", "body": ""} | fields).items():
        form.add_field(name, re.sub("\r?\n", "\r\n", value))
    form.add_field("file", file or b"", filename="body.json" if file else "", content_type="application/octet-stream")
    async with hub.session.post(hub.url + PAGE, data=form) as response:
        return HubResponse(response.status, response.headers, await response.read())


@pytest.mark.parametrize("body", ['{"a":1}', LINES, LINES.replace("\n", "\r\n"), "", "€ ü"])
async def test_a_right_signature_is_right_whatever_the_browser_does_to_line_breaks(hub: LiveHub, body: str) -> None:
    made = await subscribe(hub)
    answer = await submit(hub, subscription=made["id"], headers=signed(made["secret"], body), body=body)
    assert (answer.status, "The signature is valid" in answer.body.decode()) == (200, True)


async def test_a_file_is_taken_byte_for_byte(hub: LiveHub) -> None:
    made = await subscribe(hub)
    headers = signed(made["secret"], LINES)
    exact = await submit(hub, subscription=made["id"], headers=headers, file=LINES.encode(), body="ignored")
    assert "The signature is valid" in exact.body.decode()
    other = await submit(hub, subscription=made["id"], headers=headers, file=LINES.replace("\n", "\r\n").encode())
    assert "The signature is invalid" in other.body.decode()
    assert "over the body with LF line ends" in other.body.decode()


async def test_a_wrong_signature_is_explained_and_what_was_pasted_stays(hub: LiveHub) -> None:
    made = await subscribe(hub)
    headers = signed(made["secret"], '{"a": 1}')
    answer = await submit(hub, subscription=made["id"], headers=headers, body='{"a":1}<script>')
    text = answer.body.decode()
    assert (answer.status, "The signature is invalid" in text, "None of the common" in text) == (
        200,
        True,
        True,
    )
    assert "&#34;a&#34;:1}&lt;script&gt;" in text
    assert "<script" not in text
    hinted = await submit(hub, subscription=made["id"], headers=headers, body='{"a":1}')
    assert "over JSON with spaces" in hinted.body.decode()


async def test_what_is_pasted_long_after_it_was_sent_is_explained_too(hub: LiveHub) -> None:
    made = await subscribe(hub)
    headers = signed(made["secret"], '{"a": 1}', datetime(2026, 1, 1, tzinfo=UTC))
    as_it_came = await submit(hub, subscription=made["id"], headers=headers, body='{"a": 1}')
    assert "it was signed at 2026-01-01 00:00:00 UTC (webhook-timestamp), too far from now" in as_it_came.body.decode()
    written_anew = await submit(hub, subscription=made["id"], headers=headers, body='{"a":1}')
    assert "over JSON with spaces" in written_anew.body.decode()
    other = await submit(hub, subscription=made["id"], headers=headers, body='{"a":2}')
    assert "no signature matches any of 1 live secrets" in other.body.decode()


async def test_neither_key_nor_secret_nor_expected_signature_is_on_the_page(hub: LiveHub) -> None:
    made = await subscribe(hub)
    headers = signed(made["secret"], '{"a":1}')
    answer = await submit(hub, subscription=made["id"], headers="webhook-id: msg_1", body='{"a":1}')
    for hidden in (ADMIN_KEY, made["secret"], headers.rpartition(",")[2]):
        assert hidden not in answer.body.decode()
    assert "webhook-signature is missing" in answer.body.decode()


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"key": "wrong"}, 401, "unknown, revoked or expired"),
        ({"key": ""}, 401, "send an API key"),
        ({"org": "nowhere"}, 403, "may not act in the org"),
        ({"subscription": "sub_nothing"}, 404, "no such id: sub_nothing"),
        ({"headers": "a: b\nnothing here"}, 422, "line 2 of the headers is not a header"),
    ],
)
async def test_what_cannot_be_checked_says_why(hub: LiveHub, fields: dict[str, str], status: int, said: str) -> None:
    made = await subscribe(hub)
    answer = await submit(hub, **({"subscription": made["id"]} | fields))
    assert (answer.status, said in answer.body.decode()) == (status, True)


async def test_an_unsigned_subscription_has_nothing_to_check(hub: LiveHub) -> None:
    made = await subscribe(hub, secret=None)
    answer = await submit(hub, subscription=made["id"])
    assert (answer.status, "has no secret" in answer.body.decode()) == (409, True)


async def test_a_key_sees_subscriptions_of_its_own_org_only(hub: LiveHub) -> None:
    made = await subscribe(hub)
    assert (await hub.api("POST", "/api/orgs", {"name": "other"})).status == 201
    key = await hub.api("POST", "/api/keys", {"name": "k", "role": "viewer"}, headers={"X-Api-Org": "other"})
    answer = await submit(hub, key=key.json()["key"], subscription=made["id"])
    assert answer.status == 404
    publisher = (await hub.api("POST", "/api/keys", {"name": "p", "role": "publisher"})).json()["key"]
    assert (await submit(hub, key=publisher, subscription=made["id"])).status == 403


async def test_the_page_runs_no_script_and_sends_its_form_home_only(hub: LiveHub) -> None:
    answer = await hub.send("GET", f'{PAGE}?subscription="><script>alert(1)</script>')
    text = answer.body.decode()
    assert answer.status == 200
    assert "<script" not in text
    assert "style=" not in text
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_check_changes_nothing_and_is_in_no_audit_log(hub: LiveHub) -> None:
    made = await subscribe(hub)
    before = (await hub.api("GET", "/api/audit")).json()["items"]
    await submit(hub, subscription=made["id"], headers=signed(made["secret"], "{}"), body="{}")
    assert (await hub.api("GET", "/api/audit")).json()["items"] == before


def test_a_request_line_and_empty_lines_are_passed_over() -> None:
    found = pasted_headers("POST /hook HTTP/1.1\r\n\r\nHost: a\r\nX-Sig:  v1,b=c: d \r\n")
    assert found.pairs == (("Host", "a"), ("X-Sig", "v1,b=c: d"))
    assert found.get("x-sig") == "v1,b=c: d"


@given(st.text())
def test_pasted_headers_are_read_or_refused(text: str) -> None:
    try:
        found = pasted_headers(text)
    except Invalid as error:
        said = error.detail
    else:
        said = ""
        assert all(name and name == name.strip() for name, _ in found.pairs)
    assert not said or re.fullmatch(r"line \d+ of the headers is not a header: .*", said)
