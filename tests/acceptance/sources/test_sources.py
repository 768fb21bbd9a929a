"""Limits, aliases and settings of sources, and what the hub says of itself."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from hub.model.ids import new_id, write_id
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


NO_PROXY: dict[str, str] = {}


async def open_source(hub: LiveHub, **fields: Any) -> dict[str, Any]:
    answer = await hub.api("POST", "/api/sources", {"open": True, **fields})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("trusted", "forwarded", "status"),
    [
        ("", "203.0.113.7", 403),
        ("127.0.0.0/8", "203.0.113.7", 200),
        ("127.0.0.0/8", "198.51.100.1, 203.0.113.7", 200),
        ("127.0.0.0/8", "203.0.113.7, 198.51.100.1", 403),
        ("127.0.0.0/8, 198.51.100.0/24", "203.0.113.7, 198.51.100.1", 200),
        ("127.0.0.0/8", "[2001:db8::1]:443", 200),
        ("127.0.0.0/8", "::ffff:203.0.113.7", 200),
        ("127.0.0.0/8", "2001:db9::1", 403),
        ("127.0.0.0/8", "unknown", 403),
        ("127.0.0.0/8", "", 403),
    ],
)
async def test_the_allowlist_sees_the_address_after_trusted_proxies(
    tmp_path: Path, trusted: str, forwarded: str, status: int
) -> None:
    async with live_hub(tmp_path / "data", trusted_proxies=trusted) as hub:
        source = await open_source(hub, allowlist=["203.0.113.0/24", "2001:db8::/32"])
        headers = {"X-Forwarded-For": forwarded} if forwarded else NO_PROXY
        assert (await hub.post(source["urls"]["vibeiq"], {}, headers=headers)).status == status


async def test_an_ipv6_range_is_refused_where_the_source_has_a_tracecat_address(hub: LiveHub) -> None:
    answer = await hub.api(
        "POST", "/api/workflows", {"name": "x", "nodes": [], "source": {"allowlist": ["10.0.0.0/8", "2001:db8::/32"]}}
    )
    assert answer.status == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/source/allowlist/1"]
    own = (await hub.workflow())["source"]
    answer = await hub.api("PATCH", f"/api/sources/{own['id']}", {"allowlist": ["::1/128"]})
    assert answer.status == 422
    assert (await open_source(hub, allowlist=["2001:db8::/32"]))["allowlist"] == ["2001:db8::/32"]


@pytest.mark.parametrize("entry", ["", "nowhere", "10.0.0.0/33", "300.1.1.1"])
async def test_nonsense_in_the_allowlist_is_refused_with_a_pointer(hub: LiveHub, entry: str) -> None:
    answer = await hub.api("POST", "/api/sources", {"allowlist": [entry]})
    assert answer.status == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/allowlist")


async def test_the_rate_limit_is_each_sources_own(hub: LiveHub) -> None:
    first, second = [await open_source(hub, rate_limit={"requests": 3, "per_seconds": 3600}) for _ in range(2)]
    statuses = [(await hub.post(first["urls"]["vibeiq"], {})).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    over = await hub.post(first["urls"]["vibeiq"], {})
    assert 1 <= int(over.headers["Retry-After"]) <= 3600
    assert (await hub.post(second["urls"]["vibeiq"], {})).status == 200


async def test_concurrent_requests_over_the_limit_are_turned_away(hub: LiveHub) -> None:
    source = await open_source(hub, max_concurrent=2)
    url = source["urls"]["vibeiq"]
    release = asyncio.Event()
    arrived = [asyncio.Event() for _ in range(2)]

    async def slow(number: int) -> int:
        async def chunks() -> Any:
            yield b"{"
            arrived[number].set()
            await release.wait()
            yield b"}"

        async with hub.session.post(url, data=chunks(), headers={"Content-Type": "application/json"}) as answer:
            return answer.status

    running = [asyncio.create_task(slow(number)) for number in range(2)]
    await asyncio.gather(*(one.wait() for one in arrived))
    statuses = set()
    while 429 not in statuses:
        statuses.add((await hub.post(url, {})).status)
    release.set()
    assert set(await asyncio.gather(*running)) <= {200, 429}
    assert (await hub.post(url, {})).status == 200


async def test_the_body_cap_of_the_source_wins_over_the_hubs(hub: LiveHub) -> None:
    url = (await open_source(hub, max_body_bytes=2_000_000))["urls"]["vibeiq"]
    large = b'"' + b"x" * 1_048_575 + b'"'
    other = (await open_source(hub))["urls"]["vibeiq"]
    for address, status in ((url, 200), (other, 413)):
        async with hub.session.post(address, data=BytesIO(large)) as answer:
            assert answer.status == status


async def test_a_sender_keeps_its_ids_by_an_alias(hub: LiveHub) -> None:
    """Only the host name in the URL changes: the old ids and secrets still work in each dialect."""
    fields = {"aliases": ["wf_3mYp8JkL2nQr7sTu9vWx0Z", "order-flow"], "shared_key": "github-secret-key-2024"}
    workflow = await hub.workflow(source=fields)
    path = f"/api/sources/{workflow['source']['id']}"
    await hub.api("POST", f"{path}/secrets", {"slot": "url", "secret": "their-own-secret"})
    await hub.api("POST", "/api/sources", {"aliases": ["4X0bETHdBKw87l6h"], "open": True})
    key = "?key=github-secret-key-2024"
    for url, status in (
        (f"/webhooks/wf_3mYp8JkL2nQr7sTu9vWx0Z/their-own-secret{key}", 200),
        (f"/webhooks/wf_3mYp8JkL2nQr7sTu9vWx0Z/other{key}", 401),
        (f"/api/webhook/default/order-flow{key}", 200),
        (f"/api/webhook/other/order-flow{key}", 401),
        ("/prod/api/trigger-webhooks/4X0bETHdBKw87l6h", 200),
    ):
        assert (await hub.post(url, {})).status == status, url


async def test_an_alias_belongs_to_one_source(hub: LiveHub) -> None:
    first = await open_source(hub, aliases=["taken-1"])
    assert (await hub.api("POST", "/api/sources", {"aliases": ["taken-1"]})).status == 409
    assert (await hub.api("PATCH", f"/api/sources/{first['id']}", {"aliases": ["taken-1", "more"]})).status == 200
    assert (await hub.api("POST", "/api/sources", {"aliases": ["no/slash"]})).status == 422


async def test_an_address_is_never_given_to_another_org(tmp_path: Path) -> None:
    """Neither while its source exists nor once it is deleted; its own org may have it back."""
    async with live_hub(tmp_path / "data") as hub:
        await hub.api("POST", "/api/orgs", {"name": "other"})
        mine, theirs = {"X-Api-Org": "default"}, {"X-Api-Org": "other"}
        source = await open_source(hub, aliases=["old-id"])
        short = source["urls"]["vibeiq"].rpartition("/")[2]
        workflow = await hub.workflow()
        other = (await hub.api("POST", "/api/sources", {}, headers=theirs)).json()
        taken = ["old-id", short, source["id"], workflow["id"]]

        async def refused(alias: str) -> None:
            body = {"open": True, "aliases": [alias]}
            for method, path, value in (
                ("POST", "/api/sources", body),
                ("PATCH", f"/api/sources/{other['id']}", body),
                ("POST", "/api/workflows", {"name": "w", "nodes": [], "source": body}),
                ("POST", "/api/webhooks", body),
                ("POST", "/prod/api/webhooks", body),
            ):
                answer = await hub.api(method, path, value, headers=theirs)
                assert (answer.status, alias in answer.body.decode()) == (409, True), (path, alias, answer.body)
                assert not any(word in answer.body.decode() for word in ("default", "another org", "deleted"))

        for alias in taken:
            await refused(alias)
        await hub.api("PATCH", f"/api/sources/{source['id']}", {"aliases": []}, headers=mine)
        await refused("old-id")
        assert (await hub.api("DELETE", f"/api/sources/{source['id']}")).status == 204
        assert (await hub.api("DELETE", f"/api/workflows/{workflow['id']}")).status == 204
        for alias in taken:
            await refused(alias)
        assert (await hub.post(f"/prod/api/trigger-webhooks/{short}", {})).status == 404
        again = await open_source(hub, aliases=["old-id", short])
        assert (await hub.post(f"/prod/api/trigger-webhooks/{short}", {})).status == 200
        assert (await hub.api("GET", f"/api/requests?source={again['id']}")).json()["items"][0]["state"] == "accepted"


async def test_a_trigger_may_name_an_alias(hub: LiveHub) -> None:
    source = await open_source(hub, aliases=["Od9ntdpYJuUGh3wt"])
    await hub.workflow(triggers=["webhookId:Od9ntdpYJuUGh3wt"])
    assert len((await hub.post(source["urls"]["vibeiq"], {})).json()) == 1


async def test_a_change_guarded_by_an_old_etag_is_refused(hub: LiveHub) -> None:
    source = await open_source(hub)
    path = f"/api/sources/{source['id']}"
    tag = (await hub.api("GET", path)).headers["ETag"]
    assert (await hub.api("PATCH", path, {"name": "a"}, headers={"If-Match": tag})).status == 200
    assert (await hub.api("PATCH", path, {"name": "b"}, headers={"If-Match": tag})).status == 412


async def test_a_disabled_source_runs_again_once_it_is_enabled(hub: LiveHub) -> None:
    source = await open_source(hub, enabled=False)
    assert (await hub.post(source["urls"]["vibeiq"], {})).status == 403
    await hub.api("PATCH", f"/api/sources/{source['id']}", {"enabled": True})
    assert (await hub.post(source["urls"]["vibeiq"], {})).status == 200


async def test_self_check_tells_what_the_hub_derives(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data", trusted_proxies="127.0.0.1/32", public_url="https://hub.example") as hub:
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "hub.example"}
        body = (await hub.api("GET", "/api/self-check", headers=headers)).json()
        assert (body["client"], body["peer"], body["public_url"]) == ("203.0.113.9", "127.0.0.1", "https://hub.example")
        assert body["warnings"] == []
        wrong = (await hub.api("GET", "/api/self-check", headers={"Host": "other.example"})).json()
        assert "127.0.0.1 does not send x-forwarded-for" in wrong["warnings"][0]
        assert "signatures over URLs are checked with the latter" in wrong["warnings"][1]


@pytest.mark.parametrize(
    ("setting", "sent", "client", "warning"),
    [
        ("Forwarded", {"Forwarded": 'for="[2001:db8::7]:99";proto=https'}, "2001:db8::7", None),
        ("CF-Connecting-IP", {"CF-Connecting-IP": "203.0.113.9", "X-Forwarded-For": "9.9.9.9"}, "203.0.113.9", None),
        ("x-real-ip", {"X-Real-IP": "203.0.113.9"}, "203.0.113.9", None),
        ("x-forwarded-for", {"X-Real-IP": "203.0.113.9"}, "127.0.0.1", "HUB_CLIENT_HEADER=x-real-ip"),
        ("x-forwarded-for", {"X-Forwarded-For": "203.0.113.9, unknown"}, "127.0.0.1", "is not an address"),
    ],
)
async def test_self_check_shows_what_a_trusted_proxy_says_and_what_is_made_of_it(
    tmp_path: Path, setting: Any, sent: dict[str, str], client: str, warning: str | None
) -> None:
    settings = {"trusted_proxies": "127.0.0.1/32", "client_header": setting, "public_url": "https://127.0.0.1"}
    async with live_hub(tmp_path / "data", **settings) as hub:
        body = (await hub.api("GET", "/api/self-check", headers=sent)).json()
        assert (body["client"], body["peer"], body["peer_is_trusted"]) == (client, "127.0.0.1", True)
        assert body["received"] == {name.lower(): [value] for name, value in sent.items()}
        about = [one for one in body["warnings"] if "the public URL is" not in one]
        assert about == [] if warning is None else warning in about[0]


async def test_self_check_warns_of_a_proxy_that_is_not_trusted(hub: LiveHub) -> None:
    body = (await hub.api("GET", "/api/self-check", headers={"X-Forwarded-For": "203.0.113.9"})).json()
    assert body["client"] == "127.0.0.1"
    assert "HUB_TRUSTED_PROXIES" in body["warnings"][0]


async def test_self_check_counts_what_is_refused_and_not_kept(hub: LiveHub) -> None:
    async def count() -> int:
        return int((await hub.api("GET", "/api/self-check")).json()["not_kept"]["unknown_sources"])

    before = await count()
    assert (await hub.post(f"/webhooks/{write_id('wf', new_id())}/secret", {})).status == 401
    assert await count() == before + 1
    viewer = (await hub.api("POST", "/api/keys", {"name": "v", "role": "viewer"})).json()["key"]
    assert "not_kept" not in (await hub.api("GET", "/api/self-check", key=viewer)).json()


async def test_orgs_keys_and_roles(hub: LiveHub) -> None:
    made = await hub.api("POST", "/api/orgs", {"name": "acme"})
    assert made.status == 201
    assert (await hub.api("POST", "/api/orgs", {"name": "acme"})).status == 409
    key = (await hub.api("POST", "/api/keys", {"name": "boss", "role": "admin"}, headers={"X-Api-Org": "acme"})).json()
    me = (await hub.api("GET", "/api/me", key=key["key"])).json()
    assert (me["org"]["name"], me["key"]["role"], me["operator"]) == ("acme", "admin", False)
    assert (await hub.api("GET", "/api/orgs", key=key["key"])).status == 403
    assert (await hub.api("GET", "/api/sources", key=key["key"], headers={"X-Api-Org": "default"})).status == 403
    answer = await hub.api("POST", "/api/keys", {"role": "admin", "operator": True}, key=key["key"])
    assert answer.status == 403
    listed = (await hub.api("GET", "/api/keys", key=key["key"])).json()["items"]
    assert [one["name"] for one in listed] == ["boss"]
    assert key["key"] not in str(listed)
    assert (await hub.api("DELETE", f"/api/keys/{key['id']}", key=key["key"])).status == 204
    assert (await hub.api("GET", "/api/me", key=key["key"])).status == 401


async def test_an_expired_key_is_unknown(hub: LiveHub) -> None:
    answer = await hub.api("POST", "/api/keys", {"role": "viewer", "expires": "2020-01-01T00:00:00Z"})
    assert answer.status == 422
    assert (await hub.api("POST", "/api/keys", {"role": "boss"})).status == 422


async def test_connections_are_write_only(hub: LiveHub) -> None:
    body = {"name": "slack", "kind": "slack", "values": {"token": "xoxb-canary"}}
    made = await hub.api("POST", "/api/connections", body)
    assert (made.status, made.json()["fields"]) == (201, ["token"])
    assert (await hub.api("POST", "/api/connections", body)).status == 409
    changed = await hub.api(
        "PUT", "/api/connections/slack", {"kind": "slack", "values": {"token": "xoxb-canary", "team": "T1"}}
    )
    assert changed.json()["fields"] == ["token", "team"]
    for path in ("/api/connections", "/api/connections/slack", "/api/audit"):
        assert b"xoxb-canary" not in (await hub.api("GET", path)).body
    assert (await hub.api("PUT", "/api/connections/no-dash", {"values": {"a": "b"}})).status == 422
    assert (await hub.api("DELETE", "/api/connections/slack")).status == 204
    assert (await hub.api("GET", "/api/connections/slack")).status == 404


async def test_management_changes_are_in_the_audit_log(hub: LiveHub) -> None:
    source = await open_source(hub, name="audited")
    await hub.api("PATCH", f"/api/sources/{source['id']}", {"hmac_secret": "never-in-the-log"})
    await hub.api("POST", "/api/sources", {"allowlist": ["nonsense"]})
    log = await hub.api("GET", "/api/audit?limit=3")
    found = [(one["action"], one["target"], one["detail"]["fields"]) for one in log.json()["items"]]
    assert found[:2] == [
        ("sources.change", source["id"], ["hmac_secret"]),
        ("sources.create", source["id"], ["name", "open"]),
    ]
    me = (await hub.api("GET", "/api/me")).json()
    assert {one["key"] for one in log.json()["items"]} == {me["key"]["id"]}
    assert b"never-in-the-log" not in log.body
    assert ADMIN_KEY.encode() not in log.body


async def test_an_answer_without_a_body_names_no_content_type(hub: LiveHub) -> None:
    source = await open_source(hub)
    answer = await hub.api("DELETE", f"/api/sources/{source['id']}")
    assert (answer.status, answer.body, answer.headers.get("Content-Type")) == (204, b"", None)


async def test_self_check_shows_operators_what_the_database_takes_of_the_disk(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        disk = (await hub.api("GET", "/api/self-check")).json()["disk"]
        assert disk["log"] == (tmp_path / "data" / "hub.db-wal").stat().st_size
        assert 0 <= disk["free"] < disk["database"]
        made = await hub.api("POST", "/api/keys", {"name": "n", "role": "admin"})
        assert "disk" not in (await hub.api("GET", "/api/self-check", key=made.json()["key"])).json()
