"""Forms and texts in other charsets, and JSON with half a surrogate pair, over the real wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.testing.live import LiveHub

PART = b'--B\r\nContent-Disposition: form-data; name="first_name"\r\n'
FORM = "application/x-www-form-urlencoded"


async def received(hub: LiveHub, url: str, body: bytes, content_type: str) -> Any:
    """What a workflow sees as its trigger."""
    answer = await hub.send("POST", url, body, headers={"Content-Type": content_type})
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"first_name=Garc%EDa&charset=windows-1252", FORM),
        (b"first_name=Garc%EDa", FORM + "; charset=iso-8859-1"),
        (
            PART + b"Content-Type: text/plain; charset=windows-1252\r\n\r\nGarc\xeda\r\n--B--\r\n",
            "multipart/form-data; boundary=B",
        ),
    ],
)
async def test_a_form_in_another_charset_reaches_the_workflow(shared: LiveHub, body: bytes, content_type: str) -> None:
    workflow = await shared.workflow([{"id": "a", "action": "transform", "with": {"value": "${{ TRIGGER }}"}}])
    seen = await received(shared, workflow["source"]["urls"]["tracecat_wait"] + "?unwrap=true", body, content_type)
    assert seen["first_name"] == "García"


async def test_json_parts_are_parsed_and_unnamed_parts_kept(shared: LiveHub) -> None:
    workflow = await shared.workflow([{"id": "a", "action": "transform", "with": {"value": "${{ TRIGGER }}"}}])
    body = (
        b'--B\r\nContent-Disposition: form-data; name="payload"\r\nContent-Type: application/json\r\n\r\n{"a": [1]}\r\n'
        b"--B\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--B--\r\n"
    )
    url = workflow["source"]["urls"]["tracecat_wait"] + "?unwrap=true"
    assert await received(shared, url, body, "multipart/form-data; boundary=B") == {
        "payload": {"a": [1]},
        "": "no name",
    }


async def test_half_a_surrogate_pair_loses_no_event(shared: LiveHub) -> None:
    workflow = await shared.workflow([{"id": "a", "action": "transform", "with": {"value": "${{ TRIGGER }}"}}])
    body = rb'{"t":"\ud83d","n":12345678901234567890}'
    url = workflow["source"]["urls"]["tracecat_wait"] + "?unwrap=true"
    assert await received(shared, url, body, "application/json") == {"t": "\ufffd", "n": 12345678901234567890}
    [kept] = (await shared.api("GET", f"/api/requests?source={workflow['source']['id']}")).json()["items"]
    shown = (await shared.api("GET", f"/api/requests/{kept['id']}")).json()
    assert json.dumps(r"\ud83d")[1:-1] in json.dumps(shown), "the bytes are kept as they came"


async def test_a_text_is_read_in_its_charset(shared: LiveHub) -> None:
    source = {"shared_key": "a-shared-key-of-length", "body_variable": "text"}
    workflow = await shared.workflow(
        [{"id": "a", "action": "transform", "with": {"value": "${{ TRIGGER }}"}}], source=source
    )
    url = workflow["source"]["urls"]["vectense"]
    answer = await shared.send("POST", url, b"Garc\xeda", headers={"Content-Type": "text/plain; charset=latin-1"})
    assert answer.status == 200
    [event] = (await shared.api("GET", f"/api/events?source={workflow['source']['id']}")).json()["items"]
    assert (await shared.api("GET", f"/api/events/{event['id']}")).json()["data"] == "García"
