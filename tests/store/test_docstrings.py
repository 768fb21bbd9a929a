"""What an operation does is said once, in the port: the docstrings of the core's own stores refer to it."""

from __future__ import annotations

import inspect

import pytest

from hub.ports import store as ports
from hub.ports.blobs import Blobs
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.executions.executions import SqlExecutions
from hub.store.sql.jobs.jobs import SqlJobs
from hub.store.sql.outbound.outbound import SqlOutbound
from hub.store.sql.registry.access import SqlAccess
from hub.store.sql.registry.answers import SqlAnswers
from hub.store.sql.registry.sources import SqlSources
from hub.store.sql.registry.workflows import SqlWorkflows
from hub.store.sql.requests.drift import SqlDrift
from hub.store.sql.requests.files import SqlFiles
from hub.store.sql.requests.inbound import SqlInbound
from hub.store.sql.store import SqlStore
from hub.store.sql.upkeep.reseal import SqlResealing
from hub.store.sql.upkeep.retention import SqlRetention

IMPLEMENTED = [
    (Blobs, DirectoryBlobs),
    (ports.Access, SqlAccess),
    (ports.Answers, SqlAnswers),
    (ports.DriftCounts, SqlDrift),
    (ports.Executions, SqlExecutions),
    (ports.Files, SqlFiles),
    (ports.InboundStore, SqlInbound),
    (ports.Jobs, SqlJobs),
    (ports.OutboundStore, SqlOutbound),
    (ports.Resealing, SqlResealing),
    (ports.Retention, SqlRetention),
    (ports.Sources, SqlSources),
    (ports.Store, SqlStore),
    (ports.Workflows, SqlWorkflows),
]


def test_every_protocol_of_the_store_is_listed() -> None:
    protocols = {name for name in ports.__all__ if getattr(getattr(ports, name), "_is_protocol", False)}
    assert protocols == {port.__name__ for port, _ in IMPLEMENTED} - {"Blobs"}


@pytest.mark.parametrize(("port", "implementation"), IMPLEMENTED, ids=lambda one: one.__name__)
def test_the_docstring_of_each_operation_refers_to_the_port(port: type, implementation: type) -> None:
    home = "hub.ports.blobs" if port is Blobs else "hub.ports.store"
    for name, promised in vars(port).items():
        if name.startswith("_") or not (inspect.isfunction(promised) or isinstance(promised, property)):
            continue
        assert inspect.getdoc(promised), f"{port.__name__}.{name} is not described"
        done = getattr(implementation, name, None)
        if port is ports.Store and done is None:
            continue  # one of its nouns, which each store holds
        assert done.__doc__ == f"See `{home}.{port.__name__}.{name}`.", f"{implementation.__name__}.{name}"
