"""Settings of the instance, from `HUB_…` environment variables."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["EMBEDDED", "Settings"]

EMBEDDED = "embedded"
"""Name of the core's own engine."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = Annotated[tuple[Network, ...], NoDecode]


class Settings(BaseSettings):
    """One value per environment variable: `host` is `HUB_HOST`, and so on.

    Raises:
        pydantic.ValidationError: A variable has a value that cannot be used; the message names it.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore")

    host: Annotated[str, Field(description="Address that the server listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="TCP port; 0 picks a free one.")] = 8000
    data_dir: Annotated[Path, Field(description="Directory of database, blobs and keys, mode 0700.")] = Path("data")
    admin_key: Annotated[
        SecretStr | None,
        Field(description="First admin key of the org `default`, 32 characters or more; made and shown once if unset."),
    ] = None
    public_url: Annotated[
        str | None, Field(description="Base URL under which senders reach the hub; signatures over URLs use it.")
    ] = None
    egress_allow: Annotated[
        Networks, Field(description="Private CIDRs, comma-separated, that outgoing calls may reach.")
    ] = ()
    trusted_proxies: Annotated[
        Networks,
        Field(description="CIDRs of proxies, comma-separated, that are believed about the sender."),
    ] = ()
    client_header: Annotated[
        Literal["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "forwarded"],
        Field(description="Header in which the trusted proxies tell the sender's address, in any case."),
    ] = "x-forwarded-for"
    database_url: Annotated[
        str | None,
        Field(description="SQLAlchemy URL; by default SQLite in the data directory. A plugin may bring other stores."),
    ] = None
    engine: Annotated[
        str, Field(description="Who runs executions: `embedded`, or the name of an engine that a plugin brings.")
    ] = EMBEDDED
    strict: Annotated[bool, Field(description="A broken plugin fails the start.")] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least level that is logged.")
    ] = "info"
    max_body_bytes: Annotated[
        int, Field(ge=1024, le=1 << 30, description="Cap of a request body where source and vendor set none.")
    ] = 1 << 20
    head_seconds: Annotated[
        float, Field(gt=0, le=600, description="Longest time a request's head may take, and a connection may idle.")
    ] = 15.0
    http2: Annotated[
        Literal["off", "on"],
        Field(description="Whether a connection in clear text may become HTTP/2; leave it off behind a proxy."),
    ] = "off"
    body_seconds: Annotated[float, Field(gt=0, le=600, description="Longest time a body may take to arrive.")] = 30.0
    wait_seconds: Annotated[float, Field(gt=0, le=600, description="Longest wait of a synchronous answer.")] = 30.0
    workers: Annotated[int, Field(ge=1, le=1024, description="Executions that run at once in this process.")] = 256
    externalize_bytes: Annotated[
        int, Field(ge=0, description="Results over this size are answered as a signed link.")
    ] = 128 * 1024
    link_seconds: Annotated[int, Field(ge=1, le=86_400, description="Life of such a link.")] = 10
    retain_requests_days: Annotated[
        int, Field(ge=0, description="0 keeps for ever. Event ids are known as duplicates for as long.")
    ] = 30
    retain_executions_days: Annotated[int, Field(ge=0, description="0 keeps for ever.")] = 30
    retain_deliveries_days: Annotated[int, Field(ge=0, description="0 keeps for ever.")] = 30
    retain_audit_days: Annotated[int, Field(ge=0, description="0 keeps for ever.")] = 365
    lease_seconds: Annotated[
        float,
        Field(ge=1, le=600, description="How soon the work of a process that died is taken up again."),
    ] = 15.0
    shutdown_seconds: Annotated[
        float, Field(ge=0, le=600, description="How long a stop waits for what was accepted.")
    ] = 30.0

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
            message = "HUB_ADMIN_KEY needs 32 characters or more"
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
        """The public base URL without a slash at the end; where none is configured, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"
