"""Where a test hangs: pytest-timeout shows the stacks of threads, this module those of asyncio's tasks."""

from __future__ import annotations

import asyncio
import linecache
from collections.abc import Generator, Iterator
from types import CoroutineType
from typing import Any

import pytest

__all__ = ["pytest_runtest_makereport"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the tasks of the test's event loop to the report of a test that ran into its timeout."""
    report = yield
    if call.excinfo is not None and "from pytest-timeout" in str(call.excinfo.value):
        runners = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, asyncio.Runner)]
        tasks = [task for runner in runners for task in asyncio.all_tasks(runner.get_loop())]
        report.sections.append(("Tasks that were waiting", "\n".join(line for task in tasks for line in _told(task))))
    return report


def _told(task: asyncio.Task[Any]) -> Iterator[str]:
    yield task.get_name()
    waiting: object = task.get_coro()
    while isinstance(waiting, CoroutineType) and waiting.cr_frame is not None:
        file, number = waiting.cr_code.co_filename, waiting.cr_frame.f_lineno
        yield f"  {file}:{number} {waiting.__qualname__}: {linecache.getline(file, number).strip()}"
        waiting = waiting.cr_await
