"""Calls to GitHub's REST API, all through the hub's egress guard.

Source: GitHub Docs, "Getting started with the REST API", "Rate limits for the REST API".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from hub import ActionContext, ActionFailed, Fetched

__all__ = ["DEFAULT_API_URL", "GitHubAccess", "GitHubApi", "GitHubApiError", "Repository", "decoded", "path"]

DEFAULT_API_URL = "https://api.github.com"
"""Base URL of github.com; that of GitHub Enterprise Server is `https://HOST/api/v3`."""

_VERSION = "2022-11-28"
_LONGEST_MESSAGE = 300
_MAX_BYTES = 4 << 20
_DIGITS = re.compile(r"[0-9]{1,11}", re.ASCII)


def _no_dots(value: str) -> str:
    if {".", ".."} & set(value.split("/")):
        raise ValueError("the name of an owner or repository cannot be . or ..")
    return value


Repository = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}$",
        description="owner/name",
        examples=["acme-robotics/conveyor"],
    ),
    AfterValidator(_no_dots),
]
"""A repository as `owner/name`."""


class GitHubAccess(BaseModel):
    """Access to the API, which every action here needs.

    Attributes:
        token: A fine-grained or classic access token, an app's installation token or, for an app's own webhook, its
            JSON web token; name a connection: `{{ connections.github }}`.
        api_url: Base URL of the REST API.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    token: Annotated[SecretStr, Field(min_length=1, description="A connection, such as {{ connections.github }}")]
    api_url: Annotated[
        str,
        Field(
            pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            description="GitHub Enterprise Server: https://HOST/api/v3",
        ),
    ] = DEFAULT_API_URL


class GitHubApiError(ActionFailed):
    """GitHub answered with a status other than 2xx.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, message: str, status: int, *, retryable: bool, retry_after: float | None) -> None:
        super().__init__(message, retryable=retryable, retry_after=retry_after)
        self.status = status


def path(*parts: object) -> str:
    """A path of the API. Each part is quoted; the slash in `owner/name` is kept."""
    return "".join(f"/{quote(str(part), safe='/')}" for part in parts)


@dataclass(frozen=True, slots=True)
class GitHubApi:
    """The REST API as one token sees it.

    Attributes:
        context: The context of the calling action.
        access: Token and base URL.
    """

    context: ActionContext
    access: GitHubAccess = field(repr=False)

    async def call(
        self, method: str, where: str, *, params: Mapping[str, str] | None = None, json: Any = None
    ) -> Fetched:
        """Make a call and return its answer, which has a 2xx status.

        Raises:
            GitHubApiError: Any other answer. It is retryable for rate limits (`retry_after` says when) and 5xx.
            ActionFailed: There was no answer.
            AddressRefused: The egress guard refuses the address.
        """
        fetched = await self.context.request(
            method,
            self.access.api_url.rstrip("/") + where,
            headers={
                "accept": "application/vnd.github+json",
                "authorization": f"Bearer {self.access.token.get_secret_value()}",
                "user-agent": "hub-github",
                "x-github-api-version": _VERSION,
            },
            params=params,
            json=json,
            max_bytes=_MAX_BYTES,
        )
        if not 200 <= fetched.status < 300:
            raise _failure(fetched, f"{method} {where}")
        return fetched

    async def json(self, method: str, where: str, *, params: Mapping[str, str] | None = None, json: Any = None) -> Any:
        """Make a call and return the JSON value of its answer. Raises as `call` and `decoded` do."""
        return decoded(await self.call(method, where, params=params, json=json), f"{method} {where}")


def decoded(fetched: Fetched, what: str) -> Any:
    """The JSON value of an answer. Raises `ActionFailed` if it is not JSON."""
    try:
        return fetched.json()
    except ValueError as error:
        raise ActionFailed(f"GitHub's answer to {what} is not JSON") from error


def _failure(fetched: Fetched, what: str) -> GitHubApiError:
    wait = _wait(fetched)
    limited = fetched.status == 429 or (fetched.status == 403 and wait is not None)
    return GitHubApiError(
        f"GitHub answered {fetched.status} to {what}: {_message(fetched)}",
        fetched.status,
        retryable=limited or fetched.status >= 500,
        retry_after=wait,
    )


def _message(fetched: Fetched) -> str:
    try:
        body = fetched.json()
    except ValueError:
        body = None
    message = body.get("message") if isinstance(body, dict) else None
    return str(message)[:_LONGEST_MESSAGE] if message else "no message"


def _wait(fetched: Fetched) -> float | None:
    """Seconds until the rate limit ends, None if the answer does not name a limit."""
    after = _number(fetched, "retry-after")
    if after is not None:
        return float(after)
    reset = _number(fetched, "x-ratelimit-reset")
    if reset is not None and _number(fetched, "x-ratelimit-remaining") == 0:
        return max(0.0, reset - datetime.now(UTC).timestamp())
    return None


def _number(fetched: Fetched, name: str) -> int | None:
    found = fetched.headers.all(name)
    return (
        int(found[0]) if len(found) == 1 and found[0].isascii() and found[0].isdigit() and len(found[0]) < 12 else None
    )
