"""The contract finds what it is there to find: each of these vendors breaks one rule."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from pydantic import BaseModel

from hub import (
    AnyOf,
    Catalog,
    Check,
    Credential,
    Event,
    EventType,
    Grant,
    Hmac,
    Keep,
    Outcome,
    Recording,
    Reply,
    Request,
    Secret,
    Source,
    Token,
    Unavailable,
    Vendor,
    same,
)
from hub.model.json import dumps, loads
from hub.testing import VendorContract
from hub.testing.contract import REMARKS
from hub.testing.rules import RULES, BrokenRule

JSON = {"content-type": "application/json"}
ORDER = Recording(
    name="order",
    event_types=("order.created",),
    headers=JSON,
    body=b'{"type": "order.created", "id": "ord_1", "to": ["a", "b"]}',
)
HELLO = Recording(name="hello", method="GET", query="challenge=abc", verified=False, expect={"status": 200})
SCHEME = Hmac(header="x-acme-signature")


def read(request: Request, source: Source) -> list[Event]:
    sent = request.json()
    return [Event(sent["type"], sent, sent["id"])]


def acme(**parts: Any) -> Vendor:
    return Vendor(**{"name": "acme", "title": "Acme", "verify": SCHEME, "read": read, **parts})


def contract(vendor: Vendor, *recorded: Recording, **more: Any) -> VendorContract:
    members = {"vendor": vendor, "recorded": recorded or (ORDER,), **more}
    made: VendorContract = type("Contract", (VendorContract,), members)()
    return made


def breaks(name: str, vendor: Vendor, *recorded: Recording, says: str, **more: Any) -> None:
    with pytest.raises(BrokenRule, match=says):
        contract(vendor, *recorded, **more).examine(name)


def remarks(name: str, vendor: Vendor, *recorded: Recording, **more: Any) -> str:
    before = len(REMARKS)
    contract(vendor, *recorded, **more).examine(name)
    found = "\n".join(REMARKS[before:])
    del REMARKS[before:]
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.name)
def test_a_good_vendor_keeps_every_rule(rule: Any) -> None:
    catalog = Catalog((EventType("order.created", summary="An order", schema={"type": "object"}, example={}),))
    remarks(rule.name, acme(catalog=catalog, guide="Paste {url}."), replace(ORDER, title="An order was created"))


def test_every_bronze_rule_is_a_test_of_the_contract() -> None:
    tests = {name for name in dir(VendorContract) if name.startswith("test_")}
    assert len(tests) == len([rule for rule in RULES if rule.level == "bronze"])
    examined = set()

    class Listening(VendorContract):
        vendor = acme()

        def examine(self, name: str) -> None:
            examined.add(name)

    for name in tests:
        getattr(Listening(), name)()
    assert examined == {rule.name for rule in RULES if rule.level == "bronze"}


def by_value(request: Request, source: Source) -> Secret:
    """Signs JSON that is written anew."""
    canonical = dumps(request.json())
    given = request.headers["x-acme-signature"]
    return source.match(lambda secret: same(secret.hmac(canonical), given))


def test_a_scheme_over_rewritten_json_is_found() -> None:
    def signed(self: Any, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        mac = secrets[0].hmac(dumps(loads(recording.body)))
        return replace(recording, headers={**JSON, "x-acme-signature": mac})

    vendor = acme(verify=Check(by_value, covers="all"))
    breaks("altered", vendor, says="a space|a line break", signed=signed)
    said = remarks("altered", acme(verify=Check(by_value, covers="part")), signed=signed)
    assert "a part of the body" in said


def test_a_scheme_that_says_it_covers_nothing_is_remarked() -> None:
    assert "does not look at the body" in remarks("altered", acme(verify=Token(header="x-token")))


def test_a_lenient_proof_is_found() -> None:
    def prefix(request: Request, source: Source) -> Secret:
        given = request.headers["x-acme-signature"]
        return source.match(lambda secret: secret.hmac(request.body)[:8] == given[:8])

    def signed(self: Any, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        return replace(recording, headers={**JSON, "x-acme-signature": secrets[0].hmac(recording.body)})

    breaks("altered_proof", acme(verify=Check(prefix, covers="all")), says="character 9", signed=signed)


def test_a_rule_that_takes_the_last_of_two_headers_is_found() -> None:
    def last(request: Request, source: Source) -> Secret:
        given = request.headers.all("x-acme-signature")[-1]
        return source.match(lambda secret: same(secret.hmac(request.body), given))

    def signed(self: Any, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        return replace(recording, headers={**JSON, "x-acme-signature": secrets[0].hmac(recording.body)})

    breaks("headers", acme(verify=Check(last, covers="all")), says="given twice", signed=signed)


def test_a_scheme_that_raises_something_else_is_found() -> None:
    vendor = acme(verify=Hmac(header=lambda request: request.json()["signature"]))
    breaks("garbage", vendor, says="verify raised (KeyError|TypeError)", signed=lambda self, recording, *_: recording)


def test_a_challenge_that_raises_something_else_is_found() -> None:
    def challenge(request: Request, source: Source) -> Reply | None:
        return Reply(200, request.json()["challenge"]) if request.body else None

    breaks("garbage", acme(challenge=challenge), says="challenge raised")


def test_an_open_door_is_found() -> None:
    def check(request: Request, source: Source) -> Any:
        return source.match(lambda secret: all(same(one, secret.value) for one in request.json()["value"]))

    unsigned = {"signed": lambda self, recording, *_: recording}
    breaks("garbage", acme(verify=Check(check, covers="none")), says="without a valid proof", **unsigned)


def test_an_empty_secret_that_matches_is_found() -> None:
    def check(request: Request, source: Source) -> Secret:
        secrets = source.secrets() or (Secret("sec_0", "signing", b""),)
        if request.headers["x-token"] != secrets[0].value.decode():
            raise ValueError
        return secrets[0]

    def signed(self: Any, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        return replace(recording, headers={**recording.headers, "x-token": secrets[0].value.decode()})

    vendor = acme(verify=Check(check, covers="none"))
    breaks("empty_secret", vendor, replace(ORDER, headers={"x-token": ""}), says="no secret", signed=signed)


def test_a_secret_in_the_code_is_found() -> None:
    scheme = Check(lambda request, source: Secret("x", "signing", b"x"), covers="none")
    breaks("other_secret", acme(verify=scheme), says="another source", signed=lambda self, recording, *_: recording)


async def reachable(request: Request, source: Source) -> Secret:
    key = await source.fetch("https://keys.example.com/")
    return source.match(lambda secret: same(key.body, secret.value))


async def swallowed(request: Request, source: Source) -> Secret:
    try:
        return await reachable(request, source)
    except Exception as error:
        raise ValueError("no key") from error


def test_an_unreachable_key_server_that_becomes_401_is_found() -> None:
    hosts = ("keys.example.com",)
    vendor = acme(verify=Check(swallowed, covers="none"), hosts=hosts)
    breaks("key_server", vendor, says="never sends again", signed=lambda self, recording, *_: recording)
    good = acme(verify=Check(reachable, covers="none"), hosts=hosts)
    assert remarks("key_server", good, signed=lambda self, recording, *_: recording) == ""
    assert "no recorded request makes it call one" in remarks("key_server", acme(hosts=hosts))


def signing(answer: Callable[[str, str], object]) -> Callable[[Request, Source], Reply | None]:
    def challenge(request: Request, source: Source) -> Reply | None:
        token = request.query.get("challenge")
        secrets = source.secrets()
        return Reply(200, answer(token, secrets[0].hmac(token))) if token is not None and secrets else None

    return challenge


@pytest.mark.parametrize(
    "answer",
    [
        lambda token, mac: {"plainToken": token, "encryptedToken": mac},
        lambda token, mac: {"response_token": "sha256=" + base64.b64encode(bytes.fromhex(mac)).decode()},
    ],
    ids=["hex", "base64"],
)
@pytest.mark.parametrize(
    "scheme",
    [SCHEME, Hmac(header="x-acme-signature", prefix="sha256=", encoding="base64"),
     Hmac(header="x-acme", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}"),
     AnyOf(Token(header="x-none"), SCHEME)],
    ids=["hex", "base64", "timestamped", "any of"],
)  # fmt: skip
def test_a_signing_oracle_is_found(scheme: Any, answer: Any) -> None:
    breaks("oracle", acme(verify=scheme, challenge=signing(answer), methods=("GET", "POST")), says="forged")


def test_a_keyed_answer_over_something_that_no_event_has_is_no_oracle() -> None:
    def challenge(request: Request, source: Source) -> Reply | None:
        token = request.query.get("challenge")
        if token is None or not source.secrets():
            return None
        return Reply(200, hmac.new(source.secrets()[0].value, b"hello:" + token.encode(), hashlib.sha256).hexdigest())

    assert remarks("oracle", acme(challenge=challenge, methods=("GET", "POST")), ORDER, HELLO) == ""


def test_a_challenge_that_takes_events_is_found() -> None:
    vendor = acme(challenge=lambda request, source: Reply(200))
    breaks("ordinary", vendor, says="never becomes an event")


@pytest.mark.parametrize(
    ("keep", "says"),
    [
        (Keep("x", "elsewhere"), "not declared"),
        (Keep(None), "removes"),
        (Keep("x", label="stranger"), "beside the ones"),
        (Keep("no hex", "key"), "cannot be stored"),
    ],
)
def test_a_challenge_that_meddles_with_secrets_is_found(keep: Keep, says: str) -> None:
    def challenge(request: Request, source: Source) -> Reply | None:
        return Reply(200, keep=(keep,)) if request.query.get("challenge") else None

    credentials = (Credential(), Credential("key", kind="hex"))
    breaks("fills_only", acme(challenge=challenge, credentials=credentials), ORDER, HELLO, says=says)


def test_a_handshake_that_is_not_answered_as_recorded_is_found() -> None:
    def challenge(request: Request, source: Source) -> Reply | None:
        return Reply(200, {"challenge": request.query["challenge"]}) if "challenge" in request.query else None

    vendor = acme(challenge=challenge)
    breaks("answered", vendor, replace(HELLO, expect={"status": 204}), says="answered 200, not 204")
    breaks("answered", vendor, replace(HELLO, expect={"body": "abc"}), says="not 'abc'")
    breaks("answered", acme(), HELLO, says="has no challenge")
    breaks("answered", acme(challenge=lambda request, source: None), HELLO, says="not answered")
    assert remarks("answered", vendor, replace(HELLO, expect={"body": {"challenge": "abc"}})) == ""
    assert "no handshake is recorded" in remarks("answered", vendor, ORDER)


def test_reading_that_is_not_pure_is_found() -> None:
    numbers = count()
    breaks("pure", acme(read=lambda request, source: [Event("order.created", next(numbers))]), says="different events")

    def changing(request: Request, source: Source) -> list[Event]:
        request.json()["seen"] = True
        return [Event("order.created", {})]

    breaks("pure", acme(read=changing), says="changes the parsed body")

    async def late(request: Request, source: Source) -> list[Event]:
        return []

    breaks("pure", acme(read=late), says="it is sync")


def test_reading_what_cannot_be_stored_is_found() -> None:
    breaks("pure", acme(read=lambda request, source: [Event("order.created", {1, 2})]), says="neither a JSON value")
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the fault
    breaks("pure", acme(read=lambda request, source: [Event("a", {}, time=naive)]), says="has no time zone")


def test_ids_that_change_or_repeat_are_found() -> None:
    breaks("stable_ids", acme(read=lambda request, source: [Event("a", {}, request.id)]), says="other ids")
    stamped = acme(read=lambda request, source: [Event("a", {}, str(request.received))])
    breaks("stable_ids", stamped, says="other ids")
    twice = acme(read=lambda request, source: [Event("a", {}, "1"), Event("b", {}, "1")])
    breaks("stable_ids", twice, says="same id")
    breaks("identified", acme(read=lambda request, source: [Event("a", {})]), says="has no id")


def test_a_recording_that_is_not_read_as_it_says_is_found() -> None:
    breaks("accepted", acme(), replace(ORDER, event_types=("order.paid",)), says="its recording names")
    breaks("accepted", acme(), replace(ORDER, method="PUT"), says="none of the vendor's methods")
    refused = {"signed": lambda self, recording, *_: recording}
    breaks("accepted", acme(), says="refused, though it is signed", **refused)
    breaks("recorded", acme(), HELLO, says="no request is recorded")


def test_duplicates_that_are_answered_otherwise_are_found() -> None:
    def reply(request: Request, source: Source, outcome: Outcome) -> Reply:
        return Reply(409 if outcome.duplicate else 200)

    breaks("replies", acme(reply=reply), says="a duplicate is answered")

    def failing(request: Request, source: Source, outcome: Outcome) -> Reply:
        raise KeyError("x")

    breaks("replies", acme(reply=failing), says="reply raised KeyError")
    breaks("replies", acme(reply=lambda *_: "ok"), says="not a Reply")
    breaks("replies", acme(reply=lambda *_: Reply(keep=(Keep("x", "nowhere"),))), says="not declared")
    breaks("replies", acme(reply=Reply(204)), replace(ORDER, expect={"status": 200}), says="answered 204, not 200")


def test_a_replay_a_day_later_is_reported_unless_it_is_refused() -> None:
    assert "its event ids make it a duplicate" in remarks("day_old", acme())
    anonymous = acme(read=lambda request, source: [Event("order.created", {})])
    assert "runs again" in remarks("day_old", anonymous)
    stamped = Hmac(header="x-acme", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}")
    assert remarks("day_old", acme(verify=stamped)) == ""


def test_a_catalog_that_contradicts_itself_is_found() -> None:
    def declaring(*types: EventType) -> Vendor:
        return acme(catalog=Catalog(types))

    order = EventType("order.created", schema={"type": "object", "required": ["total"]})
    breaks("catalog", declaring(order), says="does not fit its schema")
    breaks("catalog", declaring(EventType("order.paid")), says="does not declare")
    breaks("catalog", declaring(EventType("order.created", schema={"type": "thing"})), says="cannot be used")
    wrong = EventType("order.created", schema={"type": "object"}, example=[])
    breaks("catalog", declaring(wrong), says="the example of order.created")
    breaks("described", acme(), says="no event type is declared")
    breaks("examples", declaring(EventType("order.created")), says="no summary and no schema and no example")


def test_a_vendor_that_explains_itself_badly_is_found() -> None:
    class Settings(BaseModel):
        region: str = "eu"

    breaks("guide", acme(guide="Good luck."), says="{url}")
    breaks("settings", acme(settings=Settings), says="'region' has no description")
    full = Catalog((EventType("order.created", summary="An order", schema={"type": "object"}, example={}),))
    breaks("examples", acme(catalog=full), says="has no title")


def test_a_refusal_that_cannot_be_sent_is_found() -> None:
    breaks("refusals", acme(refusals={401: Reply(401, {"a": object()})}), says="cannot be sent")


def test_a_scheme_that_only_verifies_needs_a_word_about_signing() -> None:
    vendor = acme(verify=Check(by_value, covers="part"))
    with pytest.raises(TypeError, match="only verifies: say how Acme signs"):
        contract(vendor).examine("accepted")


def test_a_challenge_that_gives_something_else_is_found() -> None:
    def challenge(request: Request, source: Source) -> Any:
        return "hello" if "a" in request.query else None

    breaks("garbage", acme(challenge=challenge), says="returned a str, not a Reply")
    refusing = acme(challenge=lambda request, source: request.headers["x-missing"])
    breaks("ordinary", refusing, says="the challenge refused it")
    assert remarks("fills_only", refusing, ORDER, HELLO) == "", "what is refused keeps nothing"


def test_a_rule_that_gives_neither_grant_nor_secret_is_found() -> None:
    class Careless:
        covers = "none"

        def verify(self, request: Request, source: Source) -> Any:
            return True

    unsigned = {"signed": lambda self, recording, *_: recording}
    breaks("garbage", acme(verify=Careless()), says="verify returned a bool", **unsigned)
    proved = {"signed": lambda self, recording, *_: replace(recording, headers={**JSON, "x-proof": "abc"})}
    breaks("altered_proof", acme(verify=Careless()), says="verify raised TypeError", **proved)


def test_reading_that_stumbles_over_a_missing_header_is_found() -> None:
    def careless(request: Request, source: Source) -> list[Event]:
        return [Event(dict(request.headers.pairs)["content-type"], {})]

    breaks("headers", acme(read=careless), says="read raised KeyError")


def test_a_key_server_that_is_asked_in_vain_and_ignored_is_found() -> None:
    async def lenient(request: Request, source: Source) -> Secret:
        with suppress(Unavailable):
            await source.fetch("https://keys.example.com/")
        return source.secrets()[0]

    vendor = acme(verify=Check(lenient, covers="none"), hosts=("keys.example.com",))
    breaks("key_server", vendor, HELLO, ORDER, says="ignored that", signed=lambda self, recording, *_: recording)


def test_a_vendor_without_credentials_is_remarked() -> None:
    anybody = acme(verify=Check(lambda request, source: Grant(), covers="none"), credentials=())
    unsigned = {"signed": lambda self, recording, *_: recording}
    assert "anyone who knows the URL can send" in remarks("empty_secret", anybody, **unsigned)
    assert remarks("garbage", anybody, **unsigned) == ""
    assert remarks("other_secret", anybody, **unsigned) == ""
