"""Compiled workflows by version, so that an execution does not compile its definition again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord, NewExecution
from hub.ports.store import Store
from hub.sdk.action import Action
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.definition.workflow import Workflow

__all__ = ["CompiledVersions"]

_KEPT = 512


class CompiledVersions:
    """Compiles each published version once and keeps those in use; the copy of a draft run is compiled each time.

    When an operator enables or disables a plugin, other actions exist, so everything is compiled again.
    """

    __slots__ = ("_actions", "_compiled", "_disabled", "_store")

    def __init__(self, store: Store, actions: Callable[[], Mapping[str, Action]]) -> None:
        self._store = store
        self._actions = actions
        self._compiled: OrderedDict[tuple[Id, int], Workflow] = OrderedDict()
        self._disabled: frozenset[str] = frozenset()

    def cached(self, workflow_id: Id, version: int) -> Workflow | None:
        """A version that was compiled before; None for others and for drafts."""
        disabled = self._store.snapshot.disabled_plugins
        if disabled is not self._disabled and disabled != self._disabled:
            self._compiled.clear()
        self._disabled = disabled
        key = (workflow_id, version)
        workflow = self._compiled.get(key)
        if workflow is not None:
            self._compiled.move_to_end(key)
            return workflow
        return None

    async def of(self, execution: NewExecution | ExecutionRecord) -> Workflow:
        """The compiled version of an execution.

        Raises:
            NotFound: The workflow was deleted.
            Invalid: The version uses an action that does not exist any more.
        """
        workflow = self.cached(execution.workflow, execution.version)
        if workflow is not None:
            return workflow
        workflow = compile_workflow(await self._definition(execution), self._actions())
        if execution.version:
            self._compiled[(execution.workflow, execution.version)] = workflow
            while len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
        return workflow

    async def _definition(self, execution: NewExecution | ExecutionRecord) -> Mapping[str, Any]:
        if not execution.version:
            draft: Mapping[str, Any] = execution.definition or {}
            return draft
        published = self._store.snapshot.published.get(execution.workflow)
        if published is not None and published.number == execution.version:
            return published.definition
        version = await self._store.workflows.version(execution.org, execution.workflow, execution.version)
        return version.definition
