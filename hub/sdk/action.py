"""Actions: what the nodes of a workflow do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel

from hub.model.wire.fetched import Fetched
from hub.model.wire.forms import Part

__all__ = ["Action", "ActionContext", "CallTls", "Log"]

_NAME = re.compile(r"[a-z][a-z0-9_]*(?:[.-][a-z][a-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class CallTls:
    """TLS of one outgoing call, as PEM texts.

    Attributes:
        ca: Certificates that are trusted in place of the machine's.
        certificate: Client certificate, the rest of its chain behind it.
        key: Its key, without a pass phrase; may stand in `certificate` too.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)


class Log(Protocol):
    """A structured log; keywords become fields. In the log of an action, values from connections are masked."""

    def debug(self, event: str, **fields: Any) -> Any:
        """Log what helps to find a fault."""
        ...

    def info(self, event: str, **fields: Any) -> Any:
        """Log what happened."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Log what an operator should look at."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Log a failure."""
        ...


class ActionContext(Protocol):
    """What an action can use; the second argument of `Action.run`."""

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
        """Time of receipt of the request that led here, with its time zone."""
        ...

    @property
    def log(self) -> Log:
        """The hub's log, with org, execution and node as fields. Values from connections in the input are masked."""
        ...

    async def file(self, ref: str, *, max_bytes: int = 64 << 20) -> Part:
        """A file of the org: one of `trigger.files`, by its `ref`.

        Args:
            ref: `file_…`.
            max_bytes: Largest file that is read.

        Returns:
            The file with its exact bytes. Its name is as the sender wrote it: never use it as a path.

        Raises:
            ActionFailed: There is no such file (any more), or it is larger; a retry does not help.
        """
        ...

    async def keep_file(self, file: Part) -> Mapping[str, Any]:
        """Keep a file with the execution: its `field` (empty), `filename`, `media_type`, `size` and `ref`.

        It can be downloaded, and sent on by `http.request`, as long as the execution or a child of it is kept. The same
        file of the same node is kept once, however often a try is repeated.

        Raises:
            ActionFailed: It cannot be stored now; a retry may help.
        """
        ...

    async def request(  # noqa: PLR0913 - one argument for each thing that a call can have
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - enforced by the HTTP client
        max_bytes: int = 1 << 20,
        tls: CallTls | None = None,
    ) -> Fetched:
        """Make an HTTP call through the egress guard, with an `Idempotency-Key`. Redirects are not followed.

        Args:
            method: HTTP method.
            url: http or https, absolute.
            headers: Request headers.
            params: Added to the query.
            json: A body to send as JSON.
            data: A body to send as it is, or a form to send urlencoded.
            timeout: Seconds for the whole call.
            max_bytes: Longest answer that is read, in bytes after decompression; `Fetched.note` says if it was longer.
            tls: Own certificates; None trusts the machine's and shows none.

        Returns:
            The answer, of any status.

        Raises:
            ActionFailed: There was no answer; a retry may help.
            AddressRefused: The egress guard refuses the address.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a node does.

        Action(name="slack.post_message", input=PostMessage, run=post_message, summary="Post a message")

    Attributes:
        name: `<plugin>.<verb>` for the actions of plugins; those of the core may have no dot.
        input: Model of the node's `with`. Editors see its JSON Schema.
        run: Takes an instance of `input`, with connection references resolved, and the context. Returns a JSON value,
            the output of the node. Raises `ActionFailed`; after any other exception the node may be retried.
        summary: One line for people who choose actions.
        pure: It has no effects and returns the same for the same input, so it may share a commit with other nodes.

    Raises:
        ValueError: The name is malformed.
        TypeError: `input` is not a pydantic model, or `run` is not callable.
    """

    name: str
    input: type[BaseModel]
    run: Callable[[Any, ActionContext], Awaitable[Any]]
    summary: str = ""
    pure: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a name for an action, such as slack.post_message")
        if not (isinstance(self.input, type) and issubclass(self.input, BaseModel)):
            raise TypeError(f"the input of action {self.name} must be a pydantic model")
        if not callable(self.run):
            raise TypeError(f"the run of action {self.name} must be an async function")
