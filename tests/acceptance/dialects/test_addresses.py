"""Addresses as senders write them: slashes too many, older ids, methods that only ask, a path in the public URL."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.model.ids import read_id
from hub.testing.live import LiveHub, live_hub


async def source_of(hub: LiveHub, dialect: str = "", **fields: Any) -> dict[str, Any]:
    """A workflow's source that a URL of the dialect alone gets into."""
    key = {"shared_key": "a-shared-key-of-length"} if dialect == "vectense" else {"open": True}
    workflow = await hub.workflow(source={**key, **fields})
    return {**workflow["source"], "workflow": workflow["id"]}


def path_of(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path, f"?{parts.query}" if parts.query else ""


@pytest.mark.parametrize("dialect", ["tracecat", "tracecat_wait", "vectense", "vibeiq"])
@pytest.mark.parametrize(
    "change", [lambda path: f"{path}/", lambda path: f"{path}//", lambda path: path.replace("/", "//")]
)
async def test_slashes_too_many_mean_the_same_source(shared: LiveHub, dialect: str, change: Any) -> None:
    source = await source_of(shared, dialect)
    path, query = path_of(source["urls"][dialect])
    answer = await shared.post(f"{change(path)}{query}", {"a": 1})
    assert answer.status == 200, answer.body
    kept = (await shared.api("GET", f"/api/requests?source={source['id']}")).json()["items"]
    assert len(kept) == 1


async def test_slashes_too_many_are_refused_like_none_too_many(shared: LiveHub) -> None:
    source = await source_of(shared)
    path, _ = path_of(source["urls"]["tracecat"])
    wrong = await shared.post(f"{path}x/", {})
    assert (wrong.status, wrong.json()) == (401, {"detail": "Unauthorized webhook request"})
    hmac = await shared.post(f"{path_of(source['urls']['flowtrux'])[0]}//", {})
    assert hmac.status == 401
    assert "location" not in {name.lower() for name in hmac.headers}


def forms(workflow: str) -> list[str]:
    raw = read_id("wf", workflow)
    assert raw is not None
    plain = uuid.UUID(bytes=raw)
    return [workflow, str(plain), str(plain).upper(), plain.hex, f"wf-{plain.hex}", f"wf-{plain}"]


async def test_a_workflow_is_named_by_its_id_in_any_form(shared: LiveHub) -> None:
    source = await source_of(shared)
    path, _ = path_of(source["urls"]["tracecat"])
    for form in forms(source["workflow"]):
        answer = await shared.post(path.replace(source["workflow"], form), {})
        assert answer.status == 200, form
        assert answer.json()["wf_id"] == source["workflow"]
    other = uuid.UUID(int=7)
    for form in (other.hex, f"wf-{other.hex}", f"exec-{other.hex}", f"wf-{other.hex[:-1]}", f"{other}-"):
        assert (await shared.post(path.replace(source["workflow"], form), {})).status == 401, form


async def executions(hub: LiveHub, workflow: str) -> int:
    return len((await hub.api("GET", f"/api/executions?workflow={workflow}")).json()["items"])


@pytest.mark.parametrize("methods", [["GET", "POST", "OPTIONS"], ["POST", "PUT", "GET", "HEAD", "OPTIONS"]])
async def test_head_and_options_start_nothing(shared: LiveHub, methods: list[str]) -> None:
    source = await source_of(shared, methods=methods)
    path, _ = path_of(source["urls"]["tracecat"])
    allowed = ", ".join(sorted({*methods, "HEAD"}))
    for method in ("HEAD", "OPTIONS"):
        answer = await shared.send(method, path)
        assert (answer.status, answer.body) == (200, b""), method
        assert answer.headers["allow"] == allowed
    assert await executions(shared, source["workflow"]) == 0
    assert (await shared.send("GET", path)).status == 200
    assert await executions(shared, source["workflow"]) == 1


async def test_head_is_not_allowed_where_get_is_not(shared: LiveHub) -> None:
    source = await source_of(shared)
    path, _ = path_of(source["urls"]["tracecat"])
    for method in ("HEAD", "GET", "PUT", "DELETE", "OPTIONS"):
        answer = await shared.send(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, "POST"), method
    assert await executions(shared, source["workflow"]) == 0


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
async def test_who_asks_with_a_wrong_secret_learns_nothing(shared: LiveHub, method: str) -> None:
    source = await source_of(shared, methods=["GET", "POST", "OPTIONS"])
    path, _ = path_of(source["urls"]["tracecat"])
    for wrong in (f"{path}x", path.replace(source["workflow"], "wf_0000000000000000000000")):
        answer = await shared.send(method, wrong)
        assert answer.status == 401
        assert "allow" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize("dialect", ["tracecat_wait", "flowtrux", "vectense", "vibeiq"])
async def test_an_address_that_takes_post_only_says_so(shared: LiveHub, dialect: str) -> None:
    source = await source_of(shared, dialect)
    path, query = path_of(source["urls"][dialect])
    refused = await shared.send("PUT", f"{path}{query}")
    assert refused.status == 405
    assert "POST" in refused.headers["allow"]
    asked = await shared.send("OPTIONS", f"{path}{query}")
    # FlowTrux shares its path with the management API, where Quart answers OPTIONS.
    assert asked.status == (200 if dialect == "flowtrux" else 405)
    assert "POST" in asked.headers["allow"]
    assert await executions(shared, source["workflow"]) == 0


@pytest.mark.parametrize("path", ["/api/workflows", "/healthz", "/api/sources/src_x", "/openapi.json"])
async def test_a_method_that_the_api_does_not_know_is_refused_with_allow(shared: LiveHub, path: str) -> None:
    answer = await shared.api("PURGE", path)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


async def test_what_looks_like_a_hub_url_is_counted_with_samples(hub: LiveHub) -> None:
    secret = "s3cretS3cretS3cret"
    strays = [
        ("POST", f"/webhooks/{secret}"),
        ("POST", f"/webhooks/wf_1/{secret}/unknown-flavour"),
        ("POST", "/api/webhook/only-one"),
        ("GET", "/api/trigger-webhooks"),
        ("POST", "/nothing/like/it"),
    ]
    for method, path in strays:
        assert (await hub.send(method, path)).status == 404, path
    many = "&".join("a=1" for _ in range(10_001))
    source = await source_of(hub)
    assert (await hub.send("POST", f"{path_of(source['urls']['tracecat'])[0]}?{many}")).status == 400
    assert (await hub.send("POST", f"/webhooks/wf_1/{secret}")).status == 401
    found = (await hub.api("GET", "/api/self-check")).json()["not_kept"]
    assert (found["wrong_addresses"], found["unknown_sources"]) == (4, 1)
    assert [one["status"] for one in found["samples"]] == [401, 400, 404, 404, 404]
    assert found["samples"][-1]["path"] == "/webhooks/(18 characters)"
    assert found["samples"][-2]["path"] == "/webhooks/wf_1/(18 characters)/unknown-flavour"
    assert secret not in str(found)
    assert {"at", "client", "method", "path", "reason", "status"} == set(found["samples"][0])


@pytest.mark.parametrize("stripped", [False, True], ids=["the proxy passes the prefix on", "the proxy strips it"])
async def test_everything_works_under_a_path_prefix(tmp_path: Path, stripped: bool) -> None:
    async with live_hub(tmp_path / "data", public_url="https://example.com/in/hub/") as hub:
        before = "" if stripped else "/in/hub"
        for dialect in ("tracecat", "tracecat_wait", "vectense", "vibeiq"):
            url = (await source_of(hub, dialect))["urls"][dialect]
            assert url.startswith("https://example.com/in/hub/"), url
            path, query = path_of(url)
            sent = f"{before}{path.removeprefix('/in/hub')}{query}"
            assert (await hub.post(sent, {})).status == 200, dialect
            assert (await hub.post(sent.replace("?", "/?") if query else f"{sent}/", {})).status == 200, dialect
        assert (await hub.api("GET", f"{before}/api/workflows")).status == 200
        assert (await hub.send("GET", f"{before}/healthz")).status == 200
        assert (await hub.send("GET", f"{before}/nothing")).status == 404
        document = (await hub.api("GET", f"{before}/openapi.json")).json()
        assert document["servers"] == [{"url": "https://example.com/in/hub"}]
        for page in ("/docs", "/docs/signature"):
            text = (await hub.send("GET", f"{before}{page}")).body.decode()
            assert 'href="/in/hub/docs/style.css"' in text
            assert '="/docs' not in text
            assert '="/openapi' not in text
        assert (await hub.send("GET", f"{before}/docs/style.css")).status == 200


async def test_a_prefix_that_begins_like_the_api_is_not_mistaken_for_it(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data", public_url="https://example.com/api") as hub:
        workflow = await hub.workflow()
        path, _ = path_of(workflow["source"]["urls"]["tracecat"])
        assert path.startswith("/api/webhooks/")
        assert (await hub.post(path, {})).status == 200
        assert (await hub.post(path.removeprefix("/api"), {})).status == 200
        assert (await hub.api("GET", "/api/workflows")).status == 200
        assert (await hub.api("GET", "/api/api/workflows")).status == 200
