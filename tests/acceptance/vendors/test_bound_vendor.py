"""A vendor of one source never answers for another: only the vendor that is bound may grant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.model.json import loads
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.testing.sender import Sender

SECRET = "a-secret-of-both-sources"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data") as running:
        yield running


def signed(plugins: Plugins, vendor: str, recording: str) -> tuple[bytes, dict[str, str]]:
    """A recorded request of a vendor, signed under SECRET at this moment."""
    found = next(one for one in plugins.recorded(vendor).requests if one.name == recording)
    request = Sender(plugins.vendors[vendor], secrets={"signing": SECRET}).request(found)
    return request.body, dict(request.headers.pairs)


async def test_the_signature_of_another_vendor_opens_nothing(hub: LiveHub) -> None:
    plugins = hub.services.plugins
    body, headers = signed(plugins, "github", "ping")
    for vendor, status in (("github", 200), ("slack", 401), ("plextrac", 401)):
        source = (await hub.workflow(source={"vendor": vendor, "signing_secrets": [SECRET]}))["source"]
        for query in ("", "?vendor=github", "?vendor=github&echo=true"):
            answer = await hub.send("POST", source["urls"]["tracecat"] + query, body, headers=headers)
            assert answer.status == status, (vendor, query, answer.body)


async def test_the_handshake_of_another_vendor_is_not_lent_to_a_bound_source(hub: LiveHub) -> None:
    challenge = {"X-Okta-Verification-Challenge": "what-okta-asks"}
    for vendor, answers in (("okta", True), ("github", False)):
        source = (
            await hub.workflow(source={"vendor": vendor, "signing_secrets": [SECRET], "methods": ["GET", "POST"]})
        )["source"]
        answer = await hub.send("GET", source["urls"]["tracecat"] + "?vendor=okta", b"", headers=challenge)
        assert (answer.status == 200 and loads(answer.body) == {"verification": "what-okta-asks"}) is answers
