"""Actions: what the nodes of a workflow can do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel

from hub.model.wire.fetched import Fetched

__all__ = ["Action", "ActionContext", "Log"]

_NAME = re.compile(r"[a-z][a-z0-9_]*(?:[.-][a-z][a-z0-9_]*)*")


class Log(Protocol):
    """A structured log; keywords become fields. In that of an action, what connections gave it is masked by value."""

    def debug(self, event: str, **fields: Any) -> Any:
        """For whoever looks for a fault."""
        ...

    def info(self, event: str, **fields: Any) -> Any:
        """For the record."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Somebody should look."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Something failed."""
        ...


class ActionContext(Protocol):
    """What an action may use; second argument of `Action.run`."""

    @property
    def org(self) -> str:
        """Name of the org."""
        ...

    @property
    def workflow(self) -> str:
        """Id of the workflow (`wf_…`)."""
        ...

    @property
    def execution(self) -> str:
        """Id of the execution (`exec_…`)."""
        ...

    @property
    def node(self) -> str:
        """Id of the node within the workflow."""
        ...

    @property
    def idempotency_key(self) -> str:
        """`execution/node/item`: the same when a node runs again after a crash or retry."""
        ...

    @property
    def received(self) -> datetime:
        """When the request that led here arrived, with its time zone."""
        ...

    @property
    def log(self) -> Log:
        """The hub's log, with org, execution and node as fields; what the input holds of connections is masked."""
        ...

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - the whole call's budget, enforced by the client
        max_bytes: int = 1 << 20,
    ) -> Fetched:
        """Call out through the egress guard; `Idempotency-Key` is sent along. Redirects are not followed.

        Args:
            method: HTTP method.
            url: http or https, absolute.
            headers: Request headers.
            params: Added to the query.
            json: Sent as a JSON body.
            data: Sent as it is, or as a urlencoded form.
            timeout: Seconds for the whole call.
            max_bytes: Longest answer that is read, after decompression.

        Returns:
            The answer, whatever its status.

        Raises:
            ActionFailed: No answer came; a retry may help.
            AddressRefused: The guard does not let the hub call there.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a node can do.

        Action(name="slack.post_message", input=PostMessage, run=post_message, summary="Post a message")

    Attributes:
        name: Plugins' actions are named `<plugin>.<verb>`; the core's may have no dot.
        input: Model of the node's `with`; its JSON Schema is what editors see.
        run: Gets an instance of `input` (connection references resolved) and the context; gives a JSON value, the
            node's output. Raises `ActionFailed`; any other exception is taken as one that a retry may mend.
        summary: One line for people who choose actions.
        pure: No effects: running it again gives the same, so it may share a commit.

    Raises:
        ValueError: The name is malformed.
        TypeError: `input` is no pydantic model, or `run` is not callable.
    """

    name: str
    input: type[BaseModel]
    run: Callable[[Any, ActionContext], Awaitable[Any]]
    summary: str = ""
    pure: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of an action, such as slack.post_message")
        if not (isinstance(self.input, type) and issubclass(self.input, BaseModel)):
            raise TypeError(f"the input of action {self.name} must be a pydantic model")
        if not callable(self.run):
            raise TypeError(f"the run of action {self.name} must be an async function")
