"""`hub init`: a data directory with its keys, once."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import aiohttp

from tests.cli.processes import run_hub, serving


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_it_makes_private_files_and_shows_a_key_that_works_once(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    data = tmp_path / "deep" / "data"
    first = await run_hub("init", HUB_DATA_DIR=str(data))
    assert first.status == 0
    assert str(data) in first.out
    assert mode(data) == mode(data / "keys") == 0o700
    assert {mode(path) for path in (data / "keys").iterdir()} == {0o600}
    assert mode(data / "hub.db") == 0o600
    found = re.search(r"export HUB_API_KEY=(hub_\S{32,})", first.out)
    assert found is not None
    keys = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}

    again = await run_hub("init", HUB_DATA_DIR=str(data))
    assert again.status == 0
    assert "HUB_API_KEY" not in again.out
    assert {path.name: path.read_bytes() for path in (data / "keys").iterdir()} == keys

    async with (
        serving(HUB_DATA_DIR=str(data)) as hub,
        session.get(f"{hub.url}/api/workflows", headers={"X-Api-Key": found[1]}) as answer,
    ):
        assert answer.status == 200


async def test_a_key_from_the_environment_is_not_printed(data: dict[str, str]) -> None:
    said = await run_hub("init", **data)
    assert said.status == 0
    assert data["HUB_ADMIN_KEY"] not in said.out + said.err
    assert "HUB_API_KEY" not in said.out


async def test_a_file_in_the_way_is_told_in_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    said = await run_hub("init", HUB_DATA_DIR=str(blocked))
    assert said.status == 1
    assert said.err == f"Error: {blocked}: File exists; set HUB_DATA_DIR to a writable directory\n"


async def test_keys_of_another_database_are_told_in_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await run_hub("init", HUB_DATA_DIR=str(data))
    (data / "keys" / "root.key").write_text("not a key")
    said = await run_hub("init", HUB_DATA_DIR=str(data))
    assert said.status == 1
    assert "is not a key file: check that the keys in HUB_DATA_DIR belong to this database" in said.err


async def test_keys_that_were_lost_are_told_in_a_sentence(data: dict[str, str], session: aiohttp.ClientSession) -> None:
    keys = Path(data["HUB_DATA_DIR"]) / "keys"
    async with (
        serving(**data) as hub,
        session.post(f"{hub.url}/api/sources", json={}, headers={"X-Api-Key": data["HUB_ADMIN_KEY"]}) as answer,
    ):
        assert answer.status == 201
    shutil.rmtree(keys)
    for command in ("init", "serve"):
        said = await run_hub(command, **data)
        assert said.status == 1
        last = said.err.splitlines()[-1]
        assert last.startswith(f"Error: the keys in {keys} do not open what is sealed in the database (")
        assert last.endswith("): put back the keys directory that belongs to it")
