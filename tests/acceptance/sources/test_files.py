"""Files of multipart forms: kept beside the request, seen by workflows, downloaded, sent on, replayed and removed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
import types
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from importlib.metadata import EntryPoint
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from werkzeug.http import parse_options_header

import hub as hub_api
from hub import Event, Registry, Request, Source, Token, Vendor, hookimpl
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.clock import ManualClock
from hub.testing.live import HubResponse, LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

BYTES = bytes(range(256)) * 3
LOOK = [
    {"id": "look", "action": "transform", "with": {"value": {"files": "{{ trigger.files }}", "data": "{{ TRIGGER }}"}}}
]
TOKEN = {"Authorization": "parcel-secret"}
DAY = 86_400
MORE = 16 << 20
SECRET = "a-secret-of-the-source"


class Parcel:
    """A vendor whose requests are forms with files."""

    def __init__(self) -> None:
        self.broken = False

    def read(self, request: Request, _source: Source) -> Sequence[Event]:
        if self.broken:
            raise KeyError("payload")
        form = request.form()
        return [Event("parcel.sent", {"to": to, "files": len(request.files())}, id=to) for to in form.all("to")]

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        token = Token(header="authorization")
        registry.vendor(Vendor(name="parcel", title="Parcel", verify=token, read=self.read))


@pytest.fixture
def parcel() -> Iterator[Parcel]:
    module = types.ModuleType("hub_parcel")
    plugin = vars(module)["plugin"] = Parcel()
    sys.modules["hub_parcel"] = module
    yield plugin
    del sys.modules["hub_parcel"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def hub(tmp_path: Path, parcel: Parcel, clock: ManualClock) -> AsyncIterator[LiveHub]:
    assert not parcel.broken
    plugins = Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint("parcel", "hub_parcel:plugin", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )
    settings = {"retain_requests_days": 1, "retain_executions_days": 3, "egress_allow": "127.0.0.0/8"}
    async with live_hub(tmp_path / "data", plugins=plugins, clock=clock, **settings) as running:
        yield running


@dataclass
class Receiver:
    """Keeps the headers and the body of what it is sent, and answers with `answer`."""

    url: str
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    answer: tuple[bytes, Mapping[str, str]] = (b"", {})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async def handle(request: web.Request) -> web.Response:
        found.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(body=found.answer[0], headers=found.answer[1])

    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found = Receiver(f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield found
    await runner.cleanup()


def part(disposition: str | bytes, content: bytes, media_type: str | None = None) -> bytes:
    """A part of a form with exactly these headers."""
    head = disposition if isinstance(disposition, bytes) else disposition.encode()
    lines = [b"--B", b"Content-Disposition: form-data; " + head]
    if media_type is not None:
        lines.append(b"Content-Type: " + media_type.encode())
    return b"\r\n".join([*lines, b"", content, b""])


async def send(
    hub: LiveHub, url: str, *parts: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> HubResponse:
    sent = {"Content-Type": "multipart/form-data; boundary=B", **(headers or {})}
    # Of a file object aiohttp sends pieces: of a large body in one piece it would warn.
    body = BytesIO(b"".join(parts) + b"--B--\r\n")
    async with hub.session.post(url, data=body, headers=sent) as response:
        answer = HubResponse(response.status, response.headers, await response.read())
    assert answer.status == status, answer.body
    return answer


async def results(hub: LiveHub, workflow: Mapping[str, Any]) -> list[Any]:
    """The results of the workflow's executions, the oldest first."""
    items = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}&limit=200")).json()["items"]
    return [(await hub.finished(one["id"]))["result"] for one in reversed(items)]


async def download(hub: LiveHub, ref: str, **options: Any) -> HubResponse:
    return await hub.api("GET", f"/api/files/{ref}", **options)


def filename_of(answer: HubResponse) -> str:
    """The name under which a client stores a download (RFC 6266)."""
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert kind == "attachment"
    return options["filename"]


