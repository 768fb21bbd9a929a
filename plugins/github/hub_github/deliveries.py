"""Recovery of missed deliveries: `github.failed_deliveries` lists them, `github.redeliver` requests them again.

GitHub never retries. It keeps the deliveries of the last days and sends one again on request, under the same
`X-GitHub-Delivery`: one that had arrived is a duplicate here and starts nothing. Source: GitHub Docs, REST API,
"Repository webhooks", "Organization webhooks", "GitHub App webhooks"; "Handling failed webhook deliveries".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub import Action, ActionContext, ActionFailed, Fetched, instant
from hub_github.api import GitHubAccess, GitHubApi, GitHubApiError, Repository, decoded, path

__all__ = ["FAILED_DELIVERIES", "REDELIVER", "FailedDeliveries", "GitHubWebhook", "Redeliver"]

_PAGE = 100
_LOST = frozenset({400, 404, 410, 422})
"""Statuses of a delivery that GitHub cannot send again. The next one can still be requested."""


class GitHubWebhook(GitHubAccess):
    """One webhook: of a repository, of an organization, or of the app whose JSON web token is given.

    Attributes:
        repository: `owner/name`, for a repository's webhook.
        organization: Login, for an organization's webhook.
        app: True for the app's own webhook.
        hook_id: Id of the webhook, the number at the end of its settings page. An app's webhook has none.
    """

    repository: Repository | None = None
    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,99})$")] | None = None
    app: bool = False
    hook_id: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.repository is not None) + (self.organization is not None) + self.app != 1:
            raise ValueError("name one webhook: repository and hook_id, organization and hook_id, or app")
        if self.app != (self.hook_id is None):
            raise ValueError("hook_id belongs to the webhook of a repository or organization; an app has one webhook")
        return self

    @property
    def path(self) -> str:
        """Path of its deliveries in the API."""
        if self.repository is not None:
            return path("repos", self.repository, "hooks", self.hook_id, "deliveries")
        if self.organization is not None:
            return path("orgs", self.organization, "hooks", self.hook_id, "deliveries")
        return path("app", "hook", "deliveries")


class FailedDeliveries(GitHubWebhook):
    """Input of `github.failed_deliveries`.

    Attributes:
        hours: How far to look back from the request that led here; GitHub keeps deliveries for three days.
        events: Only these events (`push`, `issues`); empty: all.
        most: Largest number of deliveries to look through, newest first.
    """

    hours: Annotated[float, Field(gt=0, le=24 * 30)] = 72
    events: tuple[str, ...] = ()
    most: Annotated[int, Field(ge=1, le=20_000)] = 2_000


class ListedDelivery(BaseModel):
    """A delivery as `github.failed_deliveries` lists it; only its id is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[int, Field(ge=1)]


class Redeliver(GitHubWebhook):
    """Input of `github.redeliver`.

    Attributes:
        deliveries: Ids, or the `deliveries` that `github.failed_deliveries` returned.
    """

    deliveries: Annotated[tuple[Annotated[int, Field(ge=1)] | ListedDelivery, ...], Field(max_length=1_000)]


async def failed_deliveries(given: FailedDeliveries, context: ActionContext) -> dict[str, Any]:
    """List the deliveries of which no attempt succeeded.

    Returns:
        `deliveries`: the latest attempt of each, oldest first: `id`, `guid`, `event`, `action`, `delivered_at`,
        `status`, `status_code`. `examined`: the number of attempts that were looked at. `complete`: whether the
        whole time was looked through.

    Raises:
        ActionFailed, AddressRefused: As `GitHubApi.call`.
    """
    since = context.received - timedelta(hours=given.hours)
    latest: dict[str, dict[str, Any]] = {}
    succeeded: set[str] = set()
    examined, complete = 0, True
    async for attempt in _attempts(given, context):
        if _moment(attempt.get("delivered_at")) < since:
            break
        if examined == given.most:
            complete = False
            break
        examined += 1
        guid = str(attempt.get("guid"))
        latest.setdefault(guid, attempt)
        if _arrived(attempt):
            succeeded.add(guid)
    lost = [
        attempt
        for guid, attempt in latest.items()
        if guid not in succeeded and (not given.events or attempt.get("event") in given.events)
    ]
    return {"deliveries": [_outline(attempt) for attempt in reversed(lost)], "examined": examined, "complete": complete}


async def redeliver(given: Redeliver, context: ActionContext) -> dict[str, Any]:
    """Request deliveries again, one after the other.

    Returns:
        `requested`: ids that GitHub will send again. `refused`: `id` and `reason` of those that it will not,
        for example because it no longer has them.

    Raises:
        ActionFailed: The token may not do this, the rate is limited, or GitHub fails. Requesting a delivery twice does
            no harm.
        AddressRefused: As `GitHubApi.call`.
    """
    api = GitHubApi(context, given)
    requested: list[int] = []
    refused: list[dict[str, Any]] = []
    for one in given.deliveries:
        known = one.id if isinstance(one, ListedDelivery) else one
        try:
            await api.call("POST", f"{given.path}/{known}/attempts")
        except GitHubApiError as error:
            if error.status not in _LOST:
                raise
            refused.append({"id": known, "reason": str(error)})
        else:
            requested.append(known)
    return {"requested": requested, "refused": refused}


async def _attempts(given: FailedDeliveries, context: ActionContext) -> AsyncIterator[dict[str, Any]]:
    """Every attempt that GitHub still has, newest first."""
    api = GitHubApi(context, given)
    params = {"per_page": str(_PAGE)}
    while True:
        fetched = await api.call("GET", given.path, params=params)
        page = decoded(fetched, f"GET {given.path}")
        if not isinstance(page, list):
            raise ActionFailed("GitHub's list of deliveries is not a JSON array")
        for attempt in page:
            if isinstance(attempt, dict):
                yield attempt
        cursor = _next_cursor(fetched)
        if cursor is None or not page or params.get("cursor") == cursor:
            return
        params["cursor"] = cursor


def _next_cursor(fetched: Fetched) -> str | None:
    """The cursor of the next page. The rest of the Link header is ignored: the token is sent to `api_url` only."""
    for header in fetched.headers.all("link"):
        for link in header.split(","):
            target, _, relation = link.partition(";")
            if 'rel="next"' in relation.replace(" ", ""):
                return _cursor(target.strip().removeprefix("<").removesuffix(">"))
    return None


def _cursor(url: str) -> str | None:
    try:
        found = parse_qs(urlsplit(url).query, max_num_fields=100).get("cursor", [])
    except ValueError:
        return None
    return found[0] if found else None


def _arrived(attempt: dict[str, Any]) -> bool:
    """Whether the receiver answered with a status that GitHub takes as success: 200 to 399."""
    code = attempt.get("status_code")
    return isinstance(code, int) and 200 <= code < 400


def _moment(value: Any) -> datetime:
    try:
        return instant(value)
    except (TypeError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _outline(attempt: dict[str, Any]) -> dict[str, Any]:
    return {
        name: attempt.get(name) for name in ("id", "guid", "event", "action", "delivered_at", "status", "status_code")
    }


FAILED_DELIVERIES = Action(
    name="github.failed_deliveries",
    input=FailedDeliveries,
    run=failed_deliveries,
    summary="List the deliveries of a webhook that never arrived",
)
REDELIVER = Action(
    name="github.redeliver", input=Redeliver, run=redeliver, summary="Ask GitHub to send deliveries again"
)
