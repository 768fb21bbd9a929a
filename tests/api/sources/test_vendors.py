"""What a source of a vendor needs, as operators read it."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import hub as hub_api
from hub import Credential, PublicKey, Vendor
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

KEYED = Vendor(
    name="keyed",
    title="Keyed",
    verify=PublicKey(header="x-signature", encoding="hex"),
    read=lambda request, source: (),
    credentials=(Credential(title="Public key", kind="hex", public=True),),
)


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[LiveHub]:
    module = types.ModuleType("hub_keyed")
    vars(module)["vendor"] = KEYED
    sys.modules["hub_keyed"] = module
    plugins = Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint("keyed", "hub_keyed:vendor", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )
    async with live_hub(tmp_path / "data", plugins=plugins) as one:
        yield one
    del sys.modules["hub_keyed"]


async def test_every_vendor_says_what_it_needs(hub: LiveHub) -> None:
    found = {one["name"]: one for one in (await hub.api("GET", "/api/vendors")).json()["items"]}
    assert list(found) == sorted(hub.services.plugins.vendors)
    assert found["slack"]["credentials"] == [
        {
            "slot": "signing",
            "title": "Signing secret",
            "kind": "text",
            "public": False,
            "origin": "vendor",
            "required": True,
        }
    ]
    assert found["slack"]["covers"] == "all"
    assert {name: one["plugin"] for name, one in found.items()} == {name: name for name in found}
    assert found["okta"]["covers"] == "none"
    assert found["okta"]["answers_handshakes"] is True
    assert "properties" in found["okta"]["settings"]
    assert found["github"]["actions"][0].startswith("github.")


async def test_the_guide_of_a_source_holds_its_address(hub: LiveHub) -> None:
    guide = (await hub.api("GET", "/api/vendors/okta")).json()["guide"]
    assert guide == hub.services.plugins.vendors["okta"].guide
    assert "{url}" in guide
    source = (await hub.workflow(source={"vendor": "okta", "signing_secrets": ["s" * 16]}))["source"]
    filled = (await hub.api("GET", f"/api/sources/{source['id']}/guide")).json()["guide"]
    assert "{url}" not in filled
    assert source["urls"]["tracecat"] in filled
    viewer = (await hub.api("POST", "/api/keys", {"name": "eyes", "role": "viewer"})).json()["key"]
    seen = (await hub.api("GET", f"/api/sources/{source['id']}/guide", key=viewer)).json()["guide"]
    assert source["secret"] not in seen


async def test_an_unknown_vendor_or_source_is_not_found(hub: LiveHub) -> None:
    assert (await hub.api("GET", "/api/vendors/nobody")).status == 404
    assert (await hub.api("GET", "/api/sources/src_nothing/guide")).status == 404


async def test_a_public_key_is_shown_and_never_made_by_the_hub(keyed: LiveHub) -> None:
    key = "ab" * 32
    source = (await keyed.workflow(source={"vendor": "keyed", "signing_secrets": [key]}))["source"]
    view = (await keyed.api("GET", f"/api/sources/{source['id']}")).json()
    assert [one["masked"] for one in view["credentials"] if one["slot"] == "signing"] == [key]
    refused = await keyed.api("POST", f"/api/sources/{source['id']}/secrets", {})
    assert refused.status == 422
    assert refused.json()["errors"] == [
        {"pointer": "/secret", "message": "Public key is a public key: copy it from the vendor"}
    ]
    [vendor] = (await keyed.api("GET", "/api/vendors")).json()["items"]
    assert (await keyed.api("GET", "/api/vendors/keyed")).json()["guide"] is None
    assert vendor["credentials"][0]["public"] is True