@pytest.mark.parametrize("url", ["tracecat", "flowtrux", "vectense", "vibeiq"])
async def test_files_of_every_dialect_stand_in_the_trigger_and_are_downloaded(hub: LiveHub, url: str) -> None:
    own = {"flowtrux": {"hmac_secret": SECRET}, "vectense": {"shared_key": SECRET}, "vibeiq": {"open": True}}
    workflow = await hub.workflow(LOOK, source=own.get(url, {}))
    parts = (
        part('name="title"', b"Report"),
        part('name="doc"; filename="report.pdf"', BYTES, "application/pdf"),
        part('name="doc"; filename="notes.txt"', b"\xef\xbb\xbfhi\r\n", "text/plain; charset=utf-8"),
    )
    body = b"".join(parts) + b"--B--\r\n"
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    await send(hub, workflow["source"]["urls"][url], *parts, headers={"X-Webhook-Signature": signature})

    [seen] = await results(hub, workflow)
    assert seen["data"]["title"] == "Report"
    refs = [one.pop("ref") for one in seen["files"]]
    assert seen["files"] == [
        {"field": "doc", "filename": "report.pdf", "media_type": "application/pdf", "size": 768},
        {"field": "doc", "filename": "notes.txt", "media_type": "text/plain", "size": 7},
    ]
    first, second = [await download(hub, ref) for ref in refs]
    assert (first.status, first.body, first.headers["Content-Type"]) == (200, BYTES, "application/pdf")
    assert (second.status, second.body, filename_of(second)) == (200, b"\xef\xbb\xbfhi\r\n", "notes.txt")


async def test_files_of_a_vendors_request_are_seen_by_each_of_its_events(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK, source={"vendor": "parcel", "signing_secrets": ["parcel-secret"]})
    url = workflow["source"]["urls"]["tracecat"]
    answer = await send(
        hub,
        url,
        part('name="to"', b"ann"),
        part('name="to"', b"bob"),
        part('name="doc"; filename="a.bin"', BYTES),
        headers=TOKEN,
    )
    ann, bob = await results(hub, workflow)
    assert (ann["data"], bob["data"]) == ({"to": "ann", "files": 1}, {"to": "bob", "files": 1})
    assert ann["files"] == bob["files"]
    assert (await download(hub, ann["files"][0]["ref"])).body == BYTES
    shown = (await hub.api("GET", f"/api/requests/{answer.headers['X-Request-Id']}")).json()
    assert shown["files"] == ann["files"]


async def test_a_request_without_files_has_an_empty_list_of_them(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK)
    answer = await hub.post(workflow["source"]["urls"]["tracecat"], {"a": 1})
    assert await results(hub, workflow) == [{"files": [], "data": {"a": 1}}]
    assert (await hub.api("GET", f"/api/requests/{answer.headers['X-Request-Id']}")).json()["files"] == []


@pytest.mark.parametrize(
    ("disposition", "media_type", "content", "expected"),
    [
        ('name="f"; filename="empty.txt"', "text/plain", b"", ("f", "empty.txt", "text/plain")),
        ('name="f"; filename=""', "application/octet-stream", b"", ("f", "", "application/octet-stream")),
        ('name="f"; filename="plain"', None, b"x", ("f", "plain", "")),
        ('name="f"', "image/png", b"\x89PNG\r\n\x1a\n", ("f", "", "image/png")),
        ('filename="n.txt"', "Text/HTML; charset=utf-8", b"<script>", ("", "n.txt", "text/html")),
        (
            'name="f"; filename="na\u00efve \u20ac \U0001f600.txt"',
            None,
            b"x",
            ("f", "na\u00efve \u20ac \U0001f600.txt", ""),
        ),
        ("name=\"f\"; filename*=UTF-8''na%C3%AFve.txt", None, b"x", ("f", "na\u00efve.txt", "")),
        (b'name="f"; filename="Garc\xeda.txt"', None, b"x", ("f", "Garc\u00eda.txt", "")),
        ('name="f"; filename="../../x"', None, b"x", ("f", "../../x", "")),
        ('name="f"; filename="/etc/passwd"', None, b"x", ("f", "/etc/passwd", "")),
        ('name="f"; filename="a%22b.txt"', None, b"x", ("f", 'a"b.txt', "")),
        (b'name="f"; filename="a\\"; b.txt"', None, b"x", ("f", 'a"; b.txt', "")),
        (b"name=\"f\"; filename*=UTF-8''a%0D%0AX-Evil%3A%201.txt", None, b"x", ("f", "a\r\nX-Evil: 1.txt", "")),
        (b'name="f"; filename="\x00x.txt"', None, b"x", ("f", "\ufffdx.txt", "")),
        ('name="f"; filename="' + "x" * 5000 + '"', None, b"x", ("f", "x" * 5000, "")),
        ('name="f"; filename="x.svg"', "image/svg+xml", b"<svg onload=alert(1)>", ("f", "x.svg", "image/svg+xml")),
        ('name="f"; filename="x"', "no type", b"x", ("f", "x", "no type")),
    ],
)
async def test_a_file_is_kept_as_it_came_and_downloaded_without_harm(
    hub: LiveHub, disposition: str | bytes, media_type: str | None, content: bytes, expected: tuple[str, str, str]
) -> None:
    workflow = await hub.workflow(LOOK)
    await send(hub, workflow["source"]["urls"]["tracecat"], part(disposition, content, media_type))

    [seen] = await results(hub, workflow)
    [file] = seen["files"]
    assert (file["field"], file["filename"], file["media_type"], file["size"]) == (*expected, len(content))
    got = await download(hub, file["ref"])
    assert (got.status, got.body) == (200, content)
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not re.search(r"html|svg|script", got.headers["Content-Type"])
    assert "X-Evil" not in got.headers
    name = filename_of(got)
    assert name
    assert not re.search(r"[\x00-\x1f/\\]", name)
    if re.fullmatch(r"[\w .-]{1,100}", expected[1]):
        assert name == expected[1]
    plain = re.search(r'filename="([^"]*)"', got.headers["Content-Disposition"])
    assert plain is not None
    assert plain.group(1).isascii()


