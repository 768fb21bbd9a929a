"""With generated input the hub never answers 500 and tells nothing of another org; its sources match a model."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from schemathesis.core.result import Ok
from yarl import URL

from hub.model.ids import base62, new_id
from hub.model.json import dumps
from hub.testing.live import HubResponse, LiveHub, live_hub

T = TypeVar("T")


class Background:
    """A hub in a thread with its own event loop, for tests that are not async."""

    def __init__(self, data_dir: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready: Future[LiveHub] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(data_dir),))
        self._thread.start()
        self.hub = self._ready.result(30)

    async def _serve(self, data_dir: Path) -> None:
        try:
            async with live_hub(data_dir) as hub:
                self._ready.set_result(hub)
                await self._stop.wait()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    running = Background(tmp_path_factory.mktemp("fuzz") / "data")
    try:
        yield running
    finally:
        running.close()


DANGEROUS = frozenset({"/api/master-key/rotate", "/api/plugins/{name}/disable", "/api/plugins/{name}/enable"})
"""What would change the instance under the other examples."""
CANARY = "canary-of-another-org"


async def _prepared(hub: LiveHub) -> dict[str, str]:
    """Things to name in paths, and another org with a canary in everything."""
    await hub.api("POST", "/api/orgs", {"name": "other"})
    made = await hub.api("POST", "/api/keys", {"role": "admin"}, headers={"X-Api-Org": "other"})
    other = made.json()["key"]
    for path, body in (
        ("/api/workflows", {"name": CANARY, "nodes": [{"id": "a", "action": "transform", "with": {"value": CANARY}}]}),
        ("/api/sources", {"name": CANARY, "open": True}),
        ("/api/connections", {"name": CANARY.replace("-", "_"), "values": {"token": CANARY}}),
    ):
        assert (await hub.api("POST", path, body, key=other)).status == 201
    key = (await hub.api("POST", "/api/keys", {"role": "admin", "name": "fuzz"})).json()
    workflow = await hub.workflow()
    shared = (await hub.api("POST", "/api/sources", {"open": True})).json()
    sent = await hub.post(workflow["source"]["urls"]["tracecat"], {"a": 1})
    return {
        "fuzz key": key["key"],
        "workflow": workflow["id"],
        "source": shared["id"],
        "webhook": shared["short_id"],
        "id": sent.headers["X-Request-Id"],
        "execution": sent.json()["wf_exec_id"].rpartition("/")[2],
        "event": (await hub.api("GET", "/api/events")).json()["items"][0]["id"],
    }


async def _sent(hub: LiveHub, case: Any, things: dict[str, str], *, known: bool) -> HubResponse:
    if known:
        case.path_parameters = {name: things.get(name, value) for name, value in (case.path_parameters or {}).items()}
    arguments = case.as_transport_kwargs(base_url=hub.url)
    headers = {name: value for name, value in arguments["headers"].items() if "\r" not in value and "\n" not in value}
    headers.pop("Authorization", None)
    headers["X-Api-Key"] = things["fuzz key"]
    headers.pop("X-Api-Org", None)
    body = dumps(arguments["json"]) if "json" in arguments else arguments.get("data") or b""
    url = URL(arguments["url"], encoded=True).update_query(
        [(name, str(value)) for name, value in (arguments["params"] or {}).items()]
    )
    return await hub.send(case.method, str(url), body if isinstance(body, bytes) else b"", headers=headers)


def _fuzz(background: Background, examples: int) -> int:
    """Call every operation of /openapi.json with generated input; how many calls were made."""
    hub = background.hub
    things = background.run(_prepared(hub))
    document = background.run(hub.api("GET", "/openapi.json")).json()
    made = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok), "the document describes an operation that cannot be read"
        operation = found.ok()
        if operation.path in DANGEROUS:
            continue

        @given(case=operation.as_strategy(), known=st.booleans())
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        def check(case: Any, known: bool) -> None:
            nonlocal made
            made += 1
            answer = background.run(_sent(hub, case, things, known=known))
            assert answer.status < 500, (case.method, case.formatted_path, case.body, answer.body)
            assert CANARY.encode() not in answer.body

        check()
    return made


def test_no_generated_input_makes_the_hub_fail(background: Background) -> None:
    assert _fuzz(background, 4) >= 200


@pytest.mark.soak
def test_no_generated_input_makes_the_hub_fail_for_long(tmp_path: Path) -> None:
    background = Background(tmp_path / "data")
    try:
        _fuzz(background, 150)
    finally:
        background.close()


SECRETS = st.sampled_from(["first-secret", "second-secret", "third-secret"])


class Sources(RuleBasedStateMachine):
    """Sources of two orgs, changed and called in any order."""

    background: Background

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, str] = {}
        self.model: dict[str, dict[str, Any]] = {}

    def api(self, org: str, method: str, path: str, body: Any = None) -> HubResponse:
        return self.background.run(self.background.hub.api(method, path, body, key=self.keys[org]))

    @initialize()
    def orgs(self) -> None:
        hub = self.background.hub
        for org in ("left", "right"):
            name = f"{org}-{base62(new_id())}"
            self.background.run(hub.api("POST", "/api/orgs", {"name": name}))
            made = self.background.run(hub.api("POST", "/api/keys", {"role": "editor"}, headers={"X-Api-Org": name}))
            self.keys[org] = made.json()["key"]

    @rule(org=st.sampled_from(["left", "right"]), enabled=st.booleans(), secret=st.none() | SECRETS)
    def create(self, org: str, enabled: bool, secret: str | None) -> None:
        body: dict[str, Any] = {"open": True, "enabled": enabled, "hmac_secret": secret}
        answer = self.api(org, "POST", "/api/sources", body)
        assert answer.status == 201
        made = answer.json()
        self.model[made["id"]] = {
            "org": org,
            "enabled": enabled,
            "open": True,
            "secrets": [secret] if secret else [],
            "hmac": secret is not None,
            "url": made["urls"]["vibeiq"],
            "key": None,
            "protected": False,
        }

    def chosen(self, data: st.DataObject) -> str:
        return str(data.draw(st.sampled_from(sorted(self.model))))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), change=st.dictionaries(st.sampled_from(["enabled", "open"]), st.booleans(), min_size=1))
    def change(self, data: st.DataObject, change: dict[str, bool]) -> None:
        source = self.chosen(data)
        assert self.api(self.model[source]["org"], "PATCH", f"/api/sources/{source}", change).status == 200
        self.model[source] |= change

    @precondition(lambda self: self.model)
    @rule(data=st.data(), secret=SECRETS, replace=st.booleans())
    def add_secret(self, data: st.DataObject, secret: str, replace: bool) -> None:
        source = self.chosen(data)
        body = {"slot": "hmac", "secret": secret} | ({"overlap_seconds": 0} if replace else {})
        answer = self.api(self.model[source]["org"], "POST", f"/api/sources/{source}/secrets", body)
        assert answer.status == 201
        entry = self.model[source]
        entry["secrets"] = [secret] if replace else [*entry["secrets"], secret]
        entry["hmac"] = True

    @precondition(lambda self: self.model)
    @rule(data=st.data(), what=st.sampled_from(["make", "revoke", "delete"]))
    def api_key(self, data: st.DataObject, what: str) -> None:
        source = self.chosen(data)
        entry, path = self.model[source], f"/api/sources/{source}/api-key"
        if what == "make":
            entry["key"] = self.api(entry["org"], "POST", path).json()["api_key"]
            entry["protected"] = True
        elif what == "revoke":
            expected = 200 if entry["protected"] else 409
            assert self.api(entry["org"], "POST", f"{path}/revoke").status == expected
            entry["key"] = None
        else:
            assert self.api(entry["org"], "DELETE", path).status == (204 if entry["protected"] else 404)
            entry["key"], entry["protected"] = None, False

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        source = self.chosen(data)
        entry = self.model.pop(source)
        assert self.api(entry["org"], "DELETE", f"/api/sources/{source}").status == 204
        assert self.api(entry["org"], "GET", f"/api/sources/{source}").status == 404

    @precondition(lambda self: self.model)
    @rule(data=st.data(), secret=st.none() | SECRETS, with_key=st.booleans())
    def send(self, data: st.DataObject, secret: str | None, with_key: bool) -> None:
        entry = self.model[self.chosen(data)]
        headers = {}
        if secret is not None:
            headers["X-Webhook-Signature"] = hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()
        if with_key and entry["key"]:
            headers["X-Tracecat-Api-Key"] = entry["key"]
        answer = self.background.run(self.background.hub.send("POST", entry["url"], b"{}", headers=headers))
        assert answer.status == self.expected(entry, secret, with_key=with_key)

    @staticmethod
    def expected(entry: dict[str, Any], secret: str | None, *, with_key: bool) -> int:
        if not entry["open"]:
            return 404
        if not entry["enabled"]:
            return 403
        if entry["protected"] and not (with_key and entry["key"]):
            return 401
        return 401 if entry["hmac"] and secret not in entry["secrets"] else 200

    @invariant()
    def each_org_sees_its_own(self) -> None:
        for org in self.keys:
            listed = self.api(org, "GET", "/api/sources?limit=200")
            assert {one["id"] for one in listed.json()["items"]} == {
                source for source, entry in self.model.items() if entry["org"] == org
            }

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def the_other_org_finds_nothing(self, data: st.DataObject) -> None:
        source = self.chosen(data)
        other = "right" if self.model[source]["org"] == "left" else "left"
        assert self.api(other, "GET", f"/api/sources/{source}").status == 404
        assert self.api(other, "PATCH", f"/api/sources/{source}", {"enabled": False}).status == 404


@pytest.mark.parametrize(("examples", "steps"), [(5, 20), pytest.param(150, 60, marks=pytest.mark.soak)])
def test_sources_stay_what_the_model_says(background: Background, examples: int, steps: int) -> None:
    Sources.background = background
    run_state_machine_as_test(
        Sources,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
