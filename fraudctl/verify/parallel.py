"""Runs tasks side by side in processes of their own, with one count of how far they are together."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from typing import Any

Task = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function of a module and its arguments; it is also given `tell`, to be called with steps done."""

_ASK_S = 0.5
_steps: Any = None


def run(tasks: Sequence[Task], processes: int, report: Callable[[int], None]) -> list[Any]:
    """The results in the order of the tasks; the first failure is raised. Without processes: right here.

    `report` gets the number of steps done so far.
    """
    if processes < 1:
        return _run_here(tasks, report)
    context = multiprocessing.get_context("spawn")
    steps = context.Value("q", 0)
    with ProcessPoolExecutor(processes, context, _take, (steps,)) as pool:
        try:
            futures = [pool.submit(_run_there, task) for task in tasks]
            pending = set(futures)
            while pending:
                done, pending = wait(pending, _ASK_S, FIRST_EXCEPTION)
                report(steps.value)
                for future in done:
                    future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _run_here(tasks: Sequence[Task], report: Callable[[int], None]) -> list[Any]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        report(done)

    return [function(*arguments, tell) for function, arguments in tasks]


def _take(steps: Any) -> None:
    global _steps
    _steps = steps


def _run_there(task: Task) -> Any:
    function, arguments = task
    return function(*arguments, _add)


def _add(more: int) -> None:
    with _steps.get_lock():
        _steps.value += more