async def test_a_name_beyond_ascii_stands_in_both_forms(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK)
    await send(
        hub, workflow["source"]["urls"]["tracecat"], part('name="f"; filename="r\u00e9sum\u00e9 100%.pdf"', b"x")
    )
    [seen] = await results(hub, workflow)
    header = (await download(hub, seen["files"][0]["ref"])).headers["Content-Disposition"]
    assert header == "attachment; filename=\"r_sum_ 100_.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9%20100%25.pdf"


async def test_many_files_are_all_kept_up_to_a_limit(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK)
    url = workflow["source"]["urls"]["tracecat"]

    def files(number: int) -> list[bytes]:
        return [part(f'name="f{one}"; filename="{one}.bin"', b"%d" % (one % 150)) for one in range(number)]

    await send(hub, url, *files(200))
    refused = await send(hub, url, *files(1_001), status=413)
    parts = await send(hub, url, *[part('name="a"', b"")] * 10_001, status=413)

    assert refused.json() == {"detail": "The request has more than 1000 files"}
    assert parts.json() == {"detail": "The request has more than 10000 parts"}
    [seen] = await results(hub, workflow)
    assert [(one["field"], one["size"]) for one in seen["files"]] == [
        (f"f{one}", len(str(one % 150))) for one in range(200)
    ]
    assert len({one["ref"] for one in seen["files"]}) == 200
    assert (await download(hub, seen["files"][149]["ref"])).body == b"149"


async def test_files_count_for_the_cap_of_the_body(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK, source={"max_body_bytes": 1000})
    refused = await send(
        hub, workflow["source"]["urls"]["tracecat"], part('name="f"; filename="big"', b"x" * 1000), status=413
    )
    assert "detail" in refused.json()
    assert await results(hub, workflow) == []


