"""What is kept of a request holds no credential."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.inbound.dialects.tracecat import TRACECAT
from hub.inbound.evidence.fingerprints import Fingerprints
from hub.inbound.http.arrival import Arrival
from hub.model.ids import new_id
from hub.model.stored.source import HMAC_SLOT, SHARED_KEY_SLOT, SourceRecord, SourceSpec, StoredSecret
from hub.model.wire.values import Values

FINGERPRINTS = Fingerprints(lambda text: f"{len(text):016x}")
TOKEN = st.text("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-_", min_size=12, max_size=40)


def arrival(path: str, query: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Arrival:
    return Arrival(
        id=new_id(),
        received=0,
        method="POST",
        path=path,
        raw_query=query,
        query=Values(),
        headers=Values(headers, caseless=True),
        client="127.0.0.1",
        dialect=TRACECAT,
        route=TRACECAT.routes[0],
        params={},
        body=b"",
    )


def source(**secrets: str) -> SourceRecord:
    stored = tuple(StoredSecret(new_id(), slot, text.encode(), text) for slot, text in secrets.items())
    return SourceRecord(new_id(), new_id(), None, SourceSpec(), stored, 1, 0, 0)


@given(TOKEN, TOKEN)
def test_the_urls_credential_and_keys_never_stay(secret: str, key: str) -> None:
    one = arrival(f"/webhooks/wf_1/{secret}/wait", f"key={key}&other={key}&a=1")
    kept = FINGERPRINTS.url(one, secret, source(shared_key=key))
    assert secret not in kept
    assert key not in kept
    assert kept.startswith("/webhooks/wf_1/fp:")
    assert kept.endswith("&a=1")


@given(TOKEN)
def test_headers_that_hold_a_secret_are_replaced_whatever_their_name(secret: str) -> None:
    headers = (("x-custom", f"Token {secret}"), ("authorization", "Basic abc"), ("x-sig", "sha256=00"), ("a", "1"))
    kept = dict(FINGERPRINTS.headers(arrival("/", headers=headers), source(**{HMAC_SLOT: secret})))
    assert secret not in kept["x-custom"]
    assert kept["authorization"].startswith("fp:")
    assert (kept["x-sig"], kept["a"]) == ("sha256=00", "1")


def test_a_vendors_own_credential_headers_are_replaced() -> None:
    kept = FINGERPRINTS.headers(arrival("/", headers=(("x-okta-token", "abc"),)), source(), ("X-Okta-Token",))
    assert kept == (("x-okta-token", "fp:0000000000000003"),)


def test_workflows_do_not_see_the_hubs_own_credentials() -> None:
    headers = (("x-tracecat-api-key", "hub_wh_1"), ("x-key", "shared-key-1"), ("authorization", "Bearer theirs"))
    seen = FINGERPRINTS.workflow_headers(headers, source(**{SHARED_KEY_SLOT: "shared-key-1"}), 0)
    assert seen["authorization"] == "Bearer theirs"
    assert seen["x-tracecat-api-key"].startswith("fp:")
    assert seen["x-key"].startswith("fp:")
