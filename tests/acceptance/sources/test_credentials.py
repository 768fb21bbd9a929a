"""Credentials of a source: made, rotated and revoked, several at once, masked everywhere, shown once."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from hub.testing.clock import ManualClock
from hub.testing.live import LiveHub, live_hub
from tests.acceptance.settling import written


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


UNAUTHORIZED = {"detail": "Unauthorized webhook request"}
KEY = "x-tracecat-api-key"


async def viewer(hub: LiveHub) -> str:
    return str((await hub.api("POST", "/api/keys", {"name": "v", "role": "viewer"})).json()["key"])


def signed(body: bytes, secret: str) -> dict[str, str]:
    return {"X-Webhook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_secrets_that_nothing_checks_are_pointed_out(hub: LiveHub) -> None:
    source = (await hub.workflow(source={"signing_secrets": ["s" * 20], "hmac_secret": "h" * 20}))["source"]
    assert source["warnings"] == ["nothing checks the secrets of the slot signing: the source has no vendor"]
    path = f"/api/sources/{source['id']}"
    assert (await hub.api("PATCH", path, {"vendor": "github"})).json()["warnings"] == []


async def test_the_life_of_an_api_key(hub: LiveHub) -> None:
    """Generate, rotate, revoke (which goes on blocking), generate again, delete (which opens the source again)."""
    workflow = await hub.workflow()
    url, path = workflow["source"]["urls"]["tracecat"], f"/api/sources/{workflow['source']['id']}/api-key"

    async def status(key: str | None) -> int:
        answer = await hub.post(url, {}, headers={KEY: key} if key is not None else {})
        if answer.status != 200:
            assert answer.json() == UNAUTHORIZED
        return answer.status

    assert await status(None) == 200
    made = await hub.api("POST", path)
    first = made.json()["api_key"]
    assert made.status == 201
    assert [await status(key) for key in (first, None, "", "wrong", first + "x")] == [200, 401, 401, 401, 401]
    second = (await hub.api("POST", path)).json()["api_key"]
    assert [await status(key) for key in (second, first)] == [200, 401]
    assert (await hub.api("POST", f"{path}/revoke")).status == 200
    assert [await status(key) for key in (second, first, None)] == [401, 401, 401]
    third = (await hub.api("POST", path)).json()["api_key"]
    assert [await status(key) for key in (third, second)] == [200, 401]
    assert (await hub.api("DELETE", path)).status == 204
    assert await status(None) == 200
    assert (await hub.api("DELETE", path)).status == 404
    assert (await hub.api("POST", f"{path}/revoke")).status == 409


async def test_an_api_key_given_twice_is_refused(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    key = (await hub.api("POST", f"/api/sources/{workflow['source']['id']}/api-key")).json()["api_key"]
    answer = await hub.send("POST", workflow["source"]["urls"]["tracecat"], headers=[(KEY, key), (KEY, key)])
    assert (answer.status, answer.json()) == (401, UNAUTHORIZED)


async def test_an_api_key_is_shown_once_then_by_its_last_characters(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    path = f"/api/sources/{workflow['source']['id']}"
    key = (await hub.api("POST", f"{path}/api-key")).json()["api_key"]
    shown = await hub.api("GET", path)
    assert key not in shown.body.decode()
    assert [one["masked"] for one in shown.json()["credentials"] if one["slot"] == "api_key"] == [f"********{key[-4:]}"]


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"headers": True, "key": True, "api": True}, 200),
        ({"headers": False, "key": True, "api": True}, 401),
        ({"headers": True, "key": False, "api": True}, 401),
        ({"headers": True, "key": True, "api": False}, 401),
    ],
)
async def test_all_credentials_that_are_set_are_enforced_together(
    hub: LiveHub, extra: dict[str, bool], status: int
) -> None:
    workflow = await hub.workflow(source={"hmac_secret": "h" * 20, "shared_key": "k" * 20})
    key = (await hub.api("POST", f"/api/sources/{workflow['source']['id']}/api-key")).json()["api_key"]
    headers = (signed(b"{}", "h" * 20) if extra["headers"] else {}) | ({KEY: key} if extra["api"] else {})
    url = workflow["source"]["urls"]["tracecat"] + ("?key=" + "k" * 20 if extra["key"] else "")
    assert (await hub.send("POST", url, b"{}", headers=headers)).status == status


async def test_secrets_overlap_and_expire(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        workflow = await hub.workflow(source={"hmac_secret": "old-secret"})
        source = f"/api/sources/{workflow['source']['id']}"
        url = workflow["source"]["urls"]["flowtrux"]
        body = {"slot": "hmac", "secret": "new-secret", "overlap_seconds": 3600}
        added = await hub.api("POST", f"{source}/secrets", body)
        assert added.status == 201
        assert "new-secret" not in added.body.decode()

        async def statuses() -> list[int]:
            return [
                (await hub.send("POST", url, b"{}", headers=signed(b"{}", one))).status
                for one in ("old-secret", "new-secret")
            ]

        assert await statuses() == [200, 200]
        clock.advance(3599)
        assert await statuses() == [200, 200]
        clock.advance(1)
        assert await statuses() == [401, 200]
        made = (await hub.api("POST", f"{source}/secrets", {"slot": "hmac", "overlap_seconds": 0})).json()
        assert await statuses() == [401, 401]
        assert (await hub.send("POST", url, b"{}", headers=signed(b"{}", made["secret"]))).status == 200
        assert (await hub.api("DELETE", f"{source}/secrets/{made['id']}")).status == 204
        answer = await hub.send("POST", url, b"{}", headers=signed(b"{}", made["secret"]))
        assert answer.status == 401


async def test_the_url_secret_rotates_with_overlap_and_may_be_brought_along(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    old, path = workflow["source"]["urls"]["tracecat"], f"/api/sources/{workflow['source']['id']}/secrets"
    made = (await hub.api("POST", path, {"slot": "url"})).json()
    assert made["urls"]["tracecat"] != old
    assert [(await hub.post(url, {})).status for url in (old, made["urls"]["tracecat"])] == [200, 200]
    brought = (await hub.api("POST", path, {"slot": "url", "secret": "from/tracecat", "overlap_seconds": 0})).json()
    assert brought["urls"]["tracecat"].endswith("/from%2Ftracecat")
    assert (await hub.post(old, {})).status == 401
    assert (await hub.post(old.rpartition("/")[0] + "/wrong", {})).status == 401


async def test_a_secret_is_deleted_by_its_number(hub: LiveHub) -> None:
    source = (await hub.api("POST", "/api/sources", {"hmac_secret": "one-secret"})).json()
    path = f"/api/sources/{source['id']}"
    number = next(one["n"] for one in source["credentials"] if one["slot"] == "hmac")
    assert (await hub.api("DELETE", f"{path}/secrets/{number}")).status == 204
    left = (await hub.api("GET", path)).json()["credentials"]
    assert [one["slot"] for one in left] == ["url"]
    assert (await hub.api("DELETE", f"{path}/secrets/99")).status == 404


async def test_a_secret_that_no_vendor_has_is_refused_with_a_pointer(hub: LiveHub) -> None:
    source = (await hub.api("POST", "/api/sources", {"vendor": "github"})).json()
    answer = await hub.api("POST", f"/api/sources/{source['id']}/secrets", {"slot": "nowhere"})
    assert answer.status == 422
    assert answer.json()["errors"][0]["pointer"] == "/slot"


async def test_a_secret_that_would_protect_nothing_is_refused(hub: LiveHub) -> None:
    source = (await hub.api("POST", "/api/sources", {})).json()
    for slot in ({}, {"slot": "hmca"}):
        answer = await hub.api("POST", f"/api/sources/{source['id']}/secrets", slot)
        assert answer.status == 422
        assert "only url, hmac, shared_key" in answer.json()["errors"][0]["message"]


async def test_the_secret_that_matched_and_its_last_use_are_recorded(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": "hmac-secret-1"})
    source = f"/api/sources/{workflow['source']['id']}"
    key = (await hub.api("POST", f"{source}/api-key")).json()["api_key"]
    headers = {**signed(b"{}", "hmac-secret-1"), KEY: key}
    assert all(one["last_used"] is None for one in (await hub.api("GET", source)).json()["credentials"])
    await hub.send("POST", workflow["source"]["urls"]["tracecat"], b"{}", headers=headers)
    await written(hub)
    used = {one["slot"]: one for one in (await hub.api("GET", source)).json()["credentials"]}
    assert all(used[slot]["last_used"] for slot in ("url", "api_key", "hmac"))
    kept = (await hub.api("GET", f"/api/requests?source={workflow['source']['id']}")).json()["items"][0]
    assert kept["secret"] == used["hmac"]["id"]


async def test_viewers_see_addresses_without_credentials(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"shared_key": "shared-key-xyz", "hmac_secret": "hmac-secret-xyz"})
    secret = workflow["source"]["secret"]
    key = await viewer(hub)
    for path in (f"/api/workflows/{workflow['id']}", f"/api/sources/{workflow['source']['id']}", "/api/sources"):
        seen = (await hub.api("GET", path, key=key)).body.decode()
        assert "/webhooks/" in seen
        assert not any(text in seen for text in (secret, "shared-key-xyz", "hmac-secret-xyz"))


async def test_no_secret_appears_in_evidence_errors_or_lists(hub: LiveHub) -> None:
    """Wherever a credential travels (path, query, headers), what is kept is a keyed fingerprint."""
    secrets = {"hmac_secret": "canary-hmac-1", "shared_key": "canary-shared-1"}
    workflow = await hub.workflow(source=secrets)
    source, url = workflow["source"]["id"], workflow["source"]["urls"]["tracecat"]
    api_key = (await hub.api("POST", f"/api/sources/{source}/api-key")).json()["api_key"]
    canaries = [*secrets.values(), api_key, workflow["source"]["secret"]]
    headers = {
        **signed(b"{}", "canary-hmac-1"),
        KEY: api_key,
        "Authorization": "Bearer canary-hmac-1",
        "X-Custom": "token canary-shared-1",
        "Cookie": "session=canary-cookie",
    }
    for query in ("?key=canary-shared-1", "?key=wrong&other=canary-hmac-1"):
        await hub.send("POST", url + query, b"{}", headers=headers)
    await written(hub)
    listed = (await hub.api("GET", f"/api/requests?source={source}")).json()["items"]
    assert [one["state"] for one in listed] == ["refused", "accepted"]
    seen = [await hub.api("GET", f"/api/requests/{one['id']}") for one in listed]
    seen.append(await hub.api("GET", "/api/audit"))
    executions = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    seen += [await hub.api("GET", f"/api/executions/{one['id']}") for one in executions]
    shown = "".join(answer.body.decode() for answer in seen)
    for canary in (*canaries, "canary-cookie"):
        assert canary not in shown


async def test_secrets_are_not_in_the_database_in_the_clear(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        workflow = await hub.workflow(source={"hmac_secret": "canary-at-rest-1", "shared_key": "canary-at-rest-2"})
        key = (await hub.api("POST", f"/api/sources/{workflow['source']['id']}/api-key")).json()["api_key"]
        await hub.api("PUT", "/api/connections/slack", {"values": {"token": "canary-at-rest-3"}})
        secret = workflow["source"]["secret"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    for canary in ("canary-at-rest", secret, key):
        assert canary.encode() not in kept


async def test_the_master_key_rotates_while_the_hub_runs(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        workflow = await hub.workflow(source={"hmac_secret": "rotated-secret"})
        url = workflow["source"]["urls"]["flowtrux"]
        await hub.send("POST", url, b"{}", headers=signed(b"{}", "rotated-secret"))
        before = {path.name for path in (tmp_path / "data" / "keys").iterdir()}
        job = await hub.api("POST", "/api/master-key/rotate")
        assert job.status == 202
        await hub.services.jobs.settled()
        done = (await hub.api("GET", f"/api/jobs/{job.json()['id']}")).json()
        assert (done["state"], done["done"] >= 3) == ("done", True)
    added = {path.name for path in (tmp_path / "data" / "keys").iterdir()} - before
    assert len(added) == 1
    for name in before - {"root.key"}:
        (tmp_path / "data" / "keys" / name).unlink()
    async with live_hub(tmp_path / "data") as hub:
        answer = await hub.send(
            "POST", f"/api/webhooks/{workflow['id']}", b"{}", headers=signed(b"{}", "rotated-secret")
        )
        assert answer.status == 200
        listed = (await hub.api("GET", "/api/requests")).json()["items"]
        assert len([await hub.api("GET", f"/api/requests/{one['id']}") for one in listed]) == 2
