"""Settings of the instance, from `HUB_…` environment variables."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["EMBEDDED", "Settings"]

EMBEDDED = "embedded"
"""Name of the engine in the core."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = Annotated[tuple[Network, ...], NoDecode]


class Settings(BaseSettings):
    """One value per environment variable: `host` is `HUB_HOST`, and so on.

    Raises:
        pydantic.ValidationError: A variable has an invalid value; the message names it.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore")

    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="TCP port to listen on; 0 picks a free one.")] = 8000
    data_dir: Annotated[Path, Field(description="Directory of the database, blobs and keys, with mode 0700.")] = Path(
        "data"
    )
    admin_key: Annotated[
        SecretStr | None,
        Field(
            description="First admin key of the org `default`, at least 32 characters; if unset, one is made and shown."
        ),
    ] = None
    public_url: Annotated[
        str | None, Field(description="Base URL by which senders reach the hub; signatures over URLs use it.")
    ] = None
    egress_allow: Annotated[
        Networks, Field(description="Private address ranges (CIDRs, comma-separated) that outgoing calls may reach.")
    ] = ()
    trusted_proxies: Annotated[
        Networks,
        Field(description="Proxies (CIDRs, comma-separated) that are trusted to name the sender's address."),
    ] = ()
    client_header: Annotated[
        Literal["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "forwarded"],
        Field(description="Header in which the trusted proxies name the sender's address, in any case."),
    ] = "x-forwarded-for"
    database_url: Annotated[
        str | None,
        Field(
            description="SQLAlchemy URL; by default SQLite in the data directory. A plugin may provide other stores."
        ),
    ] = None
    engine: Annotated[
        str, Field(description="Engine that runs executions: `embedded`, or one that a plugin provides.")
    ] = EMBEDDED
    strict: Annotated[bool, Field(description="Do not start with a broken plugin.")] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Lowest level that is logged.")
    ] = "info"
    max_body_bytes: Annotated[
        int, Field(ge=1024, le=1 << 30, description="Largest request body, unless the source or vendor sets a limit.")
    ] = 1 << 20
    head_seconds: Annotated[
        float, Field(gt=0, le=600, description="Longest time for the head of a request, and for an idle connection.")
    ] = 15.0
    http2: Annotated[
        Literal["off", "on"],
        Field(description="Whether a plain-text connection may switch to HTTP/2; leave it off behind a proxy."),
    ] = "off"
    body_seconds: Annotated[float, Field(gt=0, le=600, description="Longest time for the body of a request.")] = 30.0
    wait_seconds: Annotated[
        float, Field(gt=0, le=600, description="Longest time that a sender waits for a result.")
    ] = 30.0
    workers: Annotated[int, Field(ge=1, le=1024, description="Executions that this process runs at once.")] = 256
    externalize_bytes: Annotated[int, Field(ge=0, description="A larger result is answered with a signed link.")] = (
        128 * 1024
    )
    link_seconds: Annotated[int, Field(ge=1, le=86_400, description="How long such a link works.")] = 10
    retain_requests_days: Annotated[
        int, Field(ge=0, description="0 keeps them for ever. Duplicate events are recognised for the same time.")
    ] = 30
    retain_executions_days: Annotated[int, Field(ge=0, description="0 keeps them for ever.")] = 30
    retain_deliveries_days: Annotated[int, Field(ge=0, description="0 keeps them for ever.")] = 30
    retain_audit_days: Annotated[int, Field(ge=0, description="0 keeps them for ever.")] = 365
    lease_seconds: Annotated[
        float,
        Field(ge=1, le=600, description="After this time another process continues the work of one that died."),
    ] = 15.0
    shutdown_seconds: Annotated[float, Field(ge=0, le=600, description="How long a stop waits for accepted work.")] = (
        30.0
    )

    @field_validator("egress_allow", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
        return value

    @field_validator("client_header", mode="before")
    @classmethod
    def _caseless(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            message = "HUB_ADMIN_KEY needs at least 32 characters"
            raise ValueError(message)
        return value

    @field_validator("public_url")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            message = "HUB_PUBLIC_URL must start with https:// or http://"
            raise ValueError(message)
        return value.rstrip("/") if value else None

    @property
    def base_url(self) -> str:
        """The public base URL without a trailing slash; host and port if none is configured."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def path_prefix(self) -> str:
        """The path of the public URL, such as `/hub`; empty where it has none."""
        return urlsplit(self.public_url or "").path.rstrip("/")
