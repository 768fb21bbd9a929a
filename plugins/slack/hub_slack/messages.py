"""Actions: `slack.post_message` through the Web API, `slack.respond` through a `response_url`.

Slack has no idempotency keys: a node that runs again after a crash between call and journal writes a second time.
Source: Slack Developer Docs, "chat.postMessage", "Handling user interaction" (message responses), "Rate limits".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from slack_sdk.errors import SlackApiError

from hub import Action, ActionContext, ActionFailed
from hub_slack.guarded_client import GuardedWebClient, GuardedWebhookClient

__all__ = ["POST_MESSAGE", "RESPOND", "PostMessage", "RespondToInteraction"]

_PASSING = frozenset(
    {"fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable"}
)
"""Errors of the Web API that are temporary."""

_DIGITS = re.compile(r"[0-9]{1,6}", re.ASCII)
_LONGEST_MESSAGE = 300

Url = Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+(/[^\s]*)?$", max_length=2_000)]
Json = dict[str, Any]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    text: Annotated[str, Field(min_length=1, max_length=40_000)]
    blocks: tuple[Json, ...] | None = None
    attachments: tuple[Json, ...] | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    metadata: Json | None = None

    def content(self) -> dict[str, Any]:
        """The fields that both ways of sending a message share, as slack_sdk takes them."""
        return {
            "text": self.text,
            "blocks": list(self.blocks) if self.blocks is not None else None,
            "attachments": list(self.attachments) if self.attachments is not None else None,
            "unfurl_links": self.unfurl_links,
            "unfurl_media": self.unfurl_media,
            "metadata": self.metadata,
        }


class PostMessage(_Message):
    """Input of `slack.post_message`.

    Attributes:
        token: A bot token; name a connection: `{{ connections.slack }}`.
        channel: Id of a channel or user; a name such as `#assembly` works for public channels.
        text: Slack's mrkdwn; with `blocks`, what notifications show.
        blocks: Block Kit.
        attachments: Legacy attachments.
        thread_ts: `ts` of the message to answer in its thread.
        reply_broadcast: Show the answer in a thread in the channel too.
        unfurl_links, unfurl_media: Whether Slack shows previews.
        mrkdwn: False: take `text` literally.
        username, icon_emoji, icon_url: Another name and icon, if the app may set them (`chat:write.customize`).
        metadata: `{"event_type", "event_payload"}`, seen by apps only.
        api_url: Base URL of the Web API; GovSlack: `https://slack-gov.com/api/`.
    """

    token: Annotated[SecretStr, Field(min_length=1, description="A connection, such as {{ connections.slack }}")]
    channel: Annotated[str, Field(min_length=1, max_length=200)]
    thread_ts: Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$")] | None = None
    reply_broadcast: bool | None = None
    mrkdwn: bool | None = None
    username: str | None = None
    icon_emoji: str | None = None
    icon_url: str | None = None
    api_url: Url = "https://slack.com/api/"


class RespondToInteraction(_Message):
    """Input of `slack.respond`.

    Attributes:
        response_url: From the payload: `{{ TRIGGER.response_url }}`. Slack takes five answers within 30 minutes.
        text: Slack's mrkdwn.
        blocks, attachments, unfurl_links, unfurl_media, metadata: As for `slack.post_message`.
        response_type: `in_channel`: everybody sees it; `ephemeral`: only the user who acted.
        replace_original: Replace the message that was acted on.
        delete_original: Delete that message.
    """

    response_url: Url
    response_type: Literal["ephemeral", "in_channel"] | None = None
    replace_original: bool | None = None
    delete_original: bool | None = None


async def post_message(given: PostMessage, context: ActionContext) -> dict[str, Any]:
    """Post a message; returns its `channel` and `ts`, which a later node needs to answer in its thread.

    Raises:
        ActionFailed: Slack refused, or there was no answer. It is retryable for rate limits (`retry_after` says when),
            5xx and temporary errors.
        AddressRefused: The egress guard refuses the address.
    """
    base = given.api_url if given.api_url.endswith("/") else given.api_url + "/"
    client = GuardedWebClient(context, given.token.get_secret_value(), base)
    try:
        posted = await client.chat_postMessage(
            channel=given.channel,
            thread_ts=given.thread_ts,
            reply_broadcast=given.reply_broadcast,
            mrkdwn=given.mrkdwn,
            username=given.username,
            icon_emoji=given.icon_emoji,
            icon_url=given.icon_url,
            **given.content(),
        )
    except SlackApiError as error:
        raise _failure(error) from error
    return {"channel": posted.get("channel"), "ts": posted.get("ts")}


async def respond(given: RespondToInteraction, context: ActionContext) -> dict[str, Any]:
    """Answer an interaction or a slash command; returns `{"ok": true}`. Raises as `post_message` does."""
    client = GuardedWebhookClient(context, given.response_url)
    answered = await client.send(
        response_type=given.response_type,
        replace_original=given.replace_original,
        delete_original=given.delete_original,
        **given.content(),
    )
    if not 200 <= answered.status_code < 300:
        raise ActionFailed(
            f"Slack answered {answered.status_code}: {answered.body[:_LONGEST_MESSAGE]}",
            retryable=answered.status_code == 429 or answered.status_code >= 500,
            retry_after=_wait(answered.headers),
        )
    return {"ok": True}


def _failure(error: SlackApiError) -> ActionFailed:
    """What slack_sdk's error means for the workflow. Its text is not shown, since it holds the whole answer."""
    answered = error.response
    reason = str(answered.get("error") or "unknown_error")[:_LONGEST_MESSAGE]
    status: int = answered.status_code
    return ActionFailed(
        f"Slack answered {status}: {reason}",
        retryable=reason in _PASSING or status == 429 or status >= 500,
        retry_after=_wait(answered.headers),
    )


def _wait(headers: Mapping[str, str]) -> float | None:
    after = headers.get("retry-after", "")
    return float(after) if _DIGITS.fullmatch(after) else None


POST_MESSAGE = Action(
    name="slack.post_message", input=PostMessage, run=post_message, summary="Post a message in a channel"
)
RESPOND = Action(
    name="slack.respond", input=RespondToInteraction, run=respond, summary="Answer an interaction or a slash command"
)
