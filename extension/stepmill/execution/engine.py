"""The papermill engine `stepmill`.

papermill loads engine entry points *while it is being imported*, so this module must be complete
without papermill: the class has papermill's three methods but not its base class, and everything
heavy is imported when a notebook runs. `import stepmill.execution.engine` then works first or last.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from stepmill.errors import RunCancelled
from stepmill.execution.executors.base import Ending, StepExit
from stepmill.execution.session import StepSession

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

T = TypeVar("T")


class StepmillEngine:
    """Runs a notebook in a fresh kernel, with one save at the end instead of two per cell."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **options: Any,
    ) -> Any:
        """Return `nb` with its outputs. `session` among the options is our executor's."""
        from stepmill.execution.saving import manager_class

        session: StepSession = options.get("session") or _plain_session(options)
        manager = manager_class()(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        if not isinstance(options.get("input_path"), str):
            nb.metadata.papermill["input_path"] = None  # papermill puts a whole document there
        manager.notebook_start()
        session.document = nb
        try:
            session.exit = _in_own_loop(lambda: _execute(manager, kernel_name, session, log_output, options))
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        if "session" not in options:
            _raise_as_papermill_does(session.exit)
        return manager.nb

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return `name`, or the kernel that `nb` asks for."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return `language`, or the one that `nb` is written in."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))


def _plain_session(options: dict[str, Any]) -> StepSession:
    """Take papermill's own options: somebody runs `papermill --engine stepmill`."""
    return StepSession(
        start_timeout_s=options.get("start_timeout") or 60,
        cell_timeout_s=options.get("execution_timeout") or options.get("timeout"),
    )


def _raise_as_papermill_does(ending: StepExit) -> None:
    from nbclient.exceptions import DeadKernelError

    if ending.ending is Ending.DIED:
        raise DeadKernelError(ending.message)


async def _execute(
    manager: Any, kernel_name: str, session: StepSession, log_output: bool, options: dict[str, Any]
) -> StepExit:
    from papermill.log import logger

    from stepmill.execution.client import Echo, StepClient
    from stepmill.execution.kernel import start_kernel

    started = time.monotonic()
    try:
        kernel = await start_kernel(
            kernel_name,
            folder=session.folder,
            environment=session.environment,
            log=session.log,
            timeout_s=session.start_timeout_s,
            is_cancelled=lambda: session.is_cancelled,
            servers=session.servers,
            keeper=session.keeper,
            needs=session.needs,
        )
    except RunCancelled as error:
        return StepExit(ending=Ending.CANCELLED, seconds=0.0, message=error.message)
    start_seconds = time.monotonic() - started
    with _open_log(session.log) as log:
        echo = Echo(
            log,
            logger=logger if log_output else None,
            stdout=options.get("stdout_file"),
            stderr=options.get("stderr_file"),
        )
        try:
            ending = await StepClient(manager, kernel, session, echo).run()
        except BaseException:
            await kernel.kill()
            raise
    if ending.ending in (Ending.COMPLETED, Ending.FAILED):
        await kernel.release(session.reaper)
    else:
        await kernel.kill()
    return replace(ending, start_seconds=start_seconds, cold_reason=kernel.cold_reason)


def _open_log(path: Path | None) -> Any:
    return nullcontext() if path is None else path.open("a", encoding="utf-8", errors="backslashreplace")


def _in_own_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in an event loop that is closed again, also where a loop already runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(work)
    results: list[T] = []
    problems: list[BaseException] = []

    def target() -> None:
        try:
            results.append(_run(work))
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            problems.append(error)

    thread = threading.Thread(target=target, name="stepmill-engine")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return results[0]


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    # The selector loop on every platform: zmq needs add_reader, which Windows' default has not.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(work())
