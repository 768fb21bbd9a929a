"""`github.create_issue` and `github.comment` against a server on the loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub import Action, ActionContext, ActionFailed
from hub_github.issues import COMMENT, CREATE_ISSUE


async def run(action: Action, context: ActionContext, **given: Any) -> Any:
    return await action.run(action.input.model_validate({"token": "t0ken", **given}), context)


async def test_an_issue_is_opened_with_the_token(api: Any, context: ActionContext) -> None:
    api.answer({"number": 7, "id": 70, "node_id": "I_x", "html_url": "https://github.com/a/b/issues/7"}, 201)
    made = await run(
        CREATE_ISSUE, context, api_url=api.url + "/api/v3/", repository="acme/conveyor", title="Stop", labels=["bug"]
    )
    assert made == {"number": 7, "id": 70, "node_id": "I_x", "url": "https://github.com/a/b/issues/7"}
    [(method, path, headers, body)] = api.asked
    assert (method, path) == ("POST", "/api/v3/repos/acme/conveyor/issues")
    assert body == {"title": "Stop", "labels": ["bug"]}
    assert headers["authorization"] == "Bearer t0ken"
    assert headers["accept"] == "application/vnd.github+json"
    assert headers["x-github-api-version"] == "2022-11-28"
    assert headers["user-agent"] == "hub-github"


async def test_every_field_of_an_issue_is_sent(api: Any, context: ActionContext) -> None:
    api.answer({"number": 8}, 201)
    fields = {"title": "Stop", "body": "*now*", "assignees": ["ada"], "milestone": 3, "type": "Bug"}
    made = await run(CREATE_ISSUE, context, api_url=api.url, repository="acme/conveyor", **fields)
    assert api.asked[0][3] == fields
    assert made == {"number": 8, "id": None, "node_id": None, "url": None}


async def test_a_comment_is_written(api: Any, context: ActionContext) -> None:
    api.answer({"id": 9, "node_id": "IC_x", "html_url": "https://github.com/a/b/issues/7#9"}, 201)
    made = await run(COMMENT, context, api_url=api.url, repository="acme/conveyor", issue=7, body="On it")
    assert made == {"id": 9, "node_id": "IC_x", "url": "https://github.com/a/b/issues/7#9"}
    assert api.asked[0][:2] == ("POST", "/repos/acme/conveyor/issues/7/comments")
    assert api.asked[0][3] == {"body": "On it"}


@pytest.mark.parametrize(
    ("status", "headers", "retryable"),
    [
        (401, {}, False),
        (403, {}, False),
        (404, {}, False),
        (410, {}, False),
        (422, {}, False),
        (302, {"location": "https://elsewhere.example.com/"}, False),
        (403, {"retry_after": "60"}, True),
        (429, {}, True),
        (500, {}, True),
        (503, {}, True),
    ],
)
async def test_a_refusal_says_whether_a_retry_may_help(
    api: Any, context: ActionContext, status: int, headers: dict[str, str], retryable: bool
) -> None:
    api.answer({"message": "no such thing"}, status, **headers)
    with pytest.raises(ActionFailed, match=rf"{status} .*no such thing") as failure:
        await run(COMMENT, context, api_url=api.url, repository="acme/conveyor", issue=7, body="On it")
    assert failure.value.retryable is retryable
    assert failure.value.retry_after == (60 if headers.get("retry_after") else None)
    assert "t0ken" not in str(failure.value)


async def test_an_exhausted_rate_limit_says_when_to_come_back(api: Any, context: ActionContext) -> None:
    reset = int((datetime.now(UTC) + timedelta(minutes=10)).timestamp())
    api.answer({"message": "limit"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=str(reset))
    with pytest.raises(ActionFailed) as failure:
        await run(COMMENT, context, api_url=api.url, repository="acme/conveyor", issue=7, body="x")
    assert failure.value.retryable
    assert failure.value.retry_after is not None
    assert 500 < failure.value.retry_after <= 600


async def test_a_rate_limit_that_is_over_or_unreadable_asks_for_no_wait(api: Any, context: ActionContext) -> None:
    api.answer({"message": "limit"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset="1")
    api.answer({"message": "limit"}, 429, retry_after="soon")
    waits = []
    for _ in range(2):
        with pytest.raises(ActionFailed) as failure:
            await run(COMMENT, context, api_url=api.url, repository="acme/conveyor", issue=7, body="x")
        waits.append(failure.value.retry_after)
    assert waits == [0.0, None]


@pytest.mark.parametrize("text", ["", "<html>", "[]", "7"])
async def test_an_answer_that_is_not_a_json_object_fails(api: Any, context: ActionContext, text: str) -> None:
    api.answer(text=text, status=201)
    with pytest.raises(ActionFailed, match=r"not (a )?JSON"):
        await run(CREATE_ISSUE, context, api_url=api.url, repository="acme/conveyor", title="x")


async def test_an_error_page_is_told_by_its_status(api: Any, context: ActionContext) -> None:
    api.answer(text="<html>", status=502)
    with pytest.raises(ActionFailed, match=r"502 .*no message"):
        await run(CREATE_ISSUE, context, api_url=api.url, repository="acme/conveyor", title="x")


async def test_nobody_there_is_worth_a_retry(context: ActionContext, unused_tcp_port: int) -> None:
    with pytest.raises(ActionFailed) as failure:
        await run(CREATE_ISSUE, context, api_url=f"http://127.0.0.1:{unused_tcp_port}", repository="a/b", title="x")
    assert failure.value.retryable


@pytest.mark.parametrize(
    "given",
    [
        {"repository": "conveyor"},
        {"repository": "acme/conveyor/x"},
        {"repository": "../user"},
        {"repository": "acme/.."},
        {"repository": "acme/co nveyor"},
        {"title": ""},
        {"token": ""},
        {"api_url": "ftp://api.github.com"},
        {"api_url": "https://user@api.github.com"},
        {"api_url": "https://api.github.com?x=1"},
        {"unknown": 1},
    ],
)
def test_input_that_cannot_work_is_refused_without_repeating_the_token(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        CREATE_ISSUE.input.model_validate({"token": "t0ken", "repository": "a/b", "title": "x"} | given)
    assert "t0ken" not in str(refusal.value)


def test_the_token_is_hidden() -> None:
    given = CREATE_ISSUE.input.model_validate({"token": "t0ken", "repository": "a/b", "title": "x"})
    assert "t0ken" not in repr(given)
    assert "t0ken" not in given.model_dump_json()
