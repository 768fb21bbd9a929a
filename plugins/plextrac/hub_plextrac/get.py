"""The action `plextrac.get`: from the thin payload of a webhook to the object it is about."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from hub import Action, ActionContext, ActionFailed
from hub_plextrac.answers import checked
from hub_plextrac.connection import Connection, Tokens
from hub_plextrac.routes import Kind, Lookup, Route, kind_of, report_route, route_of

__all__ = ["GET", "Get", "Getter"]

MAX_BYTES = 16 << 20
"""Longest answer that is read; reports hold their narratives with embedded pictures."""
MOST_TARGETS = 100
"""Objects that one payload may name; more of them is no webhook of PlexTrac."""
_OF_ONE = ("reportId", "findingId", "assessmentId")


class Get(BaseModel):
    """Input of `plextrac.get`.

    Attributes:
        connection: A connection of the org, such as `{{ connections.plextrac }}`.
        payload: The webhook's payload, `{{ TRIGGER }}`.
        object: What to get; what the event is about if left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    connection: Annotated[Connection, Field(description="A connection with url, and token or username and password.")]
    payload: Annotated[dict[str, Any], Field(description="The payload of a PlexTrac webhook.")]
    object: Annotated[Kind | None, Field(description="What to get instead of what the event is about.")] = None


class Getter:
    """Runs `plextrac.get`; holds the tokens between calls."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens or Tokens()

    async def __call__(self, given: Get, context: ActionContext) -> Any:
        """The object as PlexTrac gives it; for a payload with `targetCuids` a list of them in the same order.

        Raises:
            ActionFailed: The payload names no object, or PlexTrac does not give it.
        """
        payload = given.payload
        kind = given.object or kind_of(payload)
        targets = payload.get("targetCuids")
        if targets is None:
            return await self._get(route_of(kind, payload, payload.get("targetCuid")), given.connection, context)
        if not isinstance(targets, list) or len(targets) > MOST_TARGETS:
            raise ActionFailed(f"targetCuids must be a list of at most {MOST_TARGETS} ids", retryable=False)
        shared = {name: value for name, value in payload.items() if name not in _OF_ONE}
        routes = [route_of(kind, shared, target) for target in targets]
        return [await self._get(route, given.connection, context) for route in routes]

    async def _get(self, route: Route | Lookup, connection: Connection, context: ActionContext) -> Any:
        if isinstance(route, Lookup):
            route = await self._find(route.cuid, connection, context)
        return await self._call(connection, context, "GET", route.path)

    async def _find(self, cuid: str, connection: Connection, context: ActionContext) -> Route:
        """The way to a report by its cuid, through the list of reports filtered by that cuid."""
        wanted = {"pagination": {"offset": 0, "limit": 5}, "filters": [{"by": "cuids", "value": [cuid]}]}
        listed = await self._call(connection, context, "POST", "/api/v2/reports", wanted)
        for report in listed.get("data") or () if isinstance(listed, dict) else ():
            if isinstance(report, dict) and report.get("cuid", cuid) == cuid:
                return report_route(report.get("client_id"), report.get("id"))
        raise ActionFailed("PlexTrac lists no report with the targetCuid of the payload", retryable=False)

    async def _call(
        self, connection: Connection, context: ActionContext, method: str, path: str, body: Any = None
    ) -> Any:
        """One call. A token that has ended is replaced once, where the connection can sign in."""
        for renewable in (connection.renewable, False):
            token = await self._tokens.of(connection, context)
            answer = await context.request(
                method,
                connection.base + path,
                headers={"authorization": token, "accept": "application/json"},
                json=body,
                max_bytes=MAX_BYTES,
            )
            if answer.status != 401 or not renewable:
                break
            self._tokens.forget(connection, token)
        return checked(answer, f"{method} {path}")


GET = Action(
    name="plextrac.get",
    input=Get,
    run=Getter(),
    summary="Get the report, finding, assessment or engagement that a PlexTrac webhook is about",
)
"""The action as the plugin registers it."""
