"""Request: the body as JSON, form or files, whatever the sender did to it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Reject
from hub.model.wire.forms import MAX_FIELDS, Part
from hub.model.wire.request import Request
from hub.model.wire.values import Values

MakeRequest = Callable[..., Request]
FORM = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


def test_json_is_read_whatever_the_content_type_says(make_request: MakeRequest) -> None:
    assert make_request(b'{"Type": "Notification"}', "text/plain; charset=UTF-8").json() == {"Type": "Notification"}
    assert make_request(b"[1]").json() == [1]


def test_json_skips_a_byte_order_mark(make_request: MakeRequest) -> None:
    assert make_request(b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}


def test_json_keeps_integers_beyond_64_bits_and_the_last_of_repeated_keys(make_request: MakeRequest) -> None:
    assert make_request(b'{"n": 123456789012345678901234567890}').json() == {"n": 123456789012345678901234567890}
    assert make_request(b'{"a": 1, "a": 2}').json() == {"a": 2}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b'{"a": Infinity}', b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused_with_400(make_request: MakeRequest, body: bytes) -> None:
    with pytest.raises(Reject, match="not JSON") as caught:
        make_request(body).json()
    assert caught.value.status == 400


def test_json_is_parsed_once(make_request: MakeRequest) -> None:
    request = make_request(b'{"a": []}')
    assert request.json() is request.json()


def test_media_type_is_lower_case_without_parameters(make_request: MakeRequest) -> None:
    assert make_request(b"", "Application/JSON ; charset=utf-8").media_type == "application/json"
    assert make_request().media_type == ""


def test_a_repeated_content_type_is_refused() -> None:
    headers = Values([("content-type", "a/b"), ("Content-Type", "c/d")], caseless=True)
    request = Request(id="r", method="POST", client="c", body=b"", headers=headers, url="u", received=datetime.now(UTC))
    with pytest.raises(Reject, match="2 times"):
        _ = request.media_type


def test_form_keeps_blanks_order_and_repeats(make_request: MakeRequest) -> None:
    form = make_request(b"b=2&a=&b=3&c", FORM + "; charset=utf-8").form()
    assert form.pairs == (("b", "2"), ("a", ""), ("b", "3"), ("c", ""))
    assert form["a"] == ""


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_an_encoded_form_reads_as_it_was_written(make_request: MakeRequest, pairs: list[tuple[str, str]]) -> None:
    assert make_request(urlencode(pairs).encode(), FORM).form().pairs == tuple(pairs)


def test_bytes_that_are_no_utf8_become_replacement_characters(make_request: MakeRequest) -> None:
    assert make_request(b"a=%ff", FORM).form()["a"] == "\ufffd"


def test_a_form_with_too_many_fields_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(Reject, match="more than") as caught:
        make_request(b"a=1&" * (MAX_FIELDS + 1), FORM).form()
    assert caught.value.status == 400


def test_a_body_of_another_type_is_no_form(make_request: MakeRequest) -> None:
    for ask in (lambda: make_request(b"a=1", "application/json").form(), lambda: make_request(b"a=1").files()):
        with pytest.raises(Reject, match="is not a form") as caught:
            ask()
        assert caught.value.status == 400


MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="title"\r\n\r\n\r\n'
    b'--B\r\nContent-Disposition: form-data; name="log"; filename="a.txt"\r\nContent-Type: Text/Plain; x=y\r\n\r\n'
    b"\x00\xffline\r\n\r\n"
    b'--B\r\nContent-Disposition: form-data; name="title"\r\n\r\nsecond\r\n--B--\r\n'
)


def test_multipart_gives_fields_with_blanks_and_files_with_their_bytes(make_request: MakeRequest) -> None:
    request = make_request(MULTIPART, "multipart/form-data; boundary=B")
    assert request.form().pairs == (("title", ""), ("title", "second"))
    assert request.files().pairs == (("log", Part("a.txt", "text/plain", b"\x00\xffline\r\n")),)


def test_files_of_a_urlencoded_form_are_none(make_request: MakeRequest) -> None:
    assert make_request(b"a=1", FORM).files().pairs == ()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (MULTIPART, "multipart/form-data"),
        (MULTIPART[:60], "multipart/form-data; boundary=B"),
        (b"", "multipart/form-data; boundary=B"),
        (MULTIPART, "multipart/form-data; boundary=\xe9\u20ac"),
    ],
)
def test_a_broken_multipart_form_is_refused_with_400(make_request: MakeRequest, body: bytes, content_type: str) -> None:
    with pytest.raises(Reject) as caught:
        make_request(body, content_type).form()
    assert caught.value.status == 400


@given(st.binary(max_size=200))
def test_no_multipart_body_does_worse_than_400(make_request: MakeRequest, body: bytes) -> None:
    statuses = {_status(make_request, content) for content in (body, b"--B\r\n" + body + b"\r\n--B--\r\n")}
    assert statuses <= {200, 400}


def _status(make_request: MakeRequest, body: bytes) -> int:
    try:
        make_request(body, "multipart/form-data; boundary=B").form()
    except Reject as reject:
        return reject.status
    return 200


def test_query_is_decoded_with_blanks_and_kept_as_sent(make_request: MakeRequest) -> None:
    request = make_request(url="https://hub.example/x?a=%20&b&a=2?")
    assert request.raw_query == "a=%20&b&a=2?"
    assert request.query.pairs == (("a", " "), ("b", ""), ("a", "2?"))
    assert make_request().query.pairs == ()


def test_a_query_that_is_known_is_not_read_again() -> None:
    known = Values([("a", "1")])
    request = Request(
        id="r",
        method="GET",
        client="c",
        body=b"",
        headers=Values((), caseless=True),
        url="https://hub.example/?a=1",
        received=datetime.now(UTC),
        query=known,
        raw_query="a=1",
    )
    assert request.query is known
    assert request.raw_query == "a=1"


def test_digest_is_sha256_of_the_exact_bytes(make_request: MakeRequest) -> None:
    assert make_request(b"\x00a").digest == hashlib.sha256(b"\x00a").hexdigest()


def test_representation_hides_url_headers_and_body(make_request: MakeRequest) -> None:
    shown = repr(make_request(b"private", "text/secret", "https://hub.example/webhooks/wf/hidden"))
    assert "hidden" not in shown
    assert "private" not in shown
    assert "text/secret" not in shown
    assert "req_1" in shown


def test_a_request_cannot_be_changed(make_request: MakeRequest) -> None:
    with pytest.raises(AttributeError):
        make_request().body = b"other"  # type: ignore[misc] # the attempt is the test


ACUTE = "García"


def part(value: bytes, *, name: str | None = "first", kind: str = "", more: bytes = b"") -> bytes:
    named = f'; name="{name}"' if name is not None else ""
    head = f"Content-Disposition: form-data{named}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
    return b"--B\r\n" + head.encode() + b"\r\n" + value + b"\r\n" + more


BOUNDED = "multipart/form-data; boundary=B"
CLOSING = b"--B--\r\n"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"first=Garc%EDa&charset=windows-1252", FORM),
        (b"charset=windows-1252&first=Garc%EDa", FORM),
        (b"first=Garc%EDa&_charset_=iso-8859-1", FORM),
        (b"first=Garc%EDa", FORM + "; charset=ISO-8859-1"),
        (b"first=Garc%EDa", FORM + '; Charset="windows-1252"'),
        (b"first=Garc\xeda&charset=latin1", FORM),
        (b"first=Garc%C3%ADa", FORM),
        (b"first=Garc%C3%ADa&charset=utf-8", FORM),
        (b"first=Garc%C3%ADa&charset=no-such", FORM),
        (b"first=Garc%C3%ADa&charset=", FORM),
        (b"first=Garc%C3%ADa&charset=unicode_escape", FORM),
        (b"first=Garc%C3%ADa&charset=rot13", FORM),
        (b"first=Garc%EDa&_charset_=windows-1252&charset=utf-8", FORM),
        (part(b"Garc\xeda", kind="text/plain; charset=windows-1252") + CLOSING, BOUNDED),
        (part(b"Garc\xeda") + CLOSING, BOUNDED + "; charset=windows-1252"),
        (part(b"Garc\xeda") + part(b"latin-1", name="_charset_") + CLOSING, BOUNDED),
        (part(b"latin-1", name="charset") + part(b"Garc\xeda") + CLOSING, BOUNDED),
        (part(b"Garc\xeda") + part(b'{"first":"windows-1252","to":"UTF-8"}', name="charsets") + CLOSING, BOUNDED),
        (part(b"Garc\xc3\xada") + part(b'{"other":"windows-1252"}', name="charsets") + CLOSING, BOUNDED),
        (part(b"Garc\xc3\xada") + part(b"not JSON", name="charsets") + CLOSING, BOUNDED),
        (part(b"Garc\xc3\xada") + part(b'["latin-1"]', name="charsets") + CLOSING, BOUNDED),
        (part(b"Garc\xc3\xada", kind="text/plain; charset=utf-8") + CLOSING, BOUNDED + "; charset=latin-1"),
        (part("García".encode("shift_jisx0213"), kind="text/plain; charset=shift_jisx0213") + CLOSING, BOUNDED),
    ],
)
def test_a_form_is_in_the_charset_that_it_names(make_request: MakeRequest, body: bytes, content_type: str) -> None:
    request = make_request(body, content_type)
    assert request.form()["first"] == ACUTE
    assert all(one.whole for one in request.form_fields)


def test_a_form_without_a_charset_is_in_that_of_the_vendor(make_request: MakeRequest) -> None:
    request = replace(make_request(b"first=Garc%EDa", FORM), charset="windows-1252")
    assert request.form()["first"] == ACUTE


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"first=Garc%EDa", FORM), (part(b"Garc\xeda") + CLOSING, BOUNDED), (b"first=%ff&charset=ascii", FORM)],
)
def test_bytes_in_no_charset_that_is_named_are_told_from_others(
    make_request: MakeRequest, body: bytes, content_type: str
) -> None:
    [field, *_] = make_request(body, content_type).form_fields
    assert not field.whole
    assert "\ufffd" in field.value


def test_parts_without_a_name_are_kept(make_request: MakeRequest) -> None:
    bare = b"--B\r\nX-Other: 1\r\n\r\nthree\r\n"
    body = part(b"one") + part(b"two", name=None) + bare + part(b"four", name="") + CLOSING
    assert make_request(body, BOUNDED).form().pairs == (
        ("first", "one"),
        ("", "two"),
        ("", "three"),
        ("", "four"),
    )


def test_a_json_part_is_parsed(make_request: MakeRequest) -> None:
    body = part(b'{"a": [1]}', kind="application/json; charset=utf-8") + part(
        b"{", name="broken", kind="application/json"
    )
    fields = make_request(body + CLOSING, BOUNDED).form_fields
    assert [one.parsed for one in fields] == [{"a": [1]}, "{"]


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"Garc\xeda", "text/plain; charset=windows-1252", ACUTE),
        (b"Garc\xc3\xada", "text/plain", ACUTE),
        (b"\xef\xbb\xbfGarc\xc3\xada", "text/plain; charset=nonsense", ACUTE),
        (b"", "text/plain", ""),
    ],
)
def test_a_text_is_in_the_charset_of_its_content_type(
    make_request: MakeRequest, body: bytes, content_type: str, text: str
) -> None:
    assert make_request(body, content_type).text == text


def test_a_text_in_another_charset_is_refused(make_request: MakeRequest) -> None:
    with pytest.raises(Reject, match="is not utf-8") as caught:
        make_request(b"Garc\xeda", "text/plain").text  # noqa: B018 - reading it raises
    assert caught.value.status == 400


def test_a_json_field_is_read(make_request: MakeRequest) -> None:
    assert make_request(b"payload=%7B%22a%22%3A%22%5Cud83d%22%7D", FORM).json_field("payload") == {"a": "\ufffd"}
    for body in (b"other=1", b"payload=%7B", b"payload=1&payload=2"):
        with pytest.raises(Reject) as caught:
            make_request(body, FORM).json_field("payload")
        assert caught.value.status == 400


@given(st.binary(max_size=60), st.sampled_from([FORM, FORM + "; charset=utf-16", BOUNDED]))
def test_whatever_a_form_holds_it_is_read_or_refused(make_request: MakeRequest, body: bytes, content_type: str) -> None:
    with contextlib.suppress(Reject):
        make_request(body, content_type).form()
