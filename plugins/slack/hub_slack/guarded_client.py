"""slack_sdk's clients on top of the hub: every call passes the egress guard.

slack_sdk builds the request and judges the answer. What lies between (its sessions, proxies from the environment and
retries) is replaced in its public methods `AsyncWebClient.api_call` and `AsyncWebhookClient.send_dict`. Retries are
left to the workflow.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from aiohttp import FormData
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient
from slack_sdk.webhook.webhook_response import WebhookResponse

from hub import ActionContext, ActionFailed, Fetched

__all__ = ["GuardedWebClient", "GuardedWebhookClient"]


class GuardedWebClient(AsyncWebClient):
    """Slack's Web API through `ActionContext.request`, for methods that take JSON.

    Args:
        context: The context of the calling action.
        token: A bot or user token.
        base_url: Base URL of the Web API, with a slash at the end.
    """

    def __init__(self, context: ActionContext, token: str, base_url: str) -> None:
        super().__init__(token=token, base_url=base_url, retry_handlers=[])
        self._context = context

    async def api_call(
        self,
        api_method: str,
        *,
        http_verb: str = "POST",
        files: dict[str, Any] | None = None,
        data: dict[str, Any] | FormData | None = None,
        params: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: dict[str, Any] | None = None,
    ) -> AsyncSlackResponse:
        """Call a method and return its answer.

        Raises:
            SlackApiError: Slack did not answer `"ok": true`.
            ActionFailed: There was no answer, or it is not JSON.
            AddressRefused: The egress guard refuses the address.
            TypeError: The method does not take JSON.
        """
        if files or data or params or auth or http_verb != "POST":
            raise TypeError(f"{api_method} can only be called with JSON here")
        url = urljoin(self.base_url, api_method)
        fetched = await self._context.request(
            "POST",
            url,
            headers={
                **(headers or {}),
                "authorization": f"Bearer {self.token}",
                "user-agent": self.headers["User-Agent"],
            },
            json=json or {},
        )
        response = AsyncSlackResponse(
            client=self,
            http_verb=http_verb,
            api_url=url,
            req_args={"json": json},
            data=_object(fetched),
            headers=_first(fetched),
            status_code=fetched.status,
        )
        response.validate()  # type: ignore[no-untyped-call] # slack_sdk leaves it untyped
        return response


class GuardedWebhookClient(AsyncWebhookClient):
    """A `response_url` or incoming webhook through `ActionContext.request`.

    Args:
        context: The context of the calling action.
        url: The `response_url`.
    """

    def __init__(self, context: ActionContext, url: str) -> None:
        super().__init__(url, retry_handlers=[])
        self._context = context

    async def send_dict(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> WebhookResponse:
        """Send a message and return Slack's answer, of any status.

        Raises:
            ActionFailed: There was no answer.
            AddressRefused: The egress guard refuses the address.
        """
        fetched = await self._context.request(
            "POST",
            self.url,
            headers={**(headers or {}), "user-agent": self.default_headers["User-Agent"]},
            json={name: value for name, value in body.items() if value is not None},
        )
        return WebhookResponse(url=self.url, status_code=fetched.status, body=fetched.text, headers=_first(fetched))


def _object(fetched: Fetched) -> dict[str, Any]:
    """The JSON object of an answer. For the error page of a gateway, one that `validate` refuses."""
    try:
        value = fetched.json()
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    if fetched.status == 200:
        raise ActionFailed("Slack's answer is not a JSON object")
    return {"ok": False, "error": f"http_{fetched.status}"}


def _first(fetched: Fetched) -> dict[str, str]:
    return {name: fetched.headers.all(name)[0] for name in fetched.headers}
