"""Tests of what operators set up: `Answers`, `Sources`, `Workflows` and `Access` of `hub.ports.store`."""

from __future__ import annotations

from hub.testing.conformance.store.registry.access import AccessChecks
from hub.testing.conformance.store.registry.answers import AnswerChecks
from hub.testing.conformance.store.registry.connections import ConnectionChecks
from hub.testing.conformance.store.registry.records import AuditChecks
from hub.testing.conformance.store.registry.secrets import SourceSecretChecks
from hub.testing.conformance.store.registry.sources import SourceChecks
from hub.testing.conformance.store.registry.workflows import WorkflowChecks

__all__ = ["RegistryChecks"]


class RegistryChecks(
    AnswerChecks, SourceChecks, SourceSecretChecks, WorkflowChecks, AccessChecks, ConnectionChecks, AuditChecks
):
    """All of them."""
