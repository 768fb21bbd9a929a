"""Step 5: the credentials set on the source, then the vendor's scheme, over the exact bytes."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from hub.errors import Reject, Unavailable
from hub.inbound.http.arrival import Arrival
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import VerifiedRequest
from hub.inbound.steps.verify import verify
from hub.sdk.dialect import Refusal
from tests.inbound.probe import SECRET, Steps, failing, rejecting

BODY = b'{ "a": 1 }'
KEY = "shared-key-of-the-test"


def signature(body: bytes, key: str = "hmac-key") -> tuple[str, str]:
    return "x-webhook-signature", hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def slots(verified: VerifiedRequest) -> list[str]:
    """The slots of the secrets that matched, in order."""
    by_id = {one.id: one.slot for one in verified.identified.source.secrets}
    return [by_id[one] for one in verified.matched]


async def refused(steps: Steps, arrival: Arrival) -> Refusal:
    with pytest.raises(RequestRefused) as caught:
        await verify(await steps.challenged(arrival), steps.parts)
    return caught.value.refusal


async def test_a_source_without_credentials_is_verified_by_its_url(steps: Steps) -> None:
    verified = await verify(
        await steps.challenged(steps.arrival((await steps.source())["urls"]["tracecat"])), steps.parts
    )
    assert slots(verified) == ["url"]
    assert verified.grant.secret is None
    assert (verified.record.state, verified.record.step, verified.record.status) == ("accepted", "accept", 200)


async def test_the_hmac_is_over_the_exact_bytes(steps: Steps) -> None:
    url = (await steps.source(hmac_secret="hmac-key"))["urls"]["tracecat"]
    verified = await verify(await steps.challenged(steps.arrival(url, BODY, headers=[signature(BODY)])), steps.parts)
    assert slots(verified) == ["url", "hmac"]
    for headers, why in (
        ([], "is missing"),
        ([signature(BODY)] * 2, "is given twice"),
        ([signature(b'{"a":1}')], "matches no live HMAC secret"),
        ([signature(BODY, "other")], "matches no live HMAC secret"),
    ):
        refusal = await refused(steps, steps.arrival(url, BODY, headers=headers))
        assert (refusal.check, refusal.status, why in refusal.reason) == ("hmac", 401, True)


async def test_the_shared_key_counts_in_every_dialect_and_is_hidden_afterwards(steps: Steps) -> None:
    url = (await steps.source(shared_key=KEY))["urls"]["tracecat"]
    verified = await verify(await steps.challenged(steps.arrival(f"{url}?key={KEY}&a=1")), steps.parts)
    assert slots(verified) == ["url", "shared_key"]
    shown = f"{verified.request.url} {verified.record.url} {verified.record.headers}"
    assert KEY not in shown
    assert verified.request.query.get("a") == "1"
    for query, why in (("", "is missing"), (f"?key={KEY}&key={KEY}", "is given twice"), ("?key=x", "no live key")):
        refusal = await refused(steps, steps.arrival(url + query))
        assert (refusal.check, refusal.status, why in refusal.reason) == ("shared_key", 401, True)


async def test_the_vendors_scheme_grants(steps: Steps) -> None:
    url = (await steps.probed())["urls"]["tracecat"]
    headers = [("x-token", SECRET), ("x-nonce", "n-1")]
    verified = await verify(await steps.challenged(steps.arrival(url, headers=headers)), steps.parts)
    assert slots(verified) == ["url", "signing"]
    assert (verified.grant.account, verified.grant.once) == ("acme", "n-1")
    assert (verified.record.account, verified.record.vendor) == ("acme", "probe")
    assert SECRET not in str(verified.record.headers)


@pytest.mark.parametrize(
    ("check", "status", "why"),
    [
        (rejecting(401), 401, "the probe says no"),
        (rejecting(400), 401, "the probe says no"),
        (rejecting(403), 403, "the probe says no"),
        (failing, 401, "plugin probe failed in verify: KeyError"),
        (lambda *_: None, 401, "verify returned NoneType"),
    ],
)
async def test_what_the_scheme_does_not_grant_is_refused(steps: Steps, check: Any, status: int, why: str) -> None:
    steps.probe.check = check
    refusal = await refused(steps, steps.arrival((await steps.probed())["urls"]["tracecat"]))
    assert (refusal.step, refusal.check, refusal.status) == ("verify", "signature", status)
    assert why in refusal.reason


async def test_what_cannot_be_decided_now_is_503(steps: Steps) -> None:
    def unreachable(*_: Any) -> Any:
        raise Unavailable("the key server did not answer")

    steps.probe.check = unreachable
    refusal = await refused(steps, steps.arrival((await steps.probed())["urls"]["tracecat"]))
    assert (refusal.check, refusal.status) == ("unavailable", 503)


async def test_a_vendor_without_its_secret_refuses_everything(steps: Steps) -> None:
    steps.probe.check = lambda *_: pytest.fail("the scheme was asked")
    refusal = await refused(steps, steps.arrival((await steps.source(vendor="probe"))["urls"]["tracecat"]))
    assert (refusal.status, "no live secret in slot 'signing'" in refusal.reason) == (401, True)


async def test_a_decoy_refuses_a_signature_in_the_words_of_a_wrong_one(steps: Steps) -> None:
    source = await steps.source(hmac_secret="hmac-key")
    known = await refused(steps, steps.arrival(source["urls"]["flowtrux"], BODY, headers=[signature(BODY, "other")]))
    path = "/api/webhooks/wf_4itKqkgCZrLhgYiq5L211X"
    unknown = await refused(steps, steps.arrival(path, BODY, headers=[signature(BODY, "other")]))
    assert unknown == known


async def test_report_only_lets_a_refused_signature_in_and_says_so(steps: Steps) -> None:
    url = (await steps.source(hmac_secret="hmac-key", verification="report"))["urls"]
    verified = await verify(await steps.challenged(steps.arrival(url["tracecat"])), steps.parts)
    assert verified.record.reason.startswith("report only, would be refused: the signature")
    assert slots(verified) == ["url"]
    assert (await refused(steps, steps.arrival(url["flowtrux"]))).status == 401, "no credential in this URL"


async def test_report_only_does_not_hide_that_nothing_could_be_decided(steps: Steps) -> None:
    def unreachable(*_: Any) -> Any:
        raise Unavailable("the key server did not answer")

    steps.probe.check = unreachable
    url = (await steps.probed(verification="report"))["urls"]["tracecat"]
    assert (await refused(steps, steps.arrival(url))).status == 503


def test_a_reject_keeps_status_and_reason_in_a_refusal() -> None:
    refusal = RequestRefused.by(Reject("why", 403), "verify", "hmac").refusal
    assert refusal == Refusal("verify", "hmac", 403, "why")
