"""TLS policies of calls, and the SSL contexts made from them."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.errors import Invalid, Problem

__all__ = ["TlsPolicy"]


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How the certificate of the other side is checked, and which one the hub presents.

    Calls with equal policies share connections.

    Attributes:
        verify: Whether certificate and host name are checked.
        ca: PEM certificates to trust instead of those of the machine; None trusts those of the machine.
        certificate: Client certificate as PEM, followed by the rest of its chain.
        key: Its key as PEM, without a pass phrase. It may be in `certificate` instead.
    """

    verify: bool = True
    ca: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """An SSL context for clients, TLS 1.2 or later, HTTP/1.1 only.

        It reads the certificates of the machine or a temporary file, which takes milliseconds: do not call it on the
        event loop.

        Raises:
            Invalid: A PEM text cannot be used; the problem points to its field in a subscription.
        """
        context = ssl.create_default_context() if self.ca is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.ca is not None:
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            try:
                context.load_verify_locations(cadata=self.ca)
            except (ssl.SSLError, TypeError, ValueError):
                raise _unusable("/tls/ca", "is not a PEM certificate that can be trusted") from None
        if self.certificate is not None:
            self._load(context)
        elif self.key is not None:
            raise _unusable("/tls/client_certificate", "is missing, but there is a key")
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        with _file("\n".join(filter(None, (self.certificate, self.key)))) as path:
            try:
                context.load_cert_chain(path, password=_no_pass_phrase)
            except ssl.SSLError as error:
                if error.reason == "KEY_VALUES_MISMATCH":
                    raise _unusable("/tls/client_certificate", "the key belongs to another certificate") from None
                raise _unusable("/tls/client_certificate", "is not a PEM certificate with an unencrypted key") from None
            except (OSError, ValueError):
                raise _unusable("/tls/client_certificate", "is not a PEM certificate with an unencrypted key") from None


def _no_pass_phrase() -> str:
    """Called for an encrypted key only. Without this callback OpenSSL would ask for a pass phrase on the terminal."""
    raise ValueError("the key is encrypted")


def _unusable(pointer: str, message: str) -> Invalid:
    return Invalid("the TLS options cannot be used", (Problem(pointer, message),))


@contextmanager
def _file(text: str) -> Iterator[str]:
    """A path to a text, which OpenSSL reads from files only: in memory if the system can, or in a temporary file."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            yield f"/proc/self/fd/{descriptor}"
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(text)
            file.flush()
            yield file.name
