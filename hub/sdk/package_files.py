"""JSON files that a plugin's package brings along."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from hub.model.json import loads

__all__ = ["json_files", "json_object"]


def json_files(package: str, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and JSON object of every `*.json` in a folder of a package, in order of name; none without the folder.

    Raises:
        ValueError: A file does not hold a JSON object; the message names it.
    """
    directory = resources.files(package) / folder
    if directory.is_dir():
        files = (file for file in directory.iterdir() if file.name.endswith(".json"))
        for file in sorted(files, key=lambda file: file.name):
            yield file.name, _object(file)


def json_object(package: str, name: str) -> dict[str, Any]:
    """The JSON object in a file of a package; empty without the file. Raises `ValueError` as `json_files` does."""
    file = resources.files(package) / name
    return _object(file) if file.is_file() else {}


def _object(file: Traversable) -> dict[str, Any]:
    try:
        document = loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{file.name} is not a JSON object")  # noqa: TRY004 - the text of the file is wrong, not a type
    return document
