"""`http.request` against a real server."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hub.errors import ActionFailed
from hub.model.wire.fetched import Fetched
from hub.model.wire.values import Values
from hub.workflows.actions.http import HTTP_REQUEST, HttpRequestInput, retry_after_of
from tests.workflows.actions.conftest import Context, Receiver


async def call(context: Any, **settings: Any) -> Any:
    return await HTTP_REQUEST.run(HttpRequestInput.model_validate(settings), context)


async def test_json_goes_out_and_comes_back_parsed(receiver: Receiver, context: Context) -> None:
    receiver.answer = (
        201,
        {"Content-Type": "application/json; charset=utf-8", "X-A": "1"},
        b'{"id": 18446744073709551616}',
    )
    output = await call(context, method="post", url=f"{receiver.url}/a", json={"n": 2**70, "s": "é"})
    assert output["status"] == 201
    assert output["headers"]["x-a"] == "1"
    assert output["body"] == {"id": 2**64}
    ((method, path, headers, body),) = receiver.seen
    assert (method, path, body) == ("POST", "/a", f'{{"n":{2**70},"s":"é"}}'.encode())
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == "exec_1/call"


async def test_a_form_goes_out_urlencoded(receiver: Receiver, context: Context) -> None:
    await call(context, method="PUT", url=receiver.url, form={"a": "x y", "b": [1, True], "c": None})
    (_, _, headers, body) = receiver.seen[0]
    assert (body, headers["content-type"]) == (b"a=x+y&b=1&b=true", "application/x-www-form-urlencoded")


async def test_a_raw_body_goes_out_as_it_is_with_the_given_headers(receiver: Receiver, context: Context) -> None:
    headers = {"Content-Type": "application/xml", "idempotency-key": "mine", "X-B": "2"}
    await call(context, method="POST", url=receiver.url, body="<é/>", headers=headers)
    (_, _, seen, body) = receiver.seen[0]
    assert body == "<é/>".encode()
    assert (seen["content-type"], seen["idempotency-key"], seen["x-b"]) == ("application/xml", "mine", "2")


async def test_a_json_body_of_null_is_sent(receiver: Receiver, context: Context) -> None:
    await call(context, method="POST", url=receiver.url, json=None)
    assert receiver.seen[0][3] == b"null"


@pytest.mark.parametrize(
    ("url", "path"),
    [("/a", "/a?x=1&y=a%26b&y=2"), ("/a?b=1", "/a?b=1&x=1&y=a%26b&y=2"), ("/a?", "/a?x=1&y=a%26b&y=2")],
)
async def test_the_query_is_added_to_the_url(receiver: Receiver, context: Context, url: str, path: str) -> None:
    await call(context, url=receiver.url + url, query={"x": 1, "y": ["a&b", "2"], "z": None})
    assert receiver.seen[0][:2] == ("GET", path)


def test_the_query_goes_before_the_fragment() -> None:
    settings = HttpRequestInput.model_validate({"url": "https://e.com/a#b", "query": {"x": "1"}})
    assert settings.target == "https://e.com/a?x=1#b"


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ("t0ken", "Bearer t0ken"),
        ({"token": "t0ken"}, "Bearer t0ken"),
        ({"username": "Aladdin", "password": "open sesame"}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ({"username": "u", "note": "fields of a connection that are not needed"}, "Basic dTo="),
    ],
)
async def test_credentials_are_sent(receiver: Receiver, context: Context, auth: Any, header: str) -> None:
    await call(context, url=receiver.url, auth=auth)
    assert receiver.seen[0][2]["authorization"] == header


async def test_a_given_authorization_wins(receiver: Receiver, context: Context) -> None:
    await call(context, url=receiver.url, auth="x", headers={"authorization": "mine"})
    assert receiver.seen[0][2]["authorization"] == "mine"


@pytest.mark.parametrize(
    ("media_type", "body", "output"),
    [
        ("application/json", b"\xef\xbb\xbf[1]", [1]),
        ("application/problem+json", b'{"a":1}', {"a": 1}),
        ("application/json", b"not json", "not json"),
        ("application/json", b"", None),
        ("text/plain", b"[1]", "[1]"),
        ("text/plain; charset=latin-1", b"\xe9", "é"),
        ("text/plain; charset=nonsense", b"a", "a"),
        ("text/html; charset=rot13", b"a", "a"),
    ],
)
async def test_the_answer_s_body_follows_its_media_type(
    receiver: Receiver, context: Context, media_type: str, body: bytes, output: Any
) -> None:
    receiver.answer = (200, {"Content-Type": media_type}, body)
    assert (await call(context, url=receiver.url))["body"] == output


async def test_bytes_that_are_no_text_come_as_base64(receiver: Receiver, context: Context) -> None:
    receiver.answer = (200, {"Content-Type": "image/png"}, b"\x89PNG\xff")
    output = await call(context, url=receiver.url)
    assert (output["body"], output["encoding"]) == ("iVBOR/8=", "base64")


async def test_repeated_headers_are_joined(context: Context) -> None:
    class Twice:
        idempotency_key = "k"

        async def request(self, *_: Any, **__: Any) -> Fetched:
            return Fetched(200, Values([("Link", "a"), ("link", "b")], caseless=True), b"")

    assert (await call(Twice(), url="https://e.com"))["headers"] == {"link": "a, b"}


@pytest.mark.parametrize(
    ("status", "expect", "fails", "retryable"),
    [
        (204, None, False, False),
        (302, None, True, False),
        (404, None, True, False),
        (404, [404], False, False),
        (200, [404], True, False),
        (408, None, True, True),
        (429, None, True, True),
        (500, None, True, True),
        (503, [500], True, True),
    ],
)
async def test_statuses_that_were_not_expected_fail(
    receiver: Receiver, context: Context, status: int, expect: list[int] | None, fails: bool, retryable: bool
) -> None:
    receiver.answer = (status, {"Location": "/elsewhere"}, b"")
    if not fails:
        assert (await call(context, url=receiver.url, expect=expect))["status"] == status
    else:
        with pytest.raises(ActionFailed, match=f"answered {status}") as caught:
            await call(context, url=receiver.url, expect=expect)
        assert caught.value.retryable is retryable
    assert len(receiver.seen) == 1, "redirects are not followed"


async def test_a_failure_shows_the_answer_and_honours_retry_after(receiver: Receiver, context: Context) -> None:
    receiver.answer = (429, {"Retry-After": "7", "Content-Type": "application/json"}, b'{"error": "slow down"}')
    with pytest.raises(ActionFailed, match=r'answered 429: \{"error":"slow down"\}') as caught:
        await call(context, url=receiver.url)
    assert caught.value.retry_after == 7
    receiver.answer = (404, {"Retry-After": "7"}, b"x" * 1000)
    with pytest.raises(ActionFailed) as caught:
        await call(context, url=receiver.url)
    assert caught.value.retry_after is None
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 120 "}, 120.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 30}, 999_999_999_999.0),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:30 GMT", "date": "Mon, 01 Jan 2024 00:00:20 GMT"}, 10.0),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:30 -0000", "date": "x"}, 30.0),
        ({"retry-after": "Sun, 31 Dec 2023 00:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    answer = Fetched(503, Values(headers.items(), caseless=True), b"")
    assert retry_after_of(answer, datetime(2024, 1, 1, tzinfo=UTC)) == seconds


async def test_an_answer_over_the_cap_fails_and_says_so(receiver: Receiver, context: Context) -> None:
    receiver.answer = (200, {"Content-Type": "application/json"}, b'"' + b"x" * 2_000 + b'"')
    with pytest.raises(ActionFailed) as caught:
        await call(context, url=receiver.url, max_bytes=1_000)
    assert "longer than 1000 bytes" in str(caught.value)
    assert "max_bytes" in str(caught.value)
    assert not caught.value.retryable
    assert (await call(context, url=receiver.url, max_bytes=3_000))["body"] == "x" * 2_000


@pytest.mark.parametrize("status", [404, 503])
async def test_an_answer_over_the_cap_that_is_an_error_is_that_error(
    receiver: Receiver, context: Context, status: int
) -> None:
    receiver.answer = (status, {}, b"x" * 2_000)
    with pytest.raises(ActionFailed, match=f"answered {status}") as caught:
        await call(context, url=receiver.url, max_bytes=1_000)
    assert caught.value.retryable == (status == 503)


@pytest.mark.parametrize("tls", [{}, {"key": "PEM"}, {"ca": None}])
def test_tls_without_a_certificate_is_refused(tls: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpRequestInput.model_validate({"url": "https://x", "tls": tls})


async def test_an_address_that_the_guard_refuses_is_not_told(receiver: Receiver, walled: Context) -> None:
    with pytest.raises(ActionFailed) as caught:
        await call(walled, url=receiver.url)
    assert str(caught.value) == "address refused"
    assert not caught.value.retryable
    assert receiver.seen == []


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": ""},
        {"url": "https://x", "method": "TRACE"},
        {"url": "https://x", "json": 1, "body": "a"},
        {"url": "https://x", "json": None, "form": {}},
        {"url": "https://x", "auth": {}},
        {"url": "https://x", "auth": {"token": "a", "username": "b"}},
        {"url": "https://x", "expect": [42]},
        {"url": "https://x", "headers": {"a": [1]}},
        {"url": "https://x", "max_bytes": 0},
        {"url": "https://x", "timeout": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpRequestInput.model_validate(settings)


def test_secrets_are_not_in_the_settings_repr() -> None:
    settings = HttpRequestInput.model_validate({"url": "https://x", "auth": {"username": "u", "password": "s3cret"}})
    assert "s3cret" not in repr(settings)