async def test_a_file_is_found_in_its_org_alone_and_with_a_key_that_may_read(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK)
    await send(hub, workflow["source"]["urls"]["tracecat"], part('name="f"; filename="x"', BYTES))
    [seen] = await results(hub, workflow)
    ref = seen["files"][0]["ref"]
    await hub.api("POST", "/api/orgs", {"name": "other"})

    async def status(path: str, **options: Any) -> int:
        return (await download(hub, path, **options)).status

    async def key(role: str) -> str:
        made = await hub.api("POST", "/api/keys", {"name": role, "role": role})
        return str(made.json()["key"])

    assert await status(ref) == 200
    assert await status(ref, headers={"X-Api-Org": "other"}) == 404
    assert await status(ref, key="wrong") == 401
    assert [await status(ref, key=await key(role)) for role in ("viewer", "editor", "publisher")] == [200, 200, 403]
    for wrong in (ref[:-1], ref.upper(), "file_" + "0" * 22, "..%2F..%2Fx", "req_" + ref[5:]):
        assert await status(wrong) == 404
    other = await hub.api(
        "POST",
        "/api/workflows",
        {
            "name": "thief",
            "nodes": [{"id": "a", "action": "http.request", "with": {"url": "http://127.0.0.1:1", "method": "POST",
                                                                    "body": {"file": "{{ TRIGGER.ref }}"}}}],
        },
        headers={"X-Api-Org": "other"},
    )  # fmt: skip
    started = await hub.post(other.json()["source"]["urls"]["tracecat"], {"ref": ref})
    assert started.status == 200
    execution = started.json()["wf_exec_id"].rpartition("/")[2]

    async def theirs() -> dict[str, Any]:
        found: dict[str, Any] = (
            await hub.api("GET", f"/api/executions/{execution}", headers={"X-Api-Org": "other"})
        ).json()
        return found

    while (await theirs())["state"] not in {"failed", "succeeded"}:
        pass
    assert f"there is no file '{ref}'" in (await theirs())["error"]["message"]


SEND_ON = [
    {
        "id": "one",
        "action": "http.request",
        "with": {"method": "PUT", "url": "{url}/one", "body": {"file": "{{ trigger.files[0].ref }}"}},
    },
    {
        "id": "entry",
        "action": "http.request",
        "needs": ["one"],
        "with": {"method": "POST", "url": "{url}/entry", "body": "{{ trigger.files[0] }}"},
    },
    {
        "id": "form",
        "action": "http.request",
        "needs": ["entry"],
        "with": {
            "method": "POST",
            "url": "{url}/form",
            "form": {"to": "ann", "n": 1},
            "files": {
                "first": "{{ trigger.files[0].ref }}",
                "rest": [
                    "{{ trigger.files[1] }}",
                    {"file": "{{ trigger.files[1].ref }}", "filename": 'a"b\r\n.txt', "media_type": "text/x-own"},
                ],
            },
        },
    },
    {
        "id": "all",
        "action": "http.request",
        "needs": ["form"],
        "with": {"method": "POST", "url": "{url}/all", "files": "{{ trigger.files }}"},
    },
]


def at(url: str, nodes: object) -> Any:
    """The nodes with a receiver's address in them."""
    return json.loads(json.dumps(nodes).replace("{url}", url))


async def test_the_very_bytes_of_a_file_are_sent_on(hub: LiveHub, receiver: Receiver) -> None:
    """As a body, and as parts of a form with the names and media types that they came with, or with other ones."""
    workflow = await hub.workflow(at(receiver.url, SEND_ON))
    sent = await send(
        hub,
        workflow["source"]["urls"]["tracecat"],
        part('name="doc"; filename="na\u00efve.png"', BYTES, "image/png"),
        part('name="note"', b"\xff\xfe", "application/octet-stream"),
    )
    items = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    done = await hub.finished(items[0]["id"])
    assert done["state"] == "succeeded", done["error"]
    (one, body), (entry, same), (form, parts), (everything, all_parts) = receiver.got
    assert (body, one["content-type"]) == (same, entry["content-type"]) == (BYTES, "image/png")
    shown = (await hub.api("GET", f"/api/requests/{sent.headers['X-Request-Id']}")).json()
    ref = shown["files"][1]["ref"]
    assert sent_parts(form, parts) == [
        ({"name": "to"}, "", b"ann"),
        ({"name": "n"}, "", b"1"),
        ({"name": "first", "filename": "na\u00efve.png"}, "image/png", BYTES),
        ({"name": "rest", "filename": ref}, "application/octet-stream", b"\xff\xfe"),
        ({"name": "rest", "filename": 'a"b%0D%0A.txt'}, "text/x-own", b"\xff\xfe"),
    ]
    assert sent_parts(everything, all_parts) == [
        ({"name": "doc", "filename": "na\u00efve.png"}, "image/png", BYTES),
        ({"name": "note", "filename": ref}, "application/octet-stream", b"\xff\xfe"),
    ]


