"""Executions and their journal as rows, both ways."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, literal_column

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionError, ExecutionRecord, NewExecution, NodeRecord
from hub.store.sql.bulk import Bulk, NewRow
from hub.store.sql.documents import Documents, Packing
from hub.store.sql.tables import executions, nodes

__all__ = ["EXECUTIONS", "NODES", "execution_record", "execution_row", "node_record", "node_row"]

EXECUTIONS = Bulk(executions, "nothing")
NODES = Bulk(nodes, "replace", replaced=nodes.c.state != literal_column("'succeeded'"))
"""An entry that has succeeded stays: a signal may have settled it, of which its run does not know yet."""
_SHARED_THRESHOLD = 4 * 1024
"""What many executions share goes to the blob store from this many bytes on: in a row, it would be there many times."""


def execution_row(packing: Packing, execution: NewExecution) -> NewRow:
    """The row of a new execution: queued, running where it starts with a lease, or finished already."""
    lease, finished, created = execution.lease, execution.finished, execution.created
    shared, trigger = execution.shared, execution.trigger
    due = execution.due or created
    state, fence, started = "queued", 0, None
    ready: int | None = due
    if finished is not None:
        state, ready, started = "succeeded", None, created
    elif lease is not None:
        state, fence, ready, started = "running", lease.fence, lease.until, created
    return {
        "org": execution.org,
        "id": execution.id,
        "workflow": execution.workflow,
        "version": execution.version,
        "kind": execution.kind,
        "state": state,
        "priority": execution.priority,
        "trigger": packing.value(trigger) if shared is None else packing.rest(trigger, shared),
        "shared": packing.value(shared, _SHARED_THRESHOLD),
        "definition": packing.value(execution.definition),
        "result": None if finished is None else packing.value(finished.result),
        "source": execution.source,
        "request": execution.request,
        "event": execution.event,
        "parent": execution.parent,
        "parent_node": execution.parent_node,
        "replay_of": execution.replay_of,
        "serial_key": execution.serial_key,
        "concurrency": execution.concurrency,
        "created": created,
        "started": started,
        "finished": None if finished is None else finished.at,
        "due": due,
        "ready": ready,
        "owner": None if lease is None else lease.owner,
        "fence": fence,
        "crashes": 0,
        "woken": False,
    }


def node_row(packing: Packing, org: Id, execution: Id, node: NodeRecord) -> NewRow:
    """The row of a journal entry."""
    return {
        "org": org,
        "execution": execution,
        "node": node.node,
        "item": node.item,
        "state": node.state,
        "attempts": node.attempts,
        "input": packing.value(node.input),
        "output": packing.value(node.output),
        "error": node.error,
        "started": node.started,
        "finished": node.finished,
        "due": node.due,
        "child": node.child,
        "crashes": node.crashes,
    }


async def execution_record(documents: Documents, row: Row[Any], *, whole: bool = True) -> ExecutionRecord:
    """An execution from its row; without trigger, definition and result unless `whole`.

    Raises:
        NotFound: A blob is gone.
    """
    org: Id = row.org
    return ExecutionRecord(
        org=org,
        id=row.id,
        workflow=row.workflow,
        version=row.version,
        kind=row.kind,
        state=row.state,
        trigger=await _trigger(documents, row) if whole else None,
        definition=await documents.unpack(org, row.definition, row.definition_ref) if whole else None,
        result=await documents.unpack(org, row.result, row.result_ref) if whole else None,
        error=None if row.error is None else ExecutionError(row.error_node, row.error),
        created=row.created,
        source=row.source,
        request=row.request,
        event=row.event,
        parent=row.parent,
        parent_node=row.parent_node,
        replay_of=row.replay_of,
        priority=row.priority,
        serial_key=row.serial_key,
        started=row.started,
        finished=row.finished,
        due=row.due,
        crashes=row.crashes,
    )


async def _trigger(documents: Documents, row: Row[Any]) -> Any:
    own = await documents.unpack(row.org, row.trigger, row.trigger_ref)
    shared = await documents.unpack_shared(row.org, row.shared, row.shared_ref)
    return own if shared is None else {**own, **shared}


async def node_record(documents: Documents, row: Row[Any]) -> NodeRecord:
    """A journal entry from its row.

    Raises:
        NotFound: A blob is gone.
    """
    return NodeRecord(
        node=row.node,
        state=row.state,
        item=row.item,
        attempts=row.attempts,
        input=await documents.unpack(row.org, row.input, row.input_ref),
        output=await documents.unpack(row.org, row.output, row.output_ref),
        error=row.error,
        started=row.started,
        finished=row.finished,
        due=row.due,
        child=row.child,
        crashes=row.crashes,
    )
