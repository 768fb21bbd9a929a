"""Encryption at rest under master keys that can be rotated, and keys derived for other purposes.

A sealed value is `1 | key id (4) | salt (16) | nonce (12) | AES-256-GCM ciphertext and tag`. Each vault derives its
own key from the master key and a random salt (HKDF-SHA256, RFC 5869). It takes a new salt long before the number of
random nonces under one key becomes a risk (NIST SP 800-38D, 8.3: at most 2^32).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from base64 import b64decode, b64encode
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import KeysMissing, StoreError

__all__ = ["Vault"]

_VERSION = b"\x01"
_HEAD = 1 + 4 + 16
_NONCE = 12
_PER_SALT = 1 << 28
_ROOT = "root.key"
_LOOK_SECONDS = 1.0


_nonces: list[bytes] = []
_AT_ONCE = 256
"""Nonces fetched from the kernel at once, since each call is a switch to it."""
os.register_at_fork(after_in_child=_nonces.clear)


class Vault:
    """The keys of one hub, read from a directory (mode 0700) of key files (mode 0600).

    `root.key` derives fingerprints and keys for other purposes and never changes. `master-<id>.key` encrypt: the one
    with the highest id encrypts, all of them decrypt. Missing files are created, the root key before the first master
    key. Whether the keys are those of the database is checked by the store.

    Another process may rotate the master key: this one looks for a newer key at most once in `look_seconds`, and then
    encrypts with it.

    Args:
        directory: `<data_dir>/keys`.
        look_seconds: Time within which a new master key of another process is used.

    Raises:
        StoreError: A key file cannot be used.
        KeysMissing: There are master keys without their root key.
    """

    def __init__(self, directory: Path, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self.directory = directory
        self._look_seconds = look_seconds
        self._looked = 0.0
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        if not (directory / _ROOT).exists() and any(directory.glob("master-*.key")):
            raise KeysMissing(
                f"{directory / _ROOT} is missing: put back the keys directory that belongs to the database"
            )
        self._root = _key_file(directory / _ROOT)
        self._fingerprints = self.derive("fingerprint")
        self._masters: dict[int, bytes] = {}
        self.reload()
        if not self._masters:
            self.rotate()

    def reload(self) -> None:
        """Read the master keys again, because another process may have added one."""
        self._masters = {
            int(path.stem.removeprefix("master-")): _key_file(path) for path in self.directory.glob("master-*.key")
        }
        self._cipher = lru_cache(maxsize=256)(self._derive_cipher)
        self._fresh_salt()
        self._looked = time.monotonic()

    def rotate(self) -> int:
        """Create a new master key, which encrypts from now on; the old ones still decrypt. Returns its id."""
        self.reload()
        number = max(self._masters, default=0) + 1
        _key_file(self.directory / f"master-{number}.key")
        self.reload()
        return number

    @property
    def newest(self) -> int:
        """Id of the master key that encrypts."""
        return max(self._masters, default=0)

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """Seal `data`. It opens only with the same `context` (the table and key of its row), and only unaltered."""
        if time.monotonic() - self._looked >= self._look_seconds:
            self._look_for_newer_key()
        self._left -= 1
        if self._left < 0:
            self._fresh_salt()
        head, cipher = self._sealing
        nonce = _nonces.pop() if _nonces else _more_nonces()
        return head + nonce + cipher.encrypt(nonce, data, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """Open what `encrypt` sealed.

        Raises:
            StoreError: The master key is missing, the context is another one, or the bytes were altered.
        """
        if sealed[:1] != _VERSION or len(sealed) < _HEAD + _NONCE + 16:
            raise StoreError("a sealed value is damaged")
        if int.from_bytes(sealed[1:5]) not in self._masters:
            self.reload()
        try:
            cipher = self._cipher(sealed[1:5], sealed[5:_HEAD])
            return cipher.decrypt(sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :], context)
        except InvalidTag as error:
            raise StoreError("a sealed value was altered or belongs elsewhere") from error

    def stale(self, sealed: bytes) -> bool:
        """Whether `sealed` is under an older master key than the newest."""
        return int.from_bytes(sealed[1:5]) != self.newest

    def fingerprint(self, text: str) -> str:
        """A keyed fingerprint of a credential: the same text gives the same one, which does not reveal the text."""
        mark = hmac.digest(self._fingerprints, text.encode("utf-8", "surrogateescape"), hashlib.sha256)
        return mark.hex()[:16]

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for a purpose (`links`), always the same."""
        return _hkdf(self._root, b"", b"hub/purpose/" + purpose.encode())

    def _look_for_newer_key(self) -> None:
        self._looked = time.monotonic()
        if (self.directory / f"master-{self.newest + 1}.key").exists():
            self.reload()

    def _fresh_salt(self) -> None:
        if not self._masters:
            return
        key, salt = self.newest.to_bytes(4), secrets.token_bytes(16)
        self._sealing = (_VERSION + key + salt, self._derive_cipher(key, salt))
        self._left = _PER_SALT

    def _derive_cipher(self, key: bytes, salt: bytes) -> AESGCM:
        master = self._masters.get(int.from_bytes(key))
        if master is None:
            raise StoreError(f"master key {int.from_bytes(key)} is not in {self.directory}")
        return AESGCM(_hkdf(master, salt, b"hub/seal"))


def _more_nonces() -> bytes:
    random = os.urandom(_NONCE * _AT_ONCE)
    _nonces.extend(random[start : start + _NONCE] for start in range(_NONCE, len(random), _NONCE))
    return random[:_NONCE]


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(key)


def _key_file(path: Path) -> bytes:
    """The 32 bytes in a key file, which is created if it is missing."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(secrets.token_bytes(32)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # Unlike a rename, a link never replaces: of two processes that create the file at once, both go on with
            # the key of the one that was first.
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    try:
        key = b64decode(path.read_bytes().strip(), validate=True)
    except ValueError as error:
        raise StoreError(f"{path} is not a key file") from error
    if len(key) != 32:
        raise StoreError(f"{path} is not a key file")
    return key
