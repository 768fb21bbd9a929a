"""Reply: what leaves for a body of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.wire.reply import Keep, Reply


@pytest.mark.parametrize(
    ("reply", "body", "media_type"),
    [
        (Reply(204), b"", None),
        (Reply(body=""), b"", "text/plain; charset=utf-8"),
        (Reply(body="caf\xe9"), "caf\xe9".encode(), "text/plain; charset=utf-8"),
        (Reply(body={"a": [1]}), b'{"a":[1]}', "application/json"),
        (Reply(body=[]), b"[]", "application/json"),
        (Reply(body=False), b"false", "application/json"),
        (Reply(body=b"\x00"), b"\x00", "application/octet-stream"),
        (Reply(body="<Response/>", media_type="text/xml"), b"<Response/>", "text/xml"),
    ],
)
def test_a_body_is_written_by_its_kind(reply: Reply, body: bytes, media_type: str | None) -> None:
    assert reply.encoded() == (body, media_type)


@pytest.mark.parametrize("status", [0, 99, 101, 199, 600])
def test_a_status_that_is_no_answer_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="from 200 to 599"):
        Reply(status)


def test_a_body_that_is_no_json_value_is_refused() -> None:
    body: Any = {"a": object()}
    with pytest.raises(ValueError, match=r"(?i)serialize"):
        Reply(body=body).encoded()


def test_a_secret_to_keep_is_hidden() -> None:
    assert "hush" not in repr(Reply(keep=(Keep("hush"),)))
