"""Every table of the hub: the one place where the data model is written down.

Ids are 16 raw bytes, times are integer microseconds UTC, JSON is kept as compact UTF-8 bytes. A value too large for a
row stands in the blob store and its column ends in `_ref`. Keys lead with the org, but for the indexes that find work
of all orgs.

`ready` of executions, deliveries and jobs is when anybody may take the row next: its due time while it has no owner,
the end of the lease while it has one, NULL when there is nothing left to do, or while the row is `parked`: held back by
another execution of its serial key or by its workflow's limit (`hub.store.sql.executions.claims`).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

__all__ = [
    "addresses",
    "answers",
    "attempts",
    "audit",
    "bodies",
    "changes",
    "connections",
    "deliveries",
    "drift",
    "event_groups",
    "event_keys",
    "event_types",
    "events",
    "executions",
    "files",
    "jobs",
    "keys",
    "messages",
    "metadata",
    "nodes",
    "nonces",
    "orgs",
    "plugins",
    "requests",
    "secrets",
    "sources",
    "subscriptions",
    "workflow_versions",
    "workflows",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary(16), nullable=null)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _org() -> Column[bytes]:
    return Column("org", LargeBinary(16), ForeignKey("orgs.id"), nullable=False)


# The instance -------------------------------------------------------------------------------------------------------

changes = Table(
    "changes", metadata, Column("number", Integer, primary_key=True, autoincrement=True), _text("noun"),
    _id("org", null=True), _bytes("id"),
    sqlite_autoincrement=True,
)  # fmt: skip

plugins = Table(
    "plugins", metadata, Column("name", Text, primary_key=True), _flag("disabled"), _text("version", null=True),
)  # fmt: skip

# Who may do what ----------------------------------------------------------------------------------------------------

orgs = Table(
    "orgs", metadata, Column("id", LargeBinary(16), primary_key=True), _text("name"), _time("created"),
    Index("uq_orgs_name", "name", unique=True),
)  # fmt: skip

keys = Table(
    "keys", metadata, _org(), _id("id"), _text("name"), _text("role"), _bytes("digest"), _text("last4"),
    _flag("operator"), _time("created"), _time("expires", null=True), _time("revoked", null=True),
    _time("last_used", null=True),
    PrimaryKeyConstraint("org", "id"),
    Index("uq_keys_digest", "digest", unique=True),
)  # fmt: skip

connections = Table(
    "connections", metadata, _org(), _id("id"), _text("name"), _text("kind"), _bytes("fields"),
    _time("created"), _time("updated"),
    PrimaryKeyConstraint("org", "id"),
    Index("uq_connections_org_name", "org", "name", unique=True),
)  # fmt: skip

secrets = Table(
    "secrets", metadata, _org(), _id("owner"), _id("id"), _text("kind"), _text("slot"),
    _text("label", null=True), _bytes("sealed"), _time("created"), _time("expires", null=True),
    _flag("revoked"), _time("last_used", null=True),
    PrimaryKeyConstraint("org", "owner", "id"),
)  # fmt: skip

audit = Table(
    "audit", metadata, _id("org"), _id("id"), _time("at"), _id("key", null=True), _text("action"),
    _text("target"), _bytes("detail"),
    PrimaryKeyConstraint("org", "id"),
)  # fmt: skip

answers = Table(
    "answers", metadata, _id("org"), _id("id"), _text("route"), _text("key"), _text("digest"), _flag("done"),
    _bytes("sealed"), _time("created"),
    PrimaryKeyConstraint("org", "id"),
    Index("uq_answers_org_route_key", "org", "route", "key", unique=True),
)  # fmt: skip

jobs = Table(
    "jobs", metadata, _id("org"), _id("id"), _text("kind"), _bytes("params"), _text("state"), _number("total"),
    _number("done"), _number("failed"), _text("cursor"), _time("created"), _time("updated"), _text("error"),
    _time("ready", null=True), _text("owner", null=True), _number("fence"), _number("crashes"),
    PrimaryKeyConstraint("org", "id"),
    Index("ix_jobs_ready", "ready", sqlite_where=text("ready IS NOT NULL")),
)  # fmt: skip

# What operators set up ----------------------------------------------------------------------------------------------

sources = Table(
    "sources", metadata, _org(), _id("id"), _id("workflow", null=True), _bytes("spec"), _number("generation"),
    _time("created"), _time("updated"), _id("created_by", null=True),
    PrimaryKeyConstraint("org", "id"),
)  # fmt: skip

# The org for each address that a source ever had. Rows are never deleted, and no foreign key ties them to a source.
addresses = Table(
    "addresses", metadata, Column("address", Text, primary_key=True), _id("org"),
    sqlite_with_rowid=False,
)  # fmt: skip

workflows = Table(
    "workflows", metadata, _org(), _id("id"), _text("name"), _bytes("draft"), _number("version", null=True),
    _number("latest"), _id("source"), _number("generation"), _time("created"), _time("updated"),
    PrimaryKeyConstraint("org", "id"),
)  # fmt: skip

workflow_versions = Table(
    "workflow_versions", metadata, _id("org"), _id("workflow"), _number("number"), _bytes("definition"),
    _time("created"), _id("created_by", null=True),
    PrimaryKeyConstraint("org", "workflow", "number"),
    ForeignKeyConstraint(["org", "workflow"], ["workflows.org", "workflows.id"], ondelete="CASCADE"),
)  # fmt: skip

event_types = Table(
    "event_types", metadata, _org(), _text("direction"), _text("name"), _text("vendor", null=True),
    _text("version"), _text("summary"), _bytes("schema", null=True), _bytes("example", null=True),
    _time("updated"),
    PrimaryKeyConstraint("org", "direction", "name"),
)  # fmt: skip

# What senders sent --------------------------------------------------------------------------------------------------

requests = Table(
    "requests", metadata, _id("org"), _id("id"), _id("source"), _time("received"), _text("method"),
    _text("url"), _bytes("headers"), _bytes("body", null=True), _text("body_ref", null=True), _number("size"),
    _text("digest"), _text("client"), _text("dialect"), _text("state"), _text("step"), _text("reason"),
    _number("status"), _text("vendor", null=True), _id("secret", null=True), _text("account", null=True),
    _id("replay_of", null=True), _time("released", null=True),
    PrimaryKeyConstraint("org", "id"),
    Index("ix_requests_org_source_id", "org", "source", "id"),
    Index("ix_requests_unusual", "org", "state", "id", sqlite_where=text("state != 'accepted'")),
    Index("ix_requests_body_ref", "org", "body_ref", sqlite_where=text("body_ref IS NOT NULL")),
)  # fmt: skip

events = Table(
    "events", metadata, _id("org"), _id("id"), _id("source"), _id("request"), _text("type"),
    _text("key", null=True), _text("account", null=True), _time("time", null=True), _time("received"),
    _bytes("data", null=True), _text("data_ref", null=True), _flag("binary"), _flag("control"), _text("state"),
    _text("reason"),
    PrimaryKeyConstraint("org", "id"),
    Index("ix_events_org_request", "org", "request"),
    Index("ix_events_org_source_id", "org", "source", "id"),
    Index("ix_events_data_ref", "org", "data_ref", sqlite_where=text("data_ref IS NOT NULL")),
)  # fmt: skip

# Events of accepted requests that are not written yet (`rows_ref`), and what became of those that are (`outcome`).
event_groups = Table(
    "event_groups", metadata, _id("org"), _id("request"), _number("number"), _text("rows_ref", null=True),
    _bytes("outcome", null=True),
    PrimaryKeyConstraint("org", "request", "number"),
    Index("ix_event_groups_rows_ref", "org", "rows_ref", sqlite_where=text("rows_ref IS NOT NULL")),
    sqlite_with_rowid=False,
)  # fmt: skip

event_keys = Table(
    "event_keys", metadata, _id("org"), _id("source"), _text("account"), _text("key"), _id("event"),
    _bytes("executions"),
    PrimaryKeyConstraint("org", "source", "account", "key"),
    sqlite_with_rowid=False,
)  # fmt: skip

files = Table(
    "files", metadata, _id("org"), _id("id"), _id("request", null=True), _id("execution", null=True), _number("number"),
    _text("field"), _text("filename"), _text("media_type"), _number("size"), _time("created"), _text("data_ref"),
    PrimaryKeyConstraint("org", "id"),
    Index("ix_files_request", "org", "request", sqlite_where=text("request IS NOT NULL")),
    Index("ix_files_execution", "org", "execution", sqlite_where=text("execution IS NOT NULL")),
    Index("ix_files_data_ref", "org", "data_ref"),
)  # fmt: skip

nonces = Table(
    "nonces", metadata, _id("org"), _id("source"), _text("nonce"), _text("digest"), _id("request"),
    _bytes("events"), _time("claimed"),
    PrimaryKeyConstraint("org", "source", "nonce"),
    Index("ix_nonces_claimed", "claimed"),
    sqlite_with_rowid=False,
)  # fmt: skip

drift = Table(
    "drift", metadata, _id("org"), _id("source"), _text("type"), _text("detail"), _number("count"),
    _id("request"), _time("first"), _time("last"),
    PrimaryKeyConstraint("org", "source", "type", "detail"),
)  # fmt: skip

# What runs ----------------------------------------------------------------------------------------------------------

executions = Table(
    "executions", metadata, _id("org"), _id("id"), _id("workflow"), _number("version"), _text("kind"),
    _text("state"), _number("priority"), _bytes("trigger", null=True), _text("trigger_ref", null=True),
    _bytes("shared", null=True), _text("shared_ref", null=True), _bytes("definition", null=True),
    _text("definition_ref", null=True), _bytes("result", null=True),
    _text("result_ref", null=True), _text("error_node", null=True), _text("error", null=True),
    _id("source", null=True), _id("request", null=True), _id("event", null=True), _id("parent", null=True),
    _text("parent_node", null=True), _id("replay_of", null=True), _text("serial_key", null=True),
    _number("concurrency", null=True), _time("created"), _time("started", null=True),
    _time("finished", null=True), _time("due"), _time("ready", null=True), _text("owner", null=True),
    _number("fence"), _number("crashes"), _flag("woken"), _text("parked", null=True),
    PrimaryKeyConstraint("org", "id"),
    Index("ix_executions_org_workflow_id", "org", "workflow", "id"),
    Index("ix_executions_org_request", "org", "request", sqlite_where=text("request IS NOT NULL")),
    Index("ix_executions_ready", "owner", "priority", "ready", sqlite_where=text("ready IS NOT NULL")),
    Index("ix_executions_unusual", "org", "state", "id",
          sqlite_where=text("state IN ('failed', 'cancelled', 'held')")),
    Index("ix_executions_parent", "org", "parent", sqlite_where=text("parent IS NOT NULL")),
    Index("ix_executions_serial", "org", "workflow", "serial_key",
          sqlite_where=text("serial_key IS NOT NULL AND state IN ('running', 'waiting')")),
    Index("ix_executions_limited", "org", "workflow",
          sqlite_where=text("concurrency IS NOT NULL AND state = 'running'")),
    Index("ix_executions_parked_serial", "org", "workflow", "serial_key", "priority", "due",
          sqlite_where=text("parked = 'serial'")),
    Index("ix_executions_parked_limit", "org", "workflow", "priority", "due", sqlite_where=text("parked = 'limit'")),
    Index("ix_executions_trigger_ref", "org", "trigger_ref", sqlite_where=text("trigger_ref IS NOT NULL")),
    Index("ix_executions_shared_ref", "org", "shared_ref", sqlite_where=text("shared_ref IS NOT NULL")),
    Index("ix_executions_result_ref", "org", "result_ref", sqlite_where=text("result_ref IS NOT NULL")),
    Index("ix_executions_definition_ref", "org", "definition_ref", sqlite_where=text("definition_ref IS NOT NULL")),
)  # fmt: skip

nodes = Table(
    "nodes", metadata, _id("org"), _id("execution"), _text("node"), _number("item"), _text("state"),
    _number("attempts"), _bytes("input", null=True), _text("input_ref", null=True), _bytes("output", null=True),
    _text("output_ref", null=True), _text("error", null=True), _time("started", null=True),
    _time("finished", null=True), _time("due", null=True), _id("child", null=True), _number("crashes"),
    PrimaryKeyConstraint("org", "execution", "node", "item"),
    Index("ix_nodes_input_ref", "org", "input_ref", sqlite_where=text("input_ref IS NOT NULL")),
    Index("ix_nodes_output_ref", "org", "output_ref", sqlite_where=text("output_ref IS NOT NULL")),
)  # fmt: skip

# What goes out ------------------------------------------------------------------------------------------------------

subscriptions = Table(
    "subscriptions", metadata, _org(), _id("id"), _text("cuid"), _bytes("sealed_spec"), _number("generation"),
    _time("created"), _time("updated"), _time("failing_since", null=True), _flag("warned"),
    _text("disabled_reason"), _time("disabled_at", null=True),
    PrimaryKeyConstraint("org", "id"),
    Index("uq_subscriptions_org_cuid", "org", "cuid", unique=True),
)  # fmt: skip

messages = Table(
    "messages", metadata, _id("org"), _id("id"), _text("type"), _bytes("data", null=True),
    _text("data_ref", null=True), _time("created"), _text("client", null=True),
    _text("ordering_key", null=True), _text("idempotency_key", null=True),
    _text("idempotency_digest", null=True), _text("origin"), _text("state"),
    _text("reason"), _number("deliveries"),
    PrimaryKeyConstraint("org", "id"),
    Index("uq_messages_org_idempotency_key", "org", "idempotency_key", unique=True,
          sqlite_where=text("idempotency_key IS NOT NULL")),
    Index("ix_messages_unusual", "org", "state", "id", sqlite_where=text("state != 'accepted'")),
    Index("ix_messages_data_ref", "org", "data_ref", sqlite_where=text("data_ref IS NOT NULL")),
)  # fmt: skip

# Apart from the deliveries, which share them and are written again with every attempt.
bodies = Table(
    "bodies", metadata, _id("org"), _id("message"), _number("form"), _bytes("body", null=True),
    _text("body_ref", null=True),
    PrimaryKeyConstraint("org", "message", "form"),
    Index("ix_bodies_body_ref", "org", "body_ref", sqlite_where=text("body_ref IS NOT NULL")),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata, Column("sequence", Integer, primary_key=True, autoincrement=True), _id("org"),
    _id("id"), _id("message"), _id("subscription"), _text("type"), _text("state"), _number("form"),
    _text("ordering_key", null=True), _time("created"), _time("due"), _time("ready", null=True),
    _text("owner", null=True), _number("fence"), _number("crashes"), _number("attempts"), _number("tries"),
    _time("finished", null=True), _text("error"),
    Index("uq_deliveries_org_id", "org", "id", unique=True),
    Index("ix_deliveries_org_message", "org", "message"),
    Index("ix_deliveries_org_subscription_id", "org", "subscription", "id"),
    Index("ix_deliveries_ready", "org", "subscription", "ready", sqlite_where=text("ready IS NOT NULL")),
    Index("ix_deliveries_unusual", "org", "state", "id", sqlite_where=text("state != 'delivered'")),
    Index("ix_deliveries_undelivered", "org", "subscription", "state", "id",
          sqlite_where=text("state != 'delivered'")),
    Index("ix_deliveries_ordered", "subscription", "ordering_key", "sequence",
          sqlite_where=text("ordering_key IS NOT NULL AND state IN ('pending', 'paused')")),
    sqlite_autoincrement=True,
)  # fmt: skip

attempts = Table(
    "attempts", metadata, _id("org"), _id("delivery"), _number("number"), _time("at"),
    _text("address", null=True), _number("status", null=True), _number("duration_ms"),
    _bytes("request_headers"), _bytes("response_headers"), _text("response_body"), _text("error"),
    _flag("refused"),
    PrimaryKeyConstraint("org", "delivery", "number"),
)  # fmt: skip
