"""Tests of `hub.ports.store.Sources`, `hub.ports.store.Workflows` and `hub.ports.store.Access`."""

from __future__ import annotations

from hub.testing.conformance.store.registry.access import AccessChecks
from hub.testing.conformance.store.registry.connections import ConnectionChecks
from hub.testing.conformance.store.registry.records import AuditChecks
from hub.testing.conformance.store.registry.secrets import SourceSecretChecks
from hub.testing.conformance.store.registry.sources import SourceChecks
from hub.testing.conformance.store.registry.workflows import WorkflowChecks

__all__ = ["RegistryChecks"]


class RegistryChecks(SourceChecks, SourceSecretChecks, WorkflowChecks, AccessChecks, ConnectionChecks, AuditChecks):
    """All of them."""
