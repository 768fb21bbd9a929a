"""Every table."""
# ruff: noqa: PLR0915 - one migration makes every table

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "addresses",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_addresses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "answers",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_answers")),
    )
    op.create_index("uq_answers_org_route_key", "answers", ["org", "route", "key"], unique=True)
    op.create_table(
        "attempts",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("delivery", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("request_headers", sa.LargeBinary(), nullable=False),
        sa.Column("response_headers", sa.LargeBinary(), nullable=False),
        sa.Column("response_body", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("org", "delivery", "number", name=op.f("pk_attempts")),
    )
    op.create_table(
        "audit",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_audit")),
    )
    op.create_table(
        "bodies",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("message", sa.LargeBinary(length=16), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_ref", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org", "message", "form", name=op.f("pk_bodies")),
    )
    op.create_index(
        "ix_bodies_body_ref", "bodies", ["org", "body_ref"], unique=False, sqlite_where=sa.text("body_ref IS NOT NULL")
    )
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("org", sa.LargeBinary(length=16), nullable=True),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("message", sa.LargeBinary(length=16), nullable=False),
        sa.Column("subscription", sa.LargeBinary(length=16), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("ordering_key", sa.Text(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_ordered",
        "deliveries",
        ["subscription", "ordering_key", "sequence"],
        unique=False,
        sqlite_where=sa.text("ordering_key IS NOT NULL AND state IN ('pending', 'paused')"),
    )
    op.create_index("ix_deliveries_org_message", "deliveries", ["org", "message"], unique=False)
    op.create_index("ix_deliveries_org_subscription_id", "deliveries", ["org", "subscription", "id"], unique=False)
    op.create_index(
        "ix_deliveries_ready",
        "deliveries",
        ["org", "subscription", "ready"],
        unique=False,
        sqlite_where=sa.text("ready IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_undelivered",
        "deliveries",
        ["org", "subscription", "state", "id"],
        unique=False,
        sqlite_where=sa.text("state != 'delivered'"),
    )
    op.create_index(
        "ix_deliveries_unusual",
        "deliveries",
        ["org", "state", "id"],
        unique=False,
        sqlite_where=sa.text("state != 'delivered'"),
    )
    op.create_index("uq_deliveries_org_id", "deliveries", ["org", "id"], unique=True)
    op.create_table(
        "drift",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(length=16), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "source", "type", "detail", name=op.f("pk_drift")),
    )
    op.create_table(
        "event_groups",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows_ref", sa.Text(), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("org", "request", "number", name=op.f("pk_event_groups")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_event_groups_rows_ref",
        "event_groups",
        ["org", "rows_ref"],
        unique=False,
        sqlite_where=sa.text("rows_ref IS NOT NULL"),
    )
    op.create_table(
        "event_keys",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(length=16), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event", sa.LargeBinary(length=16), nullable=False),
        sa.Column("executions", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", "source", "account", "key", name=op.f("pk_event_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(length=16), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("time", sa.Integer(), nullable=True),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("data_ref", sa.Text(), nullable=True),
        sa.Column("binary", sa.Boolean(), nullable=False),
        sa.Column("control", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_events")),
    )
    op.create_index(
        "ix_events_data_ref", "events", ["org", "data_ref"], unique=False, sqlite_where=sa.text("data_ref IS NOT NULL")
    )
    op.create_index("ix_events_org_request", "events", ["org", "request"], unique=False)
    op.create_index("ix_events_org_source_id", "events", ["org", "source", "id"], unique=False)
    op.create_table(
        "executions",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("workflow", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.LargeBinary(), nullable=True),
        sa.Column("trigger_ref", sa.Text(), nullable=True),
        sa.Column("shared", sa.LargeBinary(), nullable=True),
        sa.Column("shared_ref", sa.Text(), nullable=True),
        sa.Column("definition", sa.LargeBinary(), nullable=True),
        sa.Column("definition_ref", sa.Text(), nullable=True),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("result_ref", sa.Text(), nullable=True),
        sa.Column("error_node", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("source", sa.LargeBinary(length=16), nullable=True),
        sa.Column("request", sa.LargeBinary(length=16), nullable=True),
        sa.Column("event", sa.LargeBinary(length=16), nullable=True),
        sa.Column("parent", sa.LargeBinary(length=16), nullable=True),
        sa.Column("parent_node", sa.Text(), nullable=True),
        sa.Column("replay_of", sa.LargeBinary(length=16), nullable=True),
        sa.Column("serial_key", sa.Text(), nullable=True),
        sa.Column("concurrency", sa.Integer(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("started", sa.Integer(), nullable=True),
        sa.Column("finished", sa.Integer(), nullable=True),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("woken", sa.Boolean(), nullable=False),
        sa.Column("parked", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_executions")),
    )
    op.create_index(
        "ix_executions_definition_ref",
        "executions",
        ["org", "definition_ref"],
        unique=False,
        sqlite_where=sa.text("definition_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_executions_limited",
        "executions",
        ["org", "workflow"],
        unique=False,
        sqlite_where=sa.text("concurrency IS NOT NULL AND state = 'running'"),
    )
    op.create_index(
        "ix_executions_org_request",
        "executions",
        ["org", "request"],
        unique=False,
        sqlite_where=sa.text("request IS NOT NULL"),
    )
    op.create_index("ix_executions_org_workflow_id", "executions", ["org", "workflow", "id"], unique=False)
    op.create_index(
        "ix_executions_parent",
        "executions",
        ["org", "parent"],
        unique=False,
        sqlite_where=sa.text("parent IS NOT NULL"),
    )
    op.create_index(
        "ix_executions_parked_limit",
        "executions",
        ["org", "workflow", "priority", "due"],
        unique=False,
        sqlite_where=sa.text("parked = 'limit'"),
    )
    op.create_index(
        "ix_executions_parked_serial",
        "executions",
        ["org", "workflow", "serial_key", "priority", "due"],
        unique=False,
        sqlite_where=sa.text("parked = 'serial'"),
    )
    op.create_index(
        "ix_executions_ready",
        "executions",
        ["owner", "priority", "ready"],
        unique=False,
        sqlite_where=sa.text("ready IS NOT NULL"),
    )
    op.create_index(
        "ix_executions_result_ref",
        "executions",
        ["org", "result_ref"],
        unique=False,
        sqlite_where=sa.text("result_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_executions_serial",
        "executions",
        ["org", "workflow", "serial_key"],
        unique=False,
        sqlite_where=sa.text("serial_key IS NOT NULL AND state IN ('running', 'waiting')"),
    )
    op.create_index(
        "ix_executions_shared_ref",
        "executions",
        ["org", "shared_ref"],
        unique=False,
        sqlite_where=sa.text("shared_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_executions_trigger_ref",
        "executions",
        ["org", "trigger_ref"],
        unique=False,
        sqlite_where=sa.text("trigger_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_executions_unusual",
        "executions",
        ["org", "state", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('failed', 'cancelled', 'held')"),
    )
    op.create_table(
        "files",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16), nullable=True),
        sa.Column("execution", sa.LargeBinary(length=16), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("data_ref", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_data_ref", "files", ["org", "data_ref"], unique=False)
    op.create_index(
        "ix_files_execution", "files", ["org", "execution"], unique=False, sqlite_where=sa.text("execution IS NOT NULL")
    )
    op.create_index(
        "ix_files_request", "files", ["org", "request"], unique=False, sqlite_where=sa.text("request IS NOT NULL")
    )
    op.create_table(
        "jobs",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_ready", "jobs", ["ready"], unique=False, sqlite_where=sa.text("ready IS NOT NULL"))
    op.create_table(
        "messages",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("data_ref", sa.Text(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("ordering_key", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("idempotency_digest", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_data_ref",
        "messages",
        ["org", "data_ref"],
        unique=False,
        sqlite_where=sa.text("data_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_unusual",
        "messages",
        ["org", "state", "id"],
        unique=False,
        sqlite_where=sa.text("state != 'accepted'"),
    )
    op.create_index(
        "uq_messages_org_idempotency_key",
        "messages",
        ["org", "idempotency_key"],
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "nodes",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("execution", sa.LargeBinary(length=16), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("input", sa.LargeBinary(), nullable=True),
        sa.Column("input_ref", sa.Text(), nullable=True),
        sa.Column("output", sa.LargeBinary(), nullable=True),
        sa.Column("output_ref", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started", sa.Integer(), nullable=True),
        sa.Column("finished", sa.Integer(), nullable=True),
        sa.Column("due", sa.Integer(), nullable=True),
        sa.Column("child", sa.LargeBinary(length=16), nullable=True),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "execution", "node", "item", name=op.f("pk_nodes")),
    )
    op.create_index(
        "ix_nodes_input_ref", "nodes", ["org", "input_ref"], unique=False, sqlite_where=sa.text("input_ref IS NOT NULL")
    )
    op.create_index(
        "ix_nodes_output_ref",
        "nodes",
        ["org", "output_ref"],
        unique=False,
        sqlite_where=sa.text("output_ref IS NOT NULL"),
    )
    op.create_table(
        "nonces",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(length=16), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org", "source", "nonce", name=op.f("pk_nonces")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_nonces_claimed", "nonces", ["claimed"], unique=False)
    op.create_table(
        "orgs",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orgs")),
    )
    op.create_index("uq_orgs_name", "orgs", ["name"], unique=True)
    op.create_table(
        "plugins",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plugins")),
    )
    op.create_table(
        "requests",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("source", sa.LargeBinary(length=16), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_ref", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(length=16), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("replay_of", sa.LargeBinary(length=16), nullable=True),
        sa.Column("released", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_requests")),
    )
    op.create_index(
        "ix_requests_body_ref",
        "requests",
        ["org", "body_ref"],
        unique=False,
        sqlite_where=sa.text("body_ref IS NOT NULL"),
    )
    op.create_index("ix_requests_org_source_id", "requests", ["org", "source", "id"], unique=False)
    op.create_index(
        "ix_requests_unusual",
        "requests",
        ["org", "state", "id"],
        unique=False,
        sqlite_where=sa.text("state != 'accepted'"),
    )
    op.create_table(
        "connections",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_connections_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_connections")),
    )
    op.create_index("uq_connections_org_name", "connections", ["org", "name"], unique=True)
    op.create_table(
        "event_types",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("schema", sa.LargeBinary(), nullable=True),
        sa.Column("example", sa.LargeBinary(), nullable=True),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_event_types_org")),
        sa.PrimaryKeyConstraint("org", "direction", "name", name=op.f("pk_event_types")),
    )
    op.create_table(
        "keys",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=True),
        sa.Column("revoked", sa.Integer(), nullable=True),
        sa.Column("last_used", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_keys_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_keys")),
    )
    op.create_index("uq_keys_digest", "keys", ["digest"], unique=True)
    op.create_table(
        "secrets",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("owner", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=True),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("last_used", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_secrets_org")),
        sa.PrimaryKeyConstraint("org", "owner", "id", name=op.f("pk_secrets")),
    )
    op.create_table(
        "sources",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("workflow", sa.LargeBinary(length=16), nullable=True),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_sources_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_sources")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("cuid", sa.Text(), nullable=False),
        sa.Column("sealed_spec", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.Integer(), nullable=True),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_subscriptions_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_subscriptions")),
    )
    op.create_index("uq_subscriptions_org_cuid", "subscriptions", ["org", "cuid"], unique=True)
    op.create_table(
        "workflows",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("source", sa.LargeBinary(length=16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_workflows_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_workflows")),
    )
    op.create_table(
        "workflow_versions",
        sa.Column("org", sa.LargeBinary(length=16), nullable=False),
        sa.Column("workflow", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["org", "workflow"],
            ["workflows.org", "workflows.id"],
            name=op.f("fk_workflow_versions_org_workflow"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org", "workflow", "number", name=op.f("pk_workflow_versions")),
    )


def downgrade() -> None:
    """Change them back."""
    op.drop_table("workflow_versions")
    op.drop_table("workflows")
    op.drop_index("uq_subscriptions_org_cuid", table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_table("sources")
    op.drop_table("secrets")
    op.drop_index("uq_keys_digest", table_name="keys")
    op.drop_table("keys")
    op.drop_table("event_types")
    op.drop_index("uq_connections_org_name", table_name="connections")
    op.drop_table("connections")
    op.drop_index("ix_requests_unusual", table_name="requests", sqlite_where=sa.text("state != 'accepted'"))
    op.drop_index("ix_requests_org_source_id", table_name="requests")
    op.drop_index("ix_requests_body_ref", table_name="requests", sqlite_where=sa.text("body_ref IS NOT NULL"))
    op.drop_table("requests")
    op.drop_table("plugins")
    op.drop_index("uq_orgs_name", table_name="orgs")
    op.drop_table("orgs")
    op.drop_index("ix_nonces_claimed", table_name="nonces")
    op.drop_table("nonces")
    op.drop_index("ix_nodes_output_ref", table_name="nodes", sqlite_where=sa.text("output_ref IS NOT NULL"))
    op.drop_index("ix_nodes_input_ref", table_name="nodes", sqlite_where=sa.text("input_ref IS NOT NULL"))
    op.drop_table("nodes")
    op.drop_index(
        "uq_messages_org_idempotency_key", table_name="messages", sqlite_where=sa.text("idempotency_key IS NOT NULL")
    )
    op.drop_index("ix_messages_unusual", table_name="messages", sqlite_where=sa.text("state != 'accepted'"))
    op.drop_index("ix_messages_data_ref", table_name="messages", sqlite_where=sa.text("data_ref IS NOT NULL"))
    op.drop_table("messages")
    op.drop_index("ix_jobs_ready", table_name="jobs", sqlite_where=sa.text("ready IS NOT NULL"))
    op.drop_table("jobs")
    op.drop_index("ix_files_request", table_name="files", sqlite_where=sa.text("request IS NOT NULL"))
    op.drop_index("ix_files_execution", table_name="files", sqlite_where=sa.text("execution IS NOT NULL"))
    op.drop_index("ix_files_data_ref", table_name="files")
    op.drop_table("files")
    op.drop_index(
        "ix_executions_unusual",
        table_name="executions",
        sqlite_where=sa.text("state IN ('failed', 'cancelled', 'held')"),
    )
    op.drop_index("ix_executions_trigger_ref", table_name="executions", sqlite_where=sa.text("trigger_ref IS NOT NULL"))
    op.drop_index("ix_executions_shared_ref", table_name="executions", sqlite_where=sa.text("shared_ref IS NOT NULL"))
    op.drop_index(
        "ix_executions_serial",
        table_name="executions",
        sqlite_where=sa.text("serial_key IS NOT NULL AND state IN ('running', 'waiting')"),
    )
    op.drop_index("ix_executions_result_ref", table_name="executions", sqlite_where=sa.text("result_ref IS NOT NULL"))
    op.drop_index("ix_executions_ready", table_name="executions", sqlite_where=sa.text("ready IS NOT NULL"))
    op.drop_index("ix_executions_parked_serial", table_name="executions", sqlite_where=sa.text("parked = 'serial'"))
    op.drop_index("ix_executions_parked_limit", table_name="executions", sqlite_where=sa.text("parked = 'limit'"))
    op.drop_index("ix_executions_parent", table_name="executions", sqlite_where=sa.text("parent IS NOT NULL"))
    op.drop_index("ix_executions_org_workflow_id", table_name="executions")
    op.drop_index("ix_executions_org_request", table_name="executions", sqlite_where=sa.text("request IS NOT NULL"))
    op.drop_index(
        "ix_executions_limited",
        table_name="executions",
        sqlite_where=sa.text("concurrency IS NOT NULL AND state = 'running'"),
    )
    op.drop_index(
        "ix_executions_definition_ref", table_name="executions", sqlite_where=sa.text("definition_ref IS NOT NULL")
    )
    op.drop_table("executions")
    op.drop_index("ix_events_org_source_id", table_name="events")
    op.drop_index("ix_events_org_request", table_name="events")
    op.drop_index("ix_events_data_ref", table_name="events", sqlite_where=sa.text("data_ref IS NOT NULL"))
    op.drop_table("events")
    op.drop_table("event_keys")
    op.drop_index("ix_event_groups_rows_ref", table_name="event_groups", sqlite_where=sa.text("rows_ref IS NOT NULL"))
    op.drop_table("event_groups")
    op.drop_table("drift")
    op.drop_index("uq_deliveries_org_id", table_name="deliveries")
    op.drop_index("ix_deliveries_unusual", table_name="deliveries", sqlite_where=sa.text("state != 'delivered'"))
    op.drop_index("ix_deliveries_undelivered", table_name="deliveries", sqlite_where=sa.text("state != 'delivered'"))
    op.drop_index("ix_deliveries_ready", table_name="deliveries", sqlite_where=sa.text("ready IS NOT NULL"))
    op.drop_index("ix_deliveries_org_subscription_id", table_name="deliveries")
    op.drop_index("ix_deliveries_org_message", table_name="deliveries")
    op.drop_index(
        "ix_deliveries_ordered",
        table_name="deliveries",
        sqlite_where=sa.text("ordering_key IS NOT NULL AND state IN ('pending', 'paused')"),
    )
    op.drop_table("deliveries")
    op.drop_table("changes")
    op.drop_index("ix_bodies_body_ref", table_name="bodies", sqlite_where=sa.text("body_ref IS NOT NULL"))
    op.drop_table("bodies")
    op.drop_table("audit")
    op.drop_table("attempts")
    op.drop_index("uq_answers_org_route_key", table_name="answers")
    op.drop_table("answers")
    op.drop_table("addresses")
