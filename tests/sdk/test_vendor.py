"""Vendor: a description that contradicts itself is refused when it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from hub.model.wire.event import Event
from hub.model.wire.reply import Keep, Reply
from hub.model.wire.secret import Credential
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.schemes.scheme import Scheme
from hub.sdk.schemes.token import Token
from hub.sdk.vendor import Vendor

SCHEME = Hmac(header="x-sig")


def vendor(**changes: Any) -> Vendor:
    described: dict[str, Any] = {"name": "acme", "title": "Acme", "verify": SCHEME, "read": lambda *_: [Event("a", 1)]}
    return Vendor(**(described | changes))


def test_the_defaults_are_one_text_secret_and_post() -> None:
    made = vendor()
    assert made.credentials == (Credential(),)
    assert made.credential("signing") == Credential()
    assert made.credential("other") is None
    assert made.methods == ("POST",)
    assert made.refusals == {}
    assert made.deadline == 10


def test_headers_to_redact_are_kept_in_lower_case() -> None:
    assert vendor(redact=("Authorization",)).redact == ("authorization",)


class Settings(BaseModel):
    header: str = "x-token"


def choose(settings: Settings) -> Scheme:
    return Token(header=settings.header)


def test_a_scheme_is_given_or_chosen_by_the_settings() -> None:
    assert vendor().scheme_for(None) is SCHEME
    chosen = vendor(verify=choose, settings=Settings).scheme_for(Settings(header="X-Other"))
    assert chosen == Token(header="x-other")


def test_a_choice_that_gives_no_scheme_is_an_error() -> None:
    for verify in (lambda settings: "scheme", lambda settings: Hmac):
        with pytest.raises(TypeError, match="not a scheme"):
            vendor(verify=verify).scheme_for(None)


def test_vendors_are_told_apart_by_identity_so_that_they_can_be_keys() -> None:
    one, other = vendor(), vendor()
    assert one != other
    assert len({one, other}) == 2


@pytest.mark.parametrize("name", ["", "Acme", "a b", "-a", "a-", "1a", "é", "a--b"])
def test_a_name_is_lower_case(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        vendor(name=name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verify": "hmac"}, "neither a scheme nor a function"),
        ({"refusals": {401: Reply(200)}}, "answers a refusal with 200"),
        ({"refusals": {401: Reply(302)}}, "answers a refusal with 302"),
        ({"refusals": {200: Reply(400)}}, r"refusals\[200\]"),
        ({"refusals": {401: Reply(403, keep=(Keep("x"),))}}, "keeps a secret"),
        ({"credentials": (Credential(), Credential(title="Other"))}, "two credentials"),
        ({"credentials": (Credential(slot="url"),)}, "one of the core"),
        ({"credentials": (Credential(slot="api_key"),)}, "one of the core"),
        ({"methods": ("post",)}, "'post' is not an HTTP method"),
        ({"methods": ()}, "methods is empty"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": 10_000}, "deadline"),
        ({"max_body": -1}, "max_body"),
    ],
)
def test_a_contradiction_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"vendor 'acme': .*{said}"):
        vendor(**changes)


def test_all_contradictions_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"deadline.*max_body.*'get'"):
        vendor(deadline=-1, max_body=-1, methods=("get",))


@pytest.mark.parametrize("host", ["api.example.com", "sns.*.amazonaws.com", "*.example.com", "a-1.example.co"])
def test_a_host_may_have_stars_for_labels(host: str) -> None:
    assert vendor(hosts=(host,)).hosts == (host,)


@pytest.mark.parametrize(
    "host", ["*", "*.com", "example.*", "sns*.example.com", "https://example.com", "10.0.0.1", "example.com:443",
             "localhost", "a..example.com", "EXAMPLE.com", "", "exam ple.com"]
)  # fmt: skip
def test_a_host_that_says_too_much_or_nothing_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not a host pattern"):
        vendor(hosts=(host,))


def test_a_vendor_cannot_be_changed() -> None:
    made: Any = vendor()
    with pytest.raises(AttributeError):
        made.name = "other"


def test_reading_is_a_plain_call(make_request: Callable[..., Any], make_source: Callable[..., Any]) -> None:
    assert list(vendor().read(make_request(), make_source())) == [Event("a", 1)]
