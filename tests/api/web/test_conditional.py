"""If-Match, and changes at the same moment that overwrite nothing of each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from hub.model.ids import read_id
from hub.model.stored.source import SourceChange
from hub.model.stored.workflow import WorkflowChange
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.live import LiveHub

NODES = [{"id": "a", "action": "transform", "with": {"value": 1}}]
URL = "http://127.0.0.1:9/"


@dataclass(frozen=True)
class Noun:
    """What changes by generations.

    Attributes:
        create: Body of the POST that makes one.
        changes: Bodies of PATCH requests of different fields, each with what a GET shows of it afterwards.
        shown: Where to GET all fields, if the noun's own address shows fewer.
    """

    collection: str
    create: dict[str, Any]
    changes: tuple[tuple[dict[str, Any], Callable[[dict[str, Any]], Any], Any], ...]
    shown: str | None = None


def field(name: str, value: Any) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Any], Any]:
    """A field that a GET shows as it was given."""
    return {name: value}, lambda shown: shown[name], value


def slots(shown: dict[str, Any]) -> list[str]:
    return sorted(one["slot"] for one in shown["credentials"])


SOURCE = (
    field("name", "second"),
    field("enabled", False),
    field("methods", ["PUT"]),
    field("max_body_bytes", 77),
    ({"shared_key": "k" * 20}, slots, ["shared_key", "url"]),
)
NOUNS = {
    "workflow": Noun(
        "/api/workflows",
        {"name": "first", "nodes": NODES},
        (
            field("name", "second"),
            field("published", False),
            ({"nodes": [{**NODES[0], "id": "b"}]}, lambda shown: shown["nodes"][0]["id"], "b"),
            ({"source": {"name": "own"}}, lambda shown: shown["source"]["name"], "own"),
        ),
    ),
    "source": Noun("/api/sources", {"name": "first"}, SOURCE),
    "VibeIQ webhook": Noun("/prod/api/webhooks", {"name": "first"}, SOURCE, "/api/sources"),
    "subscription": Noun(
        "/api/subscriptions",
        {"name": "first", "url": URL, "events": ["x"]},
        (
            field("name", "second"),
            field("enabled", False),
            field("concurrency", 3),
            field("scheme", "github"),
            ({"headers": {"X-A": "1"}}, lambda shown: list(shown["headers"]), ["X-A"]),
        ),
    ),
    "PlexTrac webhook": Noun(
        "/api/internal/webhooks",
        {"name": "first", "url": URL, "events": ["ReportPublished"]},
        (
            field("name", "second"),
            field("enabled", False),
            field("sslVerification", False),
            field("clientCuids", ["c"]),
            ({"secret": "s" * 32}, lambda shown: shown["secret"], "********"),
        ),
    ),
}


@pytest.fixture
def hub(shared: LiveHub) -> LiveHub:
    """The shared hub: each test makes its own things in it."""
    return shared


@pytest.fixture(params=NOUNS)
def noun(request: pytest.FixtureRequest) -> Noun:
    """Each kind of thing that changes by generations."""
    return NOUNS[request.param]


@pytest_asyncio.fixture(loop_scope="session")
async def path(noun: Noun, hub: LiveHub) -> str:
    """The address of a new thing."""
    answer = await hub.api("POST", noun.collection, noun.create)
    assert answer.status in {200, 201}, answer.body
    made = answer.json()
    return f"{noun.collection}/{made.get('id') or made['cuid']}"


async def test_an_old_etag_is_refused_with_a_sentence_and_changes_nothing(hub: LiveHub, path: str) -> None:
    old = (await hub.api("GET", path)).headers["ETag"]
    changed = await hub.api("PATCH", path, {"name": "second"}, headers={"If-Match": old})
    assert changed.status == 200
    assert changed.headers["ETag"] != old
    before = await hub.api("GET", path)
    assert before.headers["ETag"] == changed.headers["ETag"]

    for method, body in (("PATCH", {"name": "third"}), ("DELETE", None)):
        stale = await hub.api(method, path, body, headers={"If-Match": old})
        problem = stale.json()
        assert (stale.status, problem["title"]) == (412, "Precondition failed")
        assert "has changed since it was read: GET it again" in problem["detail"]
    after = await hub.api("GET", path)
    assert (after.body, after.headers["ETag"]) == (before.body, before.headers["ETag"])


@pytest.mark.parametrize(
    ("condition", "status"),
    [("{tag}", 204), ("W/{tag}", 204), ('"7777", {tag}', 204), ("*", 204), ('"7777"', 412), ('"x"', 412), ("x,", 412)],
)
async def test_which_conditions_hold(hub: LiveHub, path: str, condition: str, status: int) -> None:
    tag = (await hub.api("GET", path)).headers["ETag"]
    for method, expected in (("PATCH", 200 if status == 204 else status), ("DELETE", status)):
        condition_now = condition.format(tag=tag)
        answer = await hub.api(method, path, {} if method == "PATCH" else None, headers={"If-Match": condition_now})
        assert answer.status == expected, answer.body
        tag = answer.headers.get("ETag", tag)
    assert (await hub.api("GET", path)).status == (404 if status == 204 else 200)


async def test_the_etag_of_a_workflow_covers_its_source_and_its_publication(hub: LiveHub) -> None:
    workflow = await hub.workflow(NODES)
    path, source = f"/api/workflows/{workflow['id']}", f"/api/sources/{workflow['source']['id']}"
    for method, address, body in (
        ("PATCH", source, {"name": "renamed"}),
        ("POST", f"{source}/api-key", None),
        ("POST", f"{source}/secrets", {"slot": "hmac"}),
        ("DELETE", f"{source}/secrets/1", None),
        ("PATCH", path, {"published": False}),
        ("POST", f"{path}/publish", None),
    ):
        old = (await hub.api("GET", path)).headers["ETag"]
        assert (await hub.api(method, address, body)).status in {200, 201, 204}
        stale = await hub.api("PATCH", path, {"name": "again"}, headers={"If-Match": old})
        assert stale.status == 412, address


async def test_a_patch_of_a_workflow_is_one_change(hub: LiveHub) -> None:
    workflow = await hub.workflow(NODES)
    path = f"/api/workflows/{workflow['id']}"
    first = int((await hub.api("GET", path)).headers["ETag"].strip('"'))
    source = {"name": "fresh", "vendor": "okta", "signing_secrets": ["a-secret"]}
    fields = {"name": "second", "nodes": [{**NODES[0], "id": "b"}], "source": source, "published": True}

    changed = await hub.api("PATCH", path, fields)

    body = changed.json()
    assert int(changed.headers["ETag"].strip('"')) == first + 1
    assert (body["name"], body["version"], body["nodes"][0]["id"]) == ("second", 2, "b")
    assert (body["source"]["name"], len(body["source"]["credentials"])) == ("fresh", 2)
    for bad in ({"source": {"vendor": "nosuch"}}, {"source": {"response": {"mode": "specificNode", "node": "zz"}}}):
        refused = await hub.api("PATCH", path, {"name": "third", "published": False, **bad})
        assert refused.status == 422
        assert refused.json()["errors"][0]["pointer"].startswith("/source/")
    assert (await hub.api("GET", path)).json() == body


async def test_changes_of_different_fields_at_the_same_moment_all_take_effect(
    hub: LiveHub, noun: Noun, path: str
) -> None:
    answers = await asyncio.gather(*(hub.api("PATCH", path, body) for body, _, _ in noun.changes))

    assert [answer.status for answer in answers] == [200] * len(noun.changes), [answer.body for answer in answers]
    shown = (await hub.api("GET", path.replace(noun.collection, noun.shown or noun.collection))).json()
    assert [read(shown) for _, read, _ in noun.changes] == [expected for _, _, expected in noun.changes]


async def test_a_broken_workflow_can_still_be_withdrawn(hub: LiveHub) -> None:
    made = await hub.workflow(NODES)
    key = read_id("wf", made["id"])
    assert key is not None
    store = hub.services.store
    record = store.snapshot.workflows[key]
    gone = {"nodes": [{"id": "a", "action": "gone.action"}]}
    await store.workflows.change(record.org, key, WorkflowChange(draft=gone))
    path = f"/api/workflows/{made['id']}"
    assert (await hub.api("PATCH", path, {"published": True})).status == 422
    withdrawn = await hub.api("PATCH", path, {"name": "off", "published": False})
    assert (withdrawn.status, withdrawn.json()["published"]) == (200, False)


@asynccontextmanager
async def another_process(hub: LiveHub) -> AsyncIterator[SqlStore]:
    """A store over the same database, as another process of the hub has it."""
    services = hub.services
    directory = services.settings.data_dir
    store = SqlStore(
        None,
        directory,
        vault=Vault(directory / "keys"),
        blobs=DirectoryBlobs(directory / "blobs"),
        clock=services.clock,
        owner="other",
    )
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


async def test_what_another_process_has_just_changed_is_neither_overwritten_nor_refused(hub: LiveHub) -> None:
    made = (await hub.api("POST", "/api/sources", {"name": "first"})).json()
    key, path = read_id("src", made["id"]), f"/api/sources/{made['id']}"
    assert key is not None
    async with another_process(hub) as other:
        for number in range(20):
            record = other.snapshot.sources[key]
            spec = record.spec.model_copy(update={"max_body_bytes": number})
            changed = await other.sources.change(record.org, key, SourceChange(spec=spec))
            condition = {"If-Match": f'"{changed.generation}"'} if number % 2 else {}
            answer = await hub.api("PATCH", path, {"name": f"n{number}"}, headers=condition)
            assert (answer.status, answer.json()["max_body_bytes"]) == (200, number)
            await other.refresh()
            assert other.snapshot.sources[key].spec.name == f"n{number}"