def sent_parts(headers: Mapping[str, str], body: bytes) -> list[tuple[dict[str, str], str, bytes]]:
    """The parts of a form, read by Python's own parser of MIME messages."""
    message = BytesParser(policy=compat32).parsebytes(
        b"Content-Type: " + headers["content-type"].encode() + b"\n\n" + body
    )
    found = []
    for one in message.get_payload():
        assert isinstance(one, Message)
        raw = dict(one.raw_items())["Content-Disposition"]
        disposition = raw.encode("utf-8", "surrogateescape").decode()
        content = one.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((dict(parse_options_header(disposition)[1]), one["Content-Type"] or "", content))
    return found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"body": {"file": "file_0000000000000000000000"}}, "there is no file 'file_0000000000000000000000'"),
        ({"files": {"a": "file_0000000000000000000000"}}, "there is no file 'file_0000000000000000000000'"),
        ({"files": {"a": "{{ TRIGGER.ref }}"}}, "files.a"),
        ({"body": {"file": "{{ TRIGGER.ref }}"}}, "body"),
    ],
)
async def test_a_file_that_is_not_there_fails_the_node_at_once(
    hub: LiveHub, receiver: Receiver, given: Mapping[str, Any], message: str
) -> None:
    node = {"id": "a", "action": "http.request", "with": {"method": "POST", "url": receiver.url, **given}}
    workflow = await hub.workflow([{**node, "retry": {"retries": 3, "initial_seconds": 60}}])
    await hub.post(workflow["source"]["urls"]["tracecat"], {"ref": "../../x"})
    [one] = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    done = await hub.finished(one["id"])
    assert (done["state"], done["nodes"][0]["attempts"]) == ("failed", 1)
    assert message in done["error"]["message"]
    assert receiver.got == []


async def test_files_over_the_cap_of_one_call_are_refused_with_their_size(hub: LiveHub, receiver: Receiver) -> None:
    workflow = await hub.workflow(
        at(receiver.url, [{"id": "a", "action": "http.request",
                           "with": {"method": "POST", "url": "{url}", "files": {"f": "{{ trigger.files }}"}}}]),
        source={"max_body_bytes": 80 << 20},
    )  # fmt: skip
    half = b"x" * (33 << 20)
    await send(hub, workflow["source"]["urls"]["tracecat"], *[part('name="f"; filename="x"', half)] * 2)
    [one] = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    done = await hub.finished(one["id"], 60)
    assert (done["state"], receiver.got) == ("failed", [])
    assert "more than 67108864 bytes together" in done["error"]["message"]


async def test_a_replay_has_the_files_again(hub: LiveHub) -> None:
    workflow = await hub.workflow(LOOK)
    sent = await send(hub, workflow["source"]["urls"]["tracecat"], part('name="f"; filename="x.bin"', BYTES, "a/b"))
    replayed = await hub.api("POST", f"/api/requests/{sent.headers['X-Request-Id']}/replay")
    assert replayed.status == 202
    first, second = [seen["files"][0] for seen in await results(hub, workflow)]
    assert first["ref"] != second["ref"], "each request has its own, so that one outlives the other"
    assert {**first, "ref": ""} == {**second, "ref": ""}
    assert [(await download(hub, one["ref"])).body for one in (first, second)] == [BYTES, BYTES]


async def test_a_held_request_has_its_files_when_it_is_released(hub: LiveHub, parcel: Parcel) -> None:
    workflow = await hub.workflow(LOOK, source={"vendor": "parcel", "signing_secrets": ["parcel-secret"]})
    parcel.broken = True
    form = (part('name="to"', b"ann"), part('name="doc"; filename="a.bin"', BYTES))
    held = await send(hub, workflow["source"]["urls"]["tracecat"], *form, headers=TOKEN)
    parcel.broken = False
    released = (await hub.api("POST", f"/api/requests/{held.headers['X-Request-Id']}/replay")).json()
    assert released["released"] is True
    [seen] = await results(hub, workflow)
    assert (await download(hub, seen["files"][0]["ref"])).body == BYTES
    shown = (await hub.api("GET", f"/api/requests/{held.headers['X-Request-Id']}")).json()
    assert shown["files"] == seen["files"]


async def prune(hub: LiveHub) -> None:
    """Remove what is old, as the hub does every hour."""
    store = hub.services.store
    for kind, days in (("requests", 1), ("executions", 3)):
        cursor = None
        while True:
            step = await store.retention.prune(kind, hub.services.clock.now() - days * DAY * 1_000_000, cursor=cursor)  # type: ignore[arg-type] # names of kinds
            cursor = step.cursor
            if cursor is None:
                break


