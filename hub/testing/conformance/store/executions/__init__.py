"""Tests of `hub.ports.store.Executions`."""

from __future__ import annotations

from hub.testing.conformance.store.executions.claims import ExecutionClaimChecks
from hub.testing.conformance.store.executions.ending import ExecutionEndChecks
from hub.testing.conformance.store.executions.journal import JournalChecks
from hub.testing.conformance.store.executions.reading import ExecutionReadingChecks
from hub.testing.conformance.store.executions.serial_keys import SerialKeyChecks
from hub.testing.conformance.store.executions.waking import WakingChecks

__all__ = ["ExecutionChecks"]


class ExecutionChecks(
    ExecutionClaimChecks, SerialKeyChecks, JournalChecks, WakingChecks, ExecutionEndChecks, ExecutionReadingChecks
):
    """All of them."""
