"""Findings about the distribution of a plugin."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hub.plugins.loader import CORE, GROUP
from hub.testing.examination import Finding

__all__ = ["Project", "findings", "installed", "project_at"]


@dataclass(frozen=True, slots=True)
class Project:
    """A plugin that may not be installed yet.

    Attributes:
        point: Its entry point.
        requires: Its requirements, as in metadata.
        files: Names of files of its package.
    """

    name: str
    version: str
    point: EntryPoint
    summary: str
    requires: tuple[str, ...]
    files: frozenset[str]


def project_at(directory: Path) -> Project:
    """The plugin whose pyproject.toml is in a directory.

    Raises:
        ValueError: There is no readable pyproject.toml, or it does not have exactly one entry point in the group `hub`.
    """
    try:
        document = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{directory / 'pyproject.toml'} cannot be read: {error}") from error
    project = document.get("project", {})
    points = project.get("entry-points", {}).get(GROUP, {})
    if len(points) != 1:
        raise ValueError(
            f"{directory / 'pyproject.toml'} names {len(points)} entry points in the group {GROUP!r}, not one"
        )
    [(name, value)] = points.items()
    point = EntryPoint(name, value, GROUP)
    package = directory / point.module.partition(".")[0]
    return Project(
        name=project.get("name", ""),
        version=project.get("version", ""),
        point=point,
        summary=project.get("description", ""),
        requires=tuple(project.get("dependencies", ())),
        files=frozenset(one.name for one in package.iterdir()) if package.is_dir() else frozenset(),
    )


def installed(point: EntryPoint) -> Project:
    """The plugin of an installed entry point."""
    dist = point.dist
    package = find_spec(point.module.partition(".")[0])
    places = (package.submodule_search_locations if package is not None else None) or ()
    return Project(
        name=dist.name if dist is not None else "",
        version=dist.version if dist is not None else "",
        point=point,
        summary=str(dist.metadata.json.get("summary") or "") if dist is not None else "",
        requires=tuple(dist.requires or ()) if dist is not None else (),
        files=frozenset(one.name for place in places for one in Path(place).iterdir()),
    )


def findings(project: Project) -> Iterator[Finding]:
    """Check name, requirements, types and summary of a distribution."""
    named = canonicalize_name(project.name)
    usual = f"hub-{project.point.name}"
    yield Finding(
        "silver",
        "the distribution is named after the plugin",
        ""
        if named == usual
        else f"the distribution is named {project.name!r}: name it {usual!r}, where people look for it",
    )
    yield Finding("silver", "it requires a bounded range of versions of the core", _bound(project))
    yield Finding(
        "gold", "it is typed", "" if "py.typed" in project.files else "put an empty py.typed into the package"
    )
    yield Finding("gold", "it has a summary", "" if project.summary else "say in `description` what the plugin is for")


def _bound(project: Project) -> str:
    wanted = f"require {CORE} with an upper bound, such as {CORE}>=0.1,<0.2"
    for text in project.requires:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) == CORE:
            bounded = any(one.operator in ("<", "<=", "==", "~=") for one in requirement.specifier)
            return "" if bounded else wanted
    return wanted