async def test_a_file_goes_with_the_last_of_its_request_and_executions(hub: LiveHub, clock: ManualClock) -> None:
    child = await hub.workflow([{"id": "wait", "action": "sleep", "with": {"seconds": 30 * DAY}}])
    parent = [
        {"id": "hand", "action": "workflow.run", "with": {"workflow": child["id"], "data": "{{ trigger.files }}",
                                                          "wait": False}},
        {"id": "look", "action": "transform", "with": {"value": {"files": "{{ trigger.files }}"}}},
    ]  # fmt: skip
    plain, handing = await hub.workflow(LOOK), await hub.workflow(parent)
    refs = []
    for number, workflow in enumerate((plain, handing)):
        content = part('name="f"; filename="x"', b"%d" % number * 100)
        await send(hub, workflow["source"]["urls"]["tracecat"], content)
        [seen] = await results(hub, workflow)
        refs.append(seen["files"][0]["ref"])

    async def found() -> list[int]:
        return [(await download(hub, ref)).status for ref in refs]

    clock.advance(2 * DAY)
    await prune(hub)
    assert (await hub.api("GET", "/api/requests")).json()["items"] == []
    assert await found() == [200, 200], "their executions are still there"
    clock.advance(2 * DAY)
    await prune(hub)
    assert (await hub.api("GET", f"/api/executions?workflow={handing['id']}")).json()["items"] == []
    assert await found() == [404, 200], "the child that was handed the second one sleeps"
    [sleeping] = (await hub.api("GET", f"/api/executions?workflow={child['id']}")).json()["items"]
    await hub.api("POST", f"/api/executions/{sleeping['id']}/cancel")
    clock.advance(4 * DAY)
    await prune(hub)
    assert await found() == [404, 404]


async def test_the_same_bytes_in_two_orgs_are_two_files(hub: LiveHub) -> None:
    """One org's file stays when the other's goes, and neither reference works in the other one."""
    await hub.api("POST", "/api/orgs", {"name": "other"})
    refs = {}
    for org in ("default", "other"):
        made = await hub.api("POST", "/api/workflows", {"name": "w", "nodes": LOOK}, headers={"X-Api-Org": org})
        sent = await send(hub, made.json()["source"]["urls"]["tracecat"], part('name="f"; filename="x"', BYTES))
        path = f"/api/requests/{sent.headers['X-Request-Id']}"
        refs[org] = (await hub.api("GET", path, headers={"X-Api-Org": org})).json()["files"][0]["ref"]
    for org, ref in refs.items():
        for asking in refs:
            answer = await download(hub, ref, headers={"X-Api-Org": asking})
            assert (answer.status, answer.body == BYTES) == ((200, True) if asking == org else (404, False))


async def test_an_answer_is_kept_as_a_file_and_sent_on(hub: LiveHub, receiver: Receiver) -> None:
    receiver.answer = (
        BYTES * 3000,
        {"Content-Type": "image/png; x=y", "Content-Disposition": 'attachment; filename="p.png"'},
    )
    workflow = await hub.workflow(
        at(
            receiver.url,
            [
                {"id": "get", "action": "http.request", "with": {"url": "{url}/a/b.bin", "body": "blob"}},
                {"id": "put", "action": "http.request", "needs": ["get"],
                 "with": {"method": "PUT", "url": "{url}", "body": "{{ nodes.get.output.body }}", "max_bytes": MORE}},
                {"id": "text", "action": "http.request", "needs": ["put"],
                 "with": {"method": "POST", "url": "{url}", "body": "blob", "max_bytes": MORE}},
            ],
        )
    )  # fmt: skip
    await hub.post(workflow["source"]["urls"]["tracecat"], {})
    [one] = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    done = await hub.finished(one["id"])
    assert done["state"] == "succeeded", done["error"]
    kept = done["nodes"][0]["output"]["body"]
    ref = kept.pop("ref")
    assert kept == {"field": "", "filename": "p.png", "media_type": "image/png", "size": len(BYTES) * 3000}
    assert [body for _, body in receiver.got] == [b"", BYTES * 3000, b"blob"]
    assert (await download(hub, ref)).body == BYTES * 3000
