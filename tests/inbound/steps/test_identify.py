"""Step 1: the source that a URL names, and the credential that the URL carries."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from hub.inbound.refusals import RequestRefused, answer
from hub.inbound.steps.identify import identify
from hub.model.ids import new_id, write_id
from tests.inbound.probe import SECRET, Steps


async def test_the_source_and_the_secret_that_the_url_carries_are_known(steps: Steps) -> None:
    source = await steps.source()
    found = identify(steps.arrival(source["urls"]["tracecat"]), steps.parts)
    assert write_id("src", found.source.id) == source["id"]
    assert found.url_secret is not None
    assert (found.url_secret.slot, found.url_secret.text) == ("url", source["secret"])
    assert found.matched == (found.url_secret.id,)
    assert found.workflow is not None
    assert found.workflow.source == found.source.id
    with pytest.raises(FrozenInstanceError):
        found.vendor = None  # type: ignore[misc] # frozen: the attempt is the test


async def test_a_wrong_credential_and_an_unknown_id_get_the_same_answer(steps: Steps) -> None:
    source = await steps.source()
    known = source["urls"]["tracecat"] + "x"
    unknown = f"/webhooks/{write_id('wf', new_id())}/{source['secret']}"
    refusals = []
    for url in (known, unknown):
        with pytest.raises(RequestRefused) as caught:
            identify(steps.arrival(url), steps.parts)
        refusals.append(caught.value.refusal)
    assert [one.check for one in refusals] == ["url_secret", "unknown"]
    dialect = steps.arrival(known).dialect
    first, second = (answer(one, dialect, None) for one in refusals)
    assert first == second


async def test_a_signed_dialect_takes_an_unknown_id_to_a_decoy(steps: Steps) -> None:
    """It is refused in verify, as a wrong signature is: not here, where a known id would go on."""
    found = identify(steps.arrival(f"/api/webhooks/{write_id('wf', new_id())}"), steps.parts)
    assert not found.gate.known
    assert found.workflow is None


@pytest.mark.parametrize("fields", [{}, {"open": True}])
async def test_only_an_open_source_answers_to_its_bare_id(steps: Steps, fields: dict[str, bool]) -> None:
    source = await steps.source(**fields)
    arrival = steps.arrival(f"/api/trigger-webhooks/{source['id']}")
    if fields:
        assert identify(arrival, steps.parts).url_secret is None
        return
    with pytest.raises(RequestRefused) as caught:
        identify(arrival, steps.parts)
    assert (caught.value.refusal.check, caught.value.refusal.status) == ("unknown", 404)


@pytest.mark.parametrize("dialect", ["flowtrux", "vectense"])
async def test_a_dialect_whose_credential_is_not_set_is_refused(steps: Steps, dialect: str) -> None:
    workflow = await steps.hub.workflow()
    url = {"flowtrux": f"/api/webhooks/{workflow['id']}", "vectense": f"/api/webhook/default/{workflow['id']}?key=x"}
    with pytest.raises(RequestRefused) as caught:
        identify(steps.arrival(url[dialect]), steps.parts)
    assert caught.value.refusal.status == 401


async def test_the_bound_vendor_answers_handshakes_and_no_other(steps: Steps) -> None:
    url = (await steps.probed())["urls"]["tracecat"]
    for query in ("", "?vendor=other"):
        found = identify(steps.arrival(url + query), steps.parts)
        assert found.vendor is found.challenger is steps.parts.plugins.vendor("probe")


async def test_a_vendor_named_in_the_url_is_lent_to_an_unbound_source_only(steps: Steps) -> None:
    found = identify(steps.arrival((await steps.source())["urls"]["tracecat"] + "?vendor=probe"), steps.parts)
    assert found.vendor is None
    assert found.challenger is steps.parts.plugins.vendor("probe")


async def test_a_dialect_whose_plugin_is_switched_off_answers_503(steps: Steps) -> None:
    arrival = steps.arrival((await steps.source())["urls"]["tracecat"])
    with pytest.raises(RequestRefused) as caught:
        identify(replace(arrival, dialect=replace(arrival.dialect, name="gone", title="Gone")), steps.parts)
    assert (caught.value.refusal.status, caught.value.refusal.retry_after) == (503, 60)


async def test_an_inactive_vendor_is_none_and_the_source_is_still_identified(steps: Steps) -> None:
    source = await steps.probed()
    arrival = steps.arrival(source["urls"]["tracecat"], headers=[("x-token", SECRET)])
    steps.parts.plugins.disable("probe")
    try:
        found = identify(arrival, steps.parts)
    finally:
        steps.parts.plugins.enable("probe")
    assert (found.vendor, found.source.spec.vendor) == (None, "probe")
