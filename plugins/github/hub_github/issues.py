"""Actions on issues and pull requests: `github.create_issue`, `github.comment`.

GitHub has no idempotency keys: a node that runs again after a crash between call and journal writes a second time.
Source: GitHub Docs, REST API, "Create an issue", "Create an issue comment".
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from hub import Action, ActionContext, ActionFailed
from hub_github.api import GitHubAccess, GitHubApi, Repository, path

__all__ = ["COMMENT", "CREATE_ISSUE", "Comment", "CreateIssue"]

Text = Annotated[str, Field(min_length=1, max_length=65_536)]


class CreateIssue(GitHubAccess):
    """Input of `github.create_issue`.

    Attributes:
        repository: `owner/name`.
        title: Title of the issue.
        body: Markdown.
        labels: Names of labels. Missing ones are created if the token allows it.
        assignees: Logins.
        milestone: Number of a milestone.
        type: Name of an issue type of the organization.
    """

    repository: Repository
    title: Annotated[str, Field(min_length=1, max_length=256)]
    body: Text | None = None
    labels: tuple[str, ...] = ()
    assignees: Annotated[tuple[str, ...], Field(max_length=10)] = ()
    milestone: int | None = None
    type: str | None = None


class Comment(GitHubAccess):
    """Input of `github.comment`.

    Attributes:
        repository: `owner/name`.
        issue: Number of an issue or pull request.
        body: Markdown.
    """

    repository: Repository
    issue: Annotated[int, Field(ge=1)]
    body: Text


async def create_issue(given: CreateIssue, context: ActionContext) -> dict[str, Any]:
    """Open an issue; returns its `number`, `id`, `node_id` and `url`. Raises as `GitHubApi.call` does."""
    wanted = given.model_dump(include={"title", "body", "milestone", "type"}, exclude_none=True)
    wanted |= {name: list(values) for name in ("labels", "assignees") if (values := getattr(given, name))}
    made = await GitHubApi(context, given).json("POST", path("repos", given.repository, "issues"), json=wanted)
    return _outline(made, "number", "id", "node_id")


async def comment(given: Comment, context: ActionContext) -> dict[str, Any]:
    """Comment on an issue or pull request; returns the comment's `id`, `node_id` and `url`.

    Raises as `GitHubApi.call` does.
    """
    where = path("repos", given.repository, "issues", given.issue, "comments")
    made = await GitHubApi(context, given).json("POST", where, json={"body": given.body})
    return _outline(made, "id", "node_id")


def _outline(made: Any, *names: str) -> dict[str, Any]:
    if not isinstance(made, dict):
        raise ActionFailed("GitHub's answer is not a JSON object")
    return {name: made.get(name) for name in names} | {"url": made.get("html_url")}


CREATE_ISSUE = Action(
    name="github.create_issue", input=CreateIssue, run=create_issue, summary="Open an issue in a repository"
)
COMMENT = Action(name="github.comment", input=Comment, run=comment, summary="Comment on an issue or pull request")
