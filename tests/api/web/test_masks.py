"""A mask that is sent back never becomes a secret: connections and the secrets of sources."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from hub.model.ids import write_id
from hub.model.stored.source import SourceSpec
from hub.testing.live import LiveHub

MASK = "********"


def _pointers(answer: Any) -> list[str]:
    return [each["pointer"] for each in answer.json()["errors"]]


async def test_a_masked_value_of_a_connection_stays(hub: LiveHub) -> None:
    values = {"token": "the token", "user": "me"}
    assert (await hub.api("PUT", "/api/connections/mine", {"values": values})).status == 200
    changed = await hub.api("PUT", "/api/connections/mine", {"values": {"token": MASK, "user": "you"}})
    assert changed.status == 200
    org = next(iter(hub.services.store.snapshot.orgs))
    stored = await hub.services.store.access.connection_values(org, "mine")
    assert dict(stored) == {"token": "the token", "user": "you"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/connections/fresh", {"values": {"token": MASK}}),
        ("PUT", "/api/connections/there", {"values": {"token": MASK, "other": "x"}}),
        ("POST", "/api/connections", {"name": "fresh", "values": {"token": MASK}}),
    ],
)
async def test_a_mask_of_no_value_is_refused(hub: LiveHub, method: str, path: str, body: dict[str, Any]) -> None:
    await hub.api("PUT", "/api/connections/there", {"values": {"user": "me"}})
    answer = await hub.api(method, path, body)
    assert (answer.status, _pointers(answer)) == (422, ["/values/token"])
    names = [each["name"] for each in (await hub.api("GET", "/api/connections")).json()["items"]]
    assert names == ["there"]


async def test_a_masked_secret_of_a_source_stays(hub: LiveHub) -> None:
    made = await hub.api("POST", "/api/sources", {"hmac_secret": "the secret of this source"})
    assert made.status == 201, made.body
    path = f"/api/sources/{made.json()['id']}"

    def shown(view: dict[str, Any]) -> list[dict[str, Any]]:
        return [each for each in view["credentials"] if each["slot"] == "hmac"]

    (before,) = shown(made.json())
    for mask in (MASK, before["masked"]):
        changed = await hub.api("PATCH", path, {"hmac_secret": mask, "name": "renamed"})
        assert changed.status == 200, changed.body
        (after,) = shown(changed.json())
        assert (after["id"], after["masked"]) == (before["id"], before["masked"])
    snapshot = hub.services.store.snapshot
    (stored,) = [each for source in snapshot.sources.values() for each in source.secrets if each.slot == "hmac"]
    assert hmac.compare_digest(stored.value, b"the secret of this source")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"hmac_secret": MASK}, "/hmac_secret"),
        ({"shared_key": MASK + "abcd"}, "/shared_key"),
        ({"signing_secrets": [MASK]}, "/signing_secrets/0"),
        ({"secrets": {"signing": [{"value": "a first secret"}, {"value": MASK}]}}, "/secrets/signing/1/value"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_mask_of_no_secret_is_refused(
    shared: LiveHub, method: str, fields: dict[str, Any], pointer: str
) -> None:
    path = "/api/sources"
    if method == "PATCH":
        path += "/" + (await shared.api("POST", path, {})).json()["id"]
    answer = await shared.api(method, path, fields)
    assert (answer.status, _pointers(answer)) == (422, [pointer])


async def test_a_mask_is_not_added_as_a_secret(shared: LiveHub) -> None:
    made = (await shared.api("POST", "/api/sources", {})).json()
    answer = await shared.api("POST", f"/api/sources/{made['id']}/secrets", {"slot": "hmac", "secret": MASK})
    assert (answer.status, _pointers(answer)) == (422, ["/secret"])


async def test_a_patch_of_a_source_judges_only_what_it_is_given(hub: LiveHub) -> None:
    """The plugin of the vendor was removed after the source was saved."""
    org = next(iter(hub.services.store.snapshot.orgs))
    made = await hub.services.store.sources.create(org, SourceSpec(vendor="removed"), (), by=None)
    path = f"/api/sources/{write_id('src', made.id)}"
    renamed = await hub.api("PATCH", path, {"name": "renamed"})
    assert (renamed.status, renamed.json()["name"], renamed.json()["vendor"]) == (200, "renamed", "removed")
    for field, value in (("vendor", "removed"), ("settings", {"a": 1}), ("signing_secrets", ["x"])):
        refused = await hub.api("PATCH", path, {field: value})
        assert (refused.status, _pointers(refused)) == (422, ["/vendor"])
