"""The action `plextrac.get`: gets the object that the thin payload of a webhook is about."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from hub import Action, ActionContext, ActionFailed
from hub_plextrac.answers import checked
from hub_plextrac.api_paths import ApiPath, ObjectKind, ReportLookup, kind_of, path_of, report_path
from hub_plextrac.connection import PlexTracConnection, SessionTokens

__all__ = ["GET", "GetObject", "ObjectGetter"]

MAX_BYTES = 16 << 20
"""Longest answer in bytes that is read; reports hold narratives with embedded pictures."""
MOST_TARGETS = 100
"""Largest number of objects that one payload may name."""
_OF_ONE = ("reportId", "findingId", "assessmentId")


class GetObject(BaseModel):
    """Input of `plextrac.get`.

    Attributes:
        connection: A connection of the org, such as `{{ connections.plextrac }}`.
        payload: The webhook's payload, `{{ TRIGGER }}`.
        object: What to get; left out, what the event is about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    connection: Annotated[
        PlexTracConnection, Field(description="A connection: url, and token or username and password.")
    ]
    payload: Annotated[dict[str, Any], Field(description="The payload of a PlexTrac webhook.")]
    object: Annotated[ObjectKind | None, Field(description="What to get instead of what the event is about.")] = None


class ObjectGetter:
    """Runs `plextrac.get`; keeps the session tokens between calls."""

    def __init__(self, tokens: SessionTokens | None = None) -> None:
        self._tokens = tokens or SessionTokens()

    async def __call__(self, given: GetObject, context: ActionContext) -> Any:
        """The object as PlexTrac returns it; for a payload with `targetCuids` a list of objects in the same order.

        Raises:
            ActionFailed: The payload names no object, or PlexTrac does not return it.
        """
        payload = given.payload
        kind = given.object or kind_of(payload)
        targets = payload.get("targetCuids")
        if targets is None:
            return await self._get(path_of(kind, payload, payload.get("targetCuid")), given.connection, context)
        if not isinstance(targets, list) or len(targets) > MOST_TARGETS:
            raise ActionFailed(f"targetCuids must be a list of at most {MOST_TARGETS} ids", retryable=False)
        shared = {name: value for name, value in payload.items() if name not in _OF_ONE}
        routes = [path_of(kind, shared, target) for target in targets]
        return [await self._get(route, given.connection, context) for route in routes]

    async def _get(self, route: ApiPath | ReportLookup, connection: PlexTracConnection, context: ActionContext) -> Any:
        if isinstance(route, ReportLookup):
            route = await self._find(route.cuid, connection, context)
        return await self._call(connection, context, "GET", route.path)

    async def _find(self, cuid: str, connection: PlexTracConnection, context: ActionContext) -> ApiPath:
        """The path of a report by its cuid, found in the list of reports filtered by that cuid."""
        wanted = {"pagination": {"offset": 0, "limit": 5}, "filters": [{"by": "cuids", "value": [cuid]}]}
        listed = await self._call(connection, context, "POST", "/api/v2/reports", wanted)
        for report in listed.get("data") or () if isinstance(listed, dict) else ():
            if isinstance(report, dict) and report.get("cuid", cuid) == cuid:
                return report_path(report.get("client_id"), report.get("id"))
        raise ActionFailed("PlexTrac lists no report with the targetCuid of the payload", retryable=False)

    async def _call(
        self, connection: PlexTracConnection, context: ActionContext, method: str, path: str, body: Any = None
    ) -> Any:
        """One call. An expired token is replaced once, where the connection can sign in."""
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
    input=GetObject,
    run=ObjectGetter(),
    summary="Get the report, finding, assessment or engagement that a PlexTrac webhook is about",
)
"""The action as the plugin registers it."""
