"""A source as callers send it: its spec and its secrets, which are write-only."""

from __future__ import annotations

import secrets as random_secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import Invalid, Problem
from hub.model.ids import new_id
from hub.model.masking import MASK, NOTHING_STORED, is_mask, masked_end
from hub.model.pointers import problems_of
from hub.model.stored.source import HMAC_SLOT, SHARED_KEY_SLOT, SIGNING_SLOT, URL_SLOT, SourceSpec, StoredSecret
from hub.model.wire.secret import Credential
from hub.plugins.host import Plugins
from hub.sdk.vendor import Vendor

__all__ = [
    "SECRET_FIELDS",
    "SecretInput",
    "SourceInput",
    "check_spec",
    "credential_of",
    "new_url_secret",
    "slots_given",
    "stored_secrets",
    "vendor_of",
]

SECRET_FIELDS = frozenset({"hmac_secret", "shared_key", "signing_secrets", "secrets"})

SecretText = Annotated[str, Field(min_length=1, max_length=16_384)]


class SecretInput(BaseModel):
    """A secret with the tenant or key id that it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: SecretText
    label: Annotated[str, Field(max_length=200)] | None = None


class SourceInput(SourceSpec):
    """A source with its secrets."""

    hmac_secret: SecretText | None = None
    shared_key: SecretText | None = None
    signing_secrets: tuple[SecretText, ...] = ()
    secrets: dict[str, tuple[SecretInput, ...]] = Field(default={})

    def spec(self) -> SourceSpec:
        """The source without its secrets."""
        fields = self.model_dump(exclude=set(SECRET_FIELDS), by_alias=True)
        return SourceSpec.model_validate(fields)


def vendor_of(spec: SourceSpec, plugins: Plugins, pointer: str = "") -> Vendor | None:
    """The vendor of the source; the settings fit it.

    Raises:
        Invalid: No active plugin has this vendor, or the settings do not fit it.
    """
    if spec.vendor is None:
        if spec.settings:
            raise Invalid("settings need a vendor", (Problem(f"{pointer}/settings", "set `vendor` as well"),))
        return None
    vendor = plugins.vendor(spec.vendor)
    if vendor is None:
        known = ", ".join(sorted(plugins.vendors)) or "none (install a plugin, such as hub-okta)"
        message = f"no active plugin has this vendor; active vendors: {known}"
        raise Invalid(f"unknown vendor {spec.vendor!r}", (Problem(f"{pointer}/vendor", message),))
    if vendor.settings is None:
        if spec.settings:
            message = f"{vendor.title} has no settings"
            raise Invalid(message, (Problem(f"{pointer}/settings", message),))
        return vendor
    try:
        vendor.settings.model_validate(spec.settings)
    except ValidationError as error:
        problems = problems_of(error, spec.settings, f"{pointer}/settings")
        raise Invalid(f"the settings do not fit {vendor.title}", problems) from error
    return vendor


def check_spec(spec: SourceSpec, plugins: Plugins, *, own: bool, pointer: str = "") -> None:
    """Check that a spec fits the URLs that its source has.

    Args:
        spec: The spec to be saved.
        plugins: The plugins; their dialects give the source its URLs.
        own: Whether it is a workflow's own source, which has the URLs that name a workflow.
        pointer: The JSON pointer to the spec within the body.

    Raises:
        Invalid: The allowlist has an IPv6 range, but a dialect of the source compares IPv4 addresses only (Tracecat).
    """
    narrow = [dialect.title for dialect in plugins.dialects if own and dialect.ipv4_only]
    problems = [
        Problem(
            f"{pointer}/allowlist/{number}",
            f"{entry} is IPv6, but {narrow[0]} URLs check IPv4 addresses only",
        )
        for number, entry in enumerate(spec.allowlist)
        if narrow and ip_network(entry, strict=False).version == 6
    ]
    if problems:
        message = "an IPv6 range would never match: put it on a shared source that triggers the workflow"
        raise Invalid(message, tuple(problems))


def credential_of(vendor: Vendor | None, slot: str) -> Credential:
    """The credential that belongs in a slot: the vendor's, or plain text without a vendor and in the core's own slots.

    Raises:
        KeyError: The vendor declares no such slot.
    """
    if slot in {HMAC_SLOT, SHARED_KEY_SLOT} or vendor is None:
        return Credential(slot)
    for credential in vendor.credentials:
        if credential.slot == slot:
            return credential
    raise KeyError(slot)


def _given(data: SourceInput) -> Iterator[tuple[str, str, str, str | None]]:
    """Each secret in the input: pointer, slot, text, label."""
    if data.hmac_secret is not None:
        yield "/hmac_secret", HMAC_SLOT, data.hmac_secret, None
    if data.shared_key is not None:
        yield "/shared_key", SHARED_KEY_SLOT, data.shared_key, None
    for number, text in enumerate(data.signing_secrets):
        yield f"/signing_secrets/{number}", SIGNING_SLOT, text, None
    for slot, values in data.secrets.items():
        for number, one in enumerate(values):
            yield f"/secrets/{slot}/{number}/value", slot, one.value, one.label


def stored_secrets(
    data: SourceInput,
    vendor: Vendor | None,
    now: int,
    pointer: str = "",
    stored: Sequence[StoredSecret] = (),
) -> list[StoredSecret]:
    """The secrets of the input, decoded as their credentials require.

    Args:
        data: The input.
        vendor: The vendor of the source.
        now: Microseconds UTC.
        pointer: The JSON pointer to the input within the body.
        stored: The secrets that the source has. A mask in the input stands for the one of its slot that it shows, or
            that has the same place among those of its slot, oldest first.

    Raises:
        Invalid: A mask stands for no secret, a secret does not have the form of its credential, or the vendor has no
            such slot.
    """
    found: list[StoredSecret] = []
    problems: list[Problem] = []
    places: Counter[str] = Counter()
    for place, slot, text, label in _given(data):
        places[slot] += 1
        if is_mask(text):
            kept = _masked_secret(text, places[slot], [one for one in stored if one.slot == slot])
            if kept is None or kept in found:
                problems.append(Problem(pointer + place, NOTHING_STORED))
            else:
                found.append(kept)
            continue
        try:
            value = credential_of(vendor, slot).decode(text)
        except KeyError:
            slots = ", ".join(one.slot for one in vendor.credentials) if vendor is not None else ""
            problems.append(Problem(pointer + place, f"the vendor has no slot {slot!r}; it has: {slots}"))
        except ValueError as error:
            problems.append(Problem(pointer + place, str(error)))
        else:
            found.append(StoredSecret(id=new_id(), slot=slot, value=value, text=text, label=label, created=now))
    if problems:
        raise Invalid("a secret is invalid", tuple(problems))
    return found


def _masked_secret(mask: str, place: int, stored: Sequence[StoredSecret]) -> StoredSecret | None:
    """The secret of a slot that a mask stands for; `place` is its place in the input, from 1."""
    mask = mask.strip()
    if mask != MASK:
        return next((one for one in stored if masked_end(one.text) == mask), None)
    oldest_first = sorted(stored, key=lambda one: (one.created, one.id))
    return oldest_first[place - 1] if place <= len(oldest_first) else None


def new_url_secret(now: int) -> StoredSecret:
    """A new secret for the Tracecat URL of a source: 256 random bits in base64url."""
    text = random_secrets.token_urlsafe(32)
    return StoredSecret(id=new_id(), slot=URL_SLOT, value=text.encode(), text=text, created=now)


def slots_given(data: SourceInput) -> Sequence[str]:
    """The slots whose secrets the input replaces."""
    slots = [
        slot
        for field, slot in (("hmac_secret", HMAC_SLOT), ("shared_key", SHARED_KEY_SLOT))
        if field in data.model_fields_set
    ]
    if "signing_secrets" in data.model_fields_set:
        slots.append(SIGNING_SLOT)
    return [*slots, *(slot for slot in data.secrets if slot not in slots)]
