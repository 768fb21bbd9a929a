"""Encryption at rest, rotation, fingerprints, derived keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import StoreError
from hub.store.vault import Vault


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(tmp_path_factory.mktemp("vault") / "keys")


@given(data=st.binary(max_size=300), context=st.binary(max_size=40))
def test_what_is_sealed_opens_in_its_context_only(vault: Vault, data: bytes, context: bytes) -> None:
    sealed = vault.encrypt(data, context)

    assert vault.decrypt(sealed, context) == data
    assert len(data) < 4 or data not in sealed
    with pytest.raises(StoreError):
        vault.decrypt(sealed, context + b"!")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(min_size=1, max_size=50), where=st.integers(min_value=0), bit=st.integers(0, 7))
def test_every_altered_bit_is_noticed(vault: Vault, data: bytes, where: int, bit: int) -> None:
    sealed = bytearray(vault.encrypt(data, b"c"))
    sealed[where % len(sealed)] ^= 1 << bit

    with pytest.raises(StoreError):
        vault.decrypt(bytes(sealed), b"c")


def test_the_same_text_seals_differently_each_time(vault: Vault) -> None:
    assert len({vault.encrypt(b"secret", b"") for _ in range(100)}) == 100


def test_too_short_is_no_sealed_value(vault: Vault) -> None:
    for damaged in (b"", b"\x01" * 20, b"\x02" * 100):
        with pytest.raises(StoreError):
            vault.decrypt(damaged, b"")


def test_key_files_are_private_and_made_once(tmp_path: Path) -> None:
    first = Vault(tmp_path / "keys")
    files = sorted((tmp_path / "keys").iterdir())

    assert [file.name for file in files] == ["master-1.key", "root.key"]
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    second = Vault(tmp_path / "keys")
    assert second.decrypt(first.encrypt(b"x", b"c"), b"c") == b"x"


def test_after_a_rotation_old_values_open_and_new_ones_take_the_new_key(tmp_path: Path) -> None:
    vault, other = Vault(tmp_path), Vault(tmp_path)
    old = vault.encrypt(b"old", b"c")
    assert vault.rotate() == 2
    new = vault.encrypt(b"new", b"c")

    assert (vault.decrypt(old, b"c"), vault.decrypt(new, b"c")) == (b"old", b"new")
    assert (vault.stale(old), vault.stale(new)) == (True, False)
    assert other.decrypt(new, b"c") == b"new", "another process finds the new key by itself"
    (tmp_path / "master-1.key").unlink()
    vault.reload()
    with pytest.raises(StoreError, match="master key 1"):
        vault.decrypt(old, b"c")


def test_another_process_encrypts_with_a_new_key_soon(tmp_path: Path) -> None:
    vault, other, slow = Vault(tmp_path), Vault(tmp_path, look_seconds=0), Vault(tmp_path, look_seconds=3_600)
    for number in (2, 3):
        assert vault.rotate() == number
        assert not vault.stale(other.encrypt(b"x", b"c"))
        assert vault.stale(slow.encrypt(b"x", b"c"))
    assert slow.rotate() == 4, "beside the keys that it had not seen yet"
    assert not slow.stale(slow.encrypt(b"x", b"c"))


def test_fingerprints_and_purposes_are_stable_and_of_this_hub_only(tmp_path: Path) -> None:
    vault, again, other = Vault(tmp_path / "a"), Vault(tmp_path / "a"), Vault(tmp_path / "b")
    before = (vault.fingerprint("token"), vault.derive("links"))
    vault.rotate()

    assert (vault.fingerprint("token"), vault.derive("links")) == before
    assert (again.fingerprint("token"), again.derive("links")) == before
    assert other.fingerprint("token") != before[0]
    assert other.derive("links") != before[1]
    assert vault.derive("links") != vault.derive("sessions")
    assert vault.fingerprint("token") != vault.fingerprint("token2")
    assert vault.fingerprint("\udcff") != vault.fingerprint("\udcfe"), "bytes of headers that are no text count"


def test_a_spoilt_key_file_is_named(tmp_path: Path) -> None:
    Vault(tmp_path)
    for spoilt in (b"short", b"QUJD", b"\xff\xfe"):
        (tmp_path / "root.key").write_bytes(spoilt)
        with pytest.raises(StoreError, match=r"root\.key"):
            Vault(tmp_path)
