"""The context that an action is given beside its input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog

from hub.egress.client import Egress
from hub.egress.errors import EgressError
from hub.egress.exchange.tls import TlsPolicy
from hub.engine.action.action_log import MaskedLog
from hub.errors import ActionFailed, Invalid, NotFound, StoreUnavailable
from hub.model.ids import Id, read_id, write_id
from hub.model.json import dumps
from hub.model.masking import Mask
from hub.model.stored.execution import ExecutionRecord, NewExecution
from hub.model.stored.files import FileRecord, NewFile, file_id, file_view
from hub.model.times import from_micros
from hub.model.wire.fetched import Fetched
from hub.model.wire.forms import Part
from hub.model.wire.values import Values
from hub.ports.store import Files
from hub.sdk.action import CallTls, Log

__all__ = ["CallContext", "NodeCall", "idempotency_key"]

_log = structlog.get_logger("hub.action")
_NOTHING = Mask()
_SHOWN = 60


def idempotency_key(execution: Id, node: str, item: int) -> str:
    """`exec_…/node`, with `/item` inside a `for_each`: the same in every try of the node."""
    key = f"{write_id('exec', execution)}/{node}"
    return key if item < 0 else f"{key}/{item}"


@dataclass(frozen=True, slots=True)
class NodeCall:
    """The node of an execution that is tried.

    Attributes:
        item: Index within `for_each`; -1 for the node itself.
        timeout: Seconds that one try of the node may take, None if the node sets no limit.
    """

    execution: NewExecution | ExecutionRecord
    node: str
    item: int
    timeout: float | None = None


class CallContext:
    """Implements `ActionContext` for one try. Texts are made on demand, since most pure actions need none.

    Attributes:
        mask: Hides the values of the action's connections in its log.
    """

    __slots__ = ("_called", "_egress", "_execution", "_files", "_org", "mask")

    def __init__(self, called: NodeCall, org: str, egress: Egress, files: Files) -> None:
        self._called = called
        self._execution = called.execution
        self._org = org
        self._egress = egress
        self._files = files
        self.mask = _NOTHING

    @property
    def org(self) -> str:
        """Name of the org."""
        return self._org

    @property
    def workflow(self) -> str:
        """Id of the workflow (`wf_…`)."""
        return write_id("wf", self._execution.workflow)

    @property
    def execution(self) -> str:
        """Id of the execution (`exec_…`)."""
        return write_id("exec", self._execution.id)

    @property
    def node(self) -> str:
        """Id of the node within the workflow."""
        return self._called.node

    @property
    def idempotency_key(self) -> str:
        """See `idempotency_key`."""
        return idempotency_key(self._execution.id, self._called.node, self._called.item)

    @property
    def received(self) -> datetime:
        """When the execution was accepted, with its time zone."""
        return from_micros(self._execution.created)

    @property
    def log(self) -> Log:
        """The hub's log, with org, execution and node as fields."""
        log: Log = _log.bind(org=self._org, execution=self.execution, node=self._called.node)
        return MaskedLog(log, self.mask)

    async def file(self, ref: str, *, max_bytes: int = 64 << 20) -> Part:
        """See `ActionContext.file`."""
        org, file = self._execution.org, read_id("file", ref)
        try:
            record = await self._files.get(org, file or b"")
            if record.size > max_bytes:
                raise ActionFailed(
                    f"the file {ref[:_SHOWN]} has {record.size} bytes; at most {max_bytes} are read", retryable=False
                )
            body = await self._files.content(org, record.id)
        except NotFound as error:
            raise ActionFailed(f"there is no file {ref[:_SHOWN]!r}", retryable=False) from error
        except StoreUnavailable as error:
            raise ActionFailed(str(error)) from error
        return Part(record.filename, record.media_type, body)

    async def keep_file(self, file: Part) -> Mapping[str, Any]:
        """See `ActionContext.keep_file`."""
        digest = hashlib.sha256(file.body).hexdigest()
        record = FileRecord(
            org=self._execution.org,
            id=file_id(self._execution.id, f"{self.idempotency_key} {digest} {file.filename}"),
            field="",
            filename=file.filename.replace("\x00", "\ufffd"),
            media_type=file.media_type,
            size=len(file.body),
            created=self._execution.created,
            execution=self._execution.id,
        )
        try:
            await self._files.keep(NewFile(record, file.body))
        except StoreUnavailable as error:
            raise ActionFailed(str(error)) from error
        return file_view(record)

    async def request(  # noqa: PLR0913 - the port's arguments
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
        tls: CallTls | None = None,
    ) -> Fetched:
        """See `ActionContext.request`. `Idempotency-Key` is sent unless `headers` sets it."""
        sent = {"Idempotency-Key": self.idempotency_key}
        body: bytes | None = None
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = dumps(json)
        elif isinstance(data, bytes):
            body = data
        elif data is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(data).encode()
        given = headers or {}
        lower = {name.lower() for name in given}
        sent = {name: value for name, value in sent.items() if name.lower() not in lower} | dict(given)
        try:
            response = await self._egress.request(
                method,
                _with_query(url, params),
                headers=sent,
                body=body,
                timeout=timeout,
                max_bytes=max_bytes,
                tls=None if tls is None else TlsPolicy(ca=tls.ca, certificate=tls.certificate, key=tls.key),
                pool="actions",
                resend=True,
            )
        except EgressError as error:
            raise ActionFailed(str(error)) from error
        except Invalid as error:
            message = "; ".join(problem.message for problem in error.problems) or error.detail
            raise ActionFailed(message, retryable=False) from error
        return Fetched(response.status, Values(response.headers, caseless=True), response.body, response.note)


def _with_query(url: str, params: Mapping[str, str] | None) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
