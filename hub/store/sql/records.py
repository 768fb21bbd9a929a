"""Rows of what the snapshot holds, to and from the records of `hub.model`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sqlalchemy import Row

from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.model.stored.access import KeyRecord, OrgRecord
from hub.model.stored.outbound import SubscriptionRecord, SubscriptionSpec
from hub.model.stored.source import SourceRecord, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowRecord, WorkflowVersion
from hub.model.wire.event_type import EventType
from hub.store.vault import Vault

__all__ = [
    "SecretKind",
    "answer_context",
    "event_type_record",
    "key_record",
    "newest_first",
    "open_secret",
    "org_record",
    "request_context",
    "sealed_secret",
    "sealed_spec",
    "secret_context",
    "source_record",
    "spec_bytes",
    "subscription_context",
    "subscription_record",
    "version_record",
    "workflow_record",
]

SecretKind = Literal["source", "subscription", "connection"]


def sealed_secret(vault: Vault, org: Id, owner: Id, kind: SecretKind, secret: StoredSecret) -> dict[str, Any]:
    """The row of a secret; its value and text are encrypted together, so that they cannot be exchanged separately."""
    packed = len(secret.value).to_bytes(4) + secret.value + secret.text.encode()
    return {
        "org": org,
        "owner": owner,
        "id": secret.id,
        "kind": kind,
        "slot": secret.slot,
        "label": secret.label,
        "sealed": vault.encrypt(packed, secret_context(org, owner, secret.id)),
        "created": secret.created,
        "expires": secret.expires,
        "revoked": secret.revoked,
        "last_used": None,
    }


def open_secret(vault: Vault, row: Row[Any]) -> StoredSecret:
    """The secret in a row.

    Raises:
        StoreError: The row was altered, or its master key is missing.
    """
    packed = vault.decrypt(row.sealed, secret_context(row.org, row.owner, row.id))
    end = 4 + int.from_bytes(packed[:4])
    return StoredSecret(
        id=row.id,
        slot=row.slot,
        value=packed[4:end],
        text=packed[end:].decode(),
        label=row.label,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
    )


def secret_context(org: Id, owner: Id, secret: Id) -> bytes:
    """Ties an encrypted secret to its row: it cannot be decrypted in another one."""
    return b"secrets" + org + owner + secret


def answer_context(org: Id, answer: Id) -> bytes:
    """What binds a kept answer to its row."""
    return b"answer" + org + answer


def request_context(org: Id, request: Id) -> bytes:
    """Ties the encrypted headers of a request to its row."""
    return b"requests" + org + request


def newest_first(secrets: Iterable[StoredSecret]) -> tuple[StoredSecret, ...]:
    """Secrets in the order of records."""
    return tuple(sorted(secrets, key=lambda secret: (secret.created, secret.id), reverse=True))


def spec_bytes(spec: SourceSpec) -> bytes:
    """The column `sources.spec`."""
    return dumps(spec.model_dump(mode="json", by_alias=True))


def source_record(row: Row[Any], secrets: Iterable[StoredSecret]) -> SourceRecord:
    """A source from its row and its secrets."""
    return SourceRecord(
        org=row.org,
        id=row.id,
        workflow=row.workflow,
        spec=SourceSpec.model_validate_json(row.spec),
        secrets=newest_first(secrets),
        generation=row.generation,
        created=row.created,
        updated=row.updated,
        created_by=row.created_by,
    )


def subscription_context(org: Id, subscription: Id) -> bytes:
    """Ties the encrypted spec of a subscription to its row."""
    return b"subscriptions" + org + subscription


def sealed_spec(vault: Vault, org: Id, subscription: Id, spec: SubscriptionSpec) -> bytes:
    """The column `subscriptions.sealed_spec`. It is encrypted because its headers may contain credentials."""
    return vault.encrypt(dumps(spec.model_dump(mode="json")), subscription_context(org, subscription))


def subscription_record(vault: Vault, row: Row[Any], secrets: Iterable[StoredSecret]) -> SubscriptionRecord:
    """A subscription from its row and its secrets.

    Raises:
        StoreError: The row was altered, or its master key is missing.
    """
    spec = vault.decrypt(row.sealed_spec, subscription_context(row.org, row.id))
    return SubscriptionRecord(
        org=row.org,
        id=row.id,
        cuid=row.cuid,
        spec=SubscriptionSpec.model_validate_json(spec),
        secrets=newest_first(secrets),
        generation=row.generation,
        created=row.created,
        updated=row.updated,
        failing_since=row.failing_since,
        warned=row.warned,
        disabled_reason=row.disabled_reason,
        disabled_at=row.disabled_at,
    )


def workflow_record(row: Row[Any]) -> WorkflowRecord:
    """A workflow from its row."""
    draft: Mapping[str, Any] = loads(row.draft)
    return WorkflowRecord(
        org=row.org,
        id=row.id,
        name=row.name,
        draft=draft,
        version=row.version,
        latest=row.latest,
        source=row.source,
        generation=row.generation,
        created=row.created,
        updated=row.updated,
    )


def version_record(row: Row[Any]) -> WorkflowVersion:
    """A published version from its row."""
    definition: Mapping[str, Any] = loads(row.definition)
    return WorkflowVersion(
        org=row.org,
        workflow=row.workflow,
        number=row.number,
        definition=definition,
        created=row.created,
        created_by=row.created_by,
    )


def key_record(row: Row[Any]) -> KeyRecord:
    """An API key from its row."""
    return KeyRecord(
        org=row.org,
        id=row.id,
        name=row.name,
        role=row.role,
        digest=row.digest,
        last4=row.last4,
        created=row.created,
        operator=row.operator,
        expires=row.expires,
        revoked=row.revoked,
        last_used=row.last_used,
    )


def org_record(row: Row[Any]) -> OrgRecord:
    """An org from its row."""
    return OrgRecord(id=row.id, name=row.name, created=row.created)


def event_type_record(row: Row[Any]) -> EventType:
    """An operator's event type from its row."""
    return EventType(
        name=row.name,
        direction=row.direction,
        vendor=row.vendor,
        version=row.version,
        summary=row.summary,
        schema=None if row.schema is None else loads(row.schema),
        example=None if row.example is None else loads(row.example),
    )
