"""`slack.post_message` and `slack.respond` against a server on the loopback, through slack_sdk."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from slack_sdk.models.blocks import SectionBlock

from hub import Action, ActionContext, ActionFailed
from hub_slack.guarded_client import GuardedWebClient
from hub_slack.messages import POST_MESSAGE, RESPOND

POSTED = {"ok": True, "channel": "C1", "ts": "1531420618.000100", "message": {"text": "hi"}}


async def run(action: Action, context: ActionContext, **given: Any) -> Any:
    return await action.run(action.input.model_validate(given), context)


async def post(context: ActionContext, api: Any, **given: Any) -> Any:
    fields = {"token": "xoxb-t0ken", "channel": "C1", "text": "hi", "api_url": api.url + "/api"} | given
    return await run(POST_MESSAGE, context, **fields)


async def test_a_message_is_posted_through_the_context(api: Any, context: ActionContext) -> None:
    api.answer(POSTED)
    assert await post(context, api) == {"channel": "C1", "ts": "1531420618.000100"}
    [(method, path, headers, body)] = api.asked
    assert (method, path) == ("POST", "/api/chat.postMessage")
    assert body == {"channel": "C1", "text": "hi"}
    assert headers["authorization"] == "Bearer xoxb-t0ken"
    assert headers["content-type"].startswith("application/json")
    assert "slackclient" in headers["user-agent"]
    assert headers["idempotency-key"] == "exec_1/node/0", "sent by the context and by nobody else"


async def test_every_field_of_a_message_is_sent(api: Any, context: ActionContext) -> None:
    api.answer(POSTED)
    fields = {
        "text": "Restock belts?",
        "blocks": [SectionBlock(text="*Restock*").to_dict()],
        "attachments": [{"text": "a"}],
        "thread_ts": "1531420618.000100",
        "reply_broadcast": True,
        "unfurl_links": False,
        "unfurl_media": False,
        "mrkdwn": False,
        "username": "Hub",
        "icon_emoji": ":gear:",
        "icon_url": "https://example.com/i.png",
        "metadata": {"event_type": "restock", "event_payload": {"part": "belt"}},
    }
    await post(context, api, **fields)
    assert api.asked[0][3] == fields | {"channel": "C1"}


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ("channel_not_found", False),
        ("invalid_auth", False),
        ("not_in_channel", False),
        ("msg_too_long", False),
        ("internal_error", True),
        ("service_unavailable", True),
        ("ratelimited", True),
    ],
)
async def test_slack_s_error_says_whether_a_retry_may_help(
    api: Any, context: ActionContext, error: str, retryable: bool
) -> None:
    api.answer({"ok": False, "error": error, "token_echo": "xoxb-t0ken"})
    with pytest.raises(ActionFailed, match=f"200: {error}") as failure:
        await post(context, api)
    assert failure.value.retryable is retryable
    assert "t0ken" not in str(failure.value)


async def test_a_rate_limit_says_when_to_come_back(api: Any, context: ActionContext) -> None:
    api.answer({"ok": False, "error": "ratelimited"}, 429, retry_after="30")
    with pytest.raises(ActionFailed) as failure:
        await post(context, api)
    assert (failure.value.retryable, failure.value.retry_after) == (True, 30.0)


@pytest.mark.parametrize(("status", "retryable"), [(302, False), (403, False), (500, True), (502, True)])
async def test_an_error_page_is_told_by_its_status(
    api: Any, context: ActionContext, status: int, retryable: bool
) -> None:
    api.answer(text="<html>", status=status)
    with pytest.raises(ActionFailed, match=f"Slack answered {status}") as failure:
        await post(context, api)
    assert failure.value.retryable is retryable
    assert len(api.asked) == 1, "slack_sdk does not retry on its own"


@pytest.mark.parametrize("text", ["", "ok", "[]"])
async def test_an_answer_that_is_not_a_json_object_fails(api: Any, context: ActionContext, text: str) -> None:
    api.answer(text=text)
    with pytest.raises(ActionFailed, match="not a JSON object"):
        await post(context, api)


async def test_nobody_there_is_worth_a_retry(context: ActionContext, unused_tcp_port: int) -> None:
    with pytest.raises(ActionFailed) as failure:
        await run(
            POST_MESSAGE, context, token="t", channel="C1", text="hi", api_url=f"http://127.0.0.1:{unused_tcp_port}/"
        )
    assert failure.value.retryable


async def test_the_client_makes_no_call_but_with_json(context: ActionContext, api: Any) -> None:
    client = GuardedWebClient(context, "t", api.url + "/")
    with pytest.raises(TypeError, match=r"conversations\.list"):
        await client.conversations_list()
    assert api.asked == []


async def test_an_interaction_is_answered_at_its_response_url(api: Any, context: ActionContext) -> None:
    api.answer(text="ok")
    answered = await run(
        RESPOND,
        context,
        response_url=api.url + "/actions/T1/1/x",
        text="Approved",
        blocks=[{"type": "divider"}],
        response_type="ephemeral",
        replace_original=True,
    )
    assert answered == {"ok": True}
    [(method, path, headers, body)] = api.asked
    assert (method, path) == ("POST", "/actions/T1/1/x")
    assert "authorization" not in headers
    assert body == {
        "text": "Approved",
        "blocks": [{"type": "divider"}],
        "response_type": "ephemeral",
        "replace_original": True,
    }


@pytest.mark.parametrize(
    ("status", "text", "headers", "retryable", "after"),
    [
        (404, "expired_url", {}, False, None),
        (410, "channel_is_archived", {}, False, None),
        (400, "invalid_payload", {}, False, None),
        (429, "limit", {"retry_after": "3"}, True, 3.0),
        (429, "limit", {"retry_after": "soon"}, True, None),
        (500, "server_error", {}, True, None),
        (302, "moved", {"location": "https://elsewhere.example.com"}, False, None),
    ],
)
async def test_a_response_url_that_refuses_says_whether_a_retry_may_help(  # noqa: PLR0917 - a row of the table
    api: Any,
    context: ActionContext,
    status: int,
    text: str,
    headers: dict[str, str],
    retryable: bool,
    after: float | None,
) -> None:
    api.answer(text=text, status=status, **headers)
    with pytest.raises(ActionFailed, match=f"{status}: {text}") as failure:
        await run(RESPOND, context, response_url=api.url + "/x", text="hi")
    assert (failure.value.retryable, failure.value.retry_after) == (retryable, after)


@pytest.mark.parametrize(
    "given",
    [
        {"text": ""},
        {"text": "x" * 40_001},
        {"channel": ""},
        {"token": ""},
        {"thread_ts": "yesterday"},
        {"blocks": ["text"]},
        {"api_url": "file:///etc/passwd"},
        {"api_url": "https://user@slack.com/api/"},
        {"unknown": 1},
    ],
)
def test_input_that_cannot_work_is_refused_without_repeating_the_token(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        POST_MESSAGE.input.model_validate({"token": "xoxb-t0ken", "channel": "C1", "text": "hi"} | given)
    assert "t0ken" not in str(refusal.value)


def test_the_token_is_hidden() -> None:
    given = POST_MESSAGE.input.model_validate({"token": "xoxb-t0ken", "channel": "C1", "text": "hi"})
    assert "t0ken" not in repr(given)
    assert "t0ken" not in given.model_dump_json()
