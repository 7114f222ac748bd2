"""Runs the cells of a notebook in one kernel, and takes down what comes back."""

from __future__ import annotations

import asyncio
import time
from queue import Empty
from typing import TYPE_CHECKING, Any, TextIO

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from stepmill.errors import KernelError
from stepmill.execution.executors.base import BEFORE_ALL, CellError, Ending, StepExit
from stepmill.execution.printed import Streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.execution.kernel import StepKernel
    from stepmill.execution.session import StepSession

_TICK_S = 0.05
_INTERRUPT_GRACE_S = 1.0
_PROGRESS_EVERY_S = 0.2
_IOPUB_TIMEOUT_S = 600  # for what is still on its way when a cell has ended: a busy machine, much output
_SILENCE_S = 2.0
_MOST_LOGGED = 200_000_000  # characters that a step prints, not how long it prints


class StepClient(NotebookClient):
    """nbclient, with death and cancellation noticed at once, and outputs as a front end stores them."""

    def __init__(self, manager: Any, kernel: StepKernel, session: StepSession, echo: Echo) -> None:
        super().__init__(
            manager.nb,
            km=kernel.manager,
            timeout=session.cell_timeout_s,
            iopub_timeout=_IOPUB_TIMEOUT_S,
            raise_on_iopub_timeout=True,
            on_cell_error=self._note_reply,
        )
        self.kc = kernel.client
        self._manager = manager
        self._kernel = kernel
        self._session = session
        self._echo = echo
        self._reply: dict[str, Any] = {}
        self._stopped: Ending | None = None
        self._current: int | None = None
        self._streams = Streams()
        self._cut: list[str] = []
        self._progress = _Progress(None, 0)

    async def run(self) -> StepExit:
        """Run all cells, or until one fails, the step's time is over, or it is cancelled."""
        started = time.monotonic()
        guard = asyncio.create_task(self._guard(started))
        try:
            ending, error = await self._run_cells()
        finally:
            guard.cancel()
            await asyncio.gather(guard, return_exceptions=True)
        if not guard.cancelled():
            guard.result()  # raises what it met
        self.nb.metadata["language_info"] = self._kernel.info["language_info"]
        self.set_widgets_metadata()
        return self._exit(ending, error, time.monotonic() - started)

    async def _run_cells(self) -> tuple[Ending, CellError | None]:
        cells = [i for i, cell in enumerate(self.nb.cells) if cell.cell_type == "code"]
        bodies = [i for i in cells if _is_the_users(self.nb.cells[i])]
        self._progress = _Progress(self._session.progress, len(bodies))
        opening = (self._kernel.opening, self._session.asides.get(BEFORE_ALL, ""))
        if any(opening):  # in one request: each costs some milliseconds
            failure = await self._run_aside("\n".join(filter(None, opening)))
            if failure is not None:
                return failure
        for number, index in enumerate(cells, 1):
            if self._stopped is not None:
                return self._stopped, None
            if index in bodies:
                self._progress.at(bodies.index(index) + 1)
            failure = await self._run_cell(index, number, len(cells))
            if failure is None and index in self._session.asides:
                failure = await self._run_aside(self._session.asides[index])
            if failure is not None:
                return failure
        return Ending.COMPLETED, None

    async def _run_cell(self, index: int, number: int, total: int) -> tuple[Ending, CellError | None] | None:
        cell = self.nb.cells[index]
        self._current, self._reply, self._streams = index, {}, Streams()
        self._echo.heading(cell, number, total)
        self._manager.cell_start(cell, index)
        try:
            await self.async_execute_cell(cell, index)
        except CellExecutionError as error:
            self._manager.cell_exception(cell, cell_index=index, exception=error)
            return self._stopped or Ending.FAILED, self._cell_error(index, error)
        except DeadKernelError:
            ending = self._stopped or Ending.DIED
            self._manager.cell_exception(cell, cell_index=index)
            cell.outputs.append(_death_notice(ending, self._kernel.obituary()))
            return ending, None
        except CellTimeoutError as error:
            if self._session.cell_timeout_s:  # papermill's own option: its callers expect this error
                raise
            raise KernelError(f"the outputs of a cell did not arrive: {error}") from error
        finally:
            self._streams.settle()
            self._note_cut(cell)
            self._manager.cell_complete(cell, cell_index=index)
        return None

    async def _run_aside(self, code: str) -> tuple[Ending, CellError | None] | None:
        """Run code of ours that the notebook does not notice; return how the kernel ended, if it did."""
        request = self._kernel.client.execute(code, silent=True, store_history=False, allow_stdin=False)
        reply = asyncio.create_task(self._reply_to(request))
        death = asyncio.create_task(self._kernel.died.wait())
        try:
            await asyncio.wait({reply, death}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reply.cancel()
            death.cancel()
            await asyncio.gather(reply, death, return_exceptions=True)
        if reply.cancelled():
            return self._stopped or Ending.DIED, None
        content = reply.result()
        if content.get("status") != "ok":
            self._echo.note(f"{content.get('ename')}: {content.get('evalue')}")
        return None

    async def _reply_to(self, request: str) -> dict[str, Any]:
        while True:
            try:
                message = await self._kernel.client.shell_channel.get_msg(timeout=_SILENCE_S)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") == request:
                content: dict[str, Any] = message["content"]
                return content

    def _cell_error(self, index: int, error: CellExecutionError) -> CellError:
        return CellError(
            cell=index,
            ename=error.ename,
            evalue=error.evalue,
            traceback=tuple(self._reply.get("traceback") or ()),
            execution_count=self._reply.get("execution_count"),
        )

    def _exit(self, ending: Ending, error: CellError | None, seconds: float) -> StepExit:
        return StepExit(
            ending=ending,
            seconds=seconds,
            cell=self._current,
            error=error,
            exit_code=self._kernel.exit_code if ending is Ending.DIED else None,
            message=self._message(ending, error),
            cut=tuple(self._cut),
        )

    def _message(self, ending: Ending, error: CellError | None) -> str:
        if ending is Ending.FAILED and error is not None:
            return f"{error.ename}: {error.evalue}" if error.evalue else error.ename
        return {
            Ending.DIED: self._kernel.obituary(),
            Ending.TIMED_OUT: f"stopped after its timeout of {self._session.timeout_s:g} s"
            if self._session.timeout_s
            else "",
            Ending.CANCELLED: "cancelled",
        }.get(ending, "")

    def _note_reply(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply["content"]

    # Stopping ------------------------------------------------------------------------------------

    async def _guard(self, started: float) -> None:
        """Stop the kernel when it is time to; at once if nobody can look after it any more."""
        try:
            await self._stop_in_time(started)
        except Exception:
            await self._kernel.end_process()
            raise

    async def _stop_in_time(self, started: float) -> None:
        """Interrupt the kernel when it is time to; kill it if it does not give in."""
        limit_s = self._session.timeout_s
        while self._stopped is None:
            await asyncio.sleep(_TICK_S)
            self._progress.tell()
            if self._session.is_cancelled:
                self._stopped = Ending.CANCELLED
            elif limit_s is not None and time.monotonic() - started > limit_s:
                self._stopped = Ending.TIMED_OUT
        await self._kernel.interrupt()
        await asyncio.sleep(_INTERRUPT_GRACE_S)
        await self._kernel.end_process()

    async def _async_poll_kernel_alive(self) -> None:
        # Called by nbclient for each cell; upstream looks once a second.
        await self._kernel.died.wait()
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    # Outputs -------------------------------------------------------------------------------------

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        output = super().process_message(msg, cell, cell_index)
        if self._manager.is_due():
            self._streams.show()
            self._manager.autosave_cell()
        if output:
            self._echo.output(output)
        return output

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: Any, cell_index: int) -> Any:
        output = super().output(outs, msg, display_id, cell_index)
        if output:  # None: a widget took it
            self._streams.take(outs)
        return output

    def _note_cut(self, cell: Any) -> None:
        if self._streams.left_out:
            ours = cell.metadata.get("stepmill", {}).get("cell", self._current)
            self._cut.append(
                f"cell {ours} printed more than a notebook can hold: {self._streams.left_out:,} characters "
                "in the middle are only in the step's log.txt"
            )

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: Any, cell_index: int) -> None:
        # As upstream, and it nudges a silent kernel: a text that cannot be encoded (half of a
        # surrogate pair) stops ipykernel's output thread, with all that is queued, until the next event.
        while True:
            try:
                message = await self._kernel.client.iopub_channel.get_msg(timeout=_SILENCE_S)
            except Empty:
                await self._kernel.nudge()
                continue
            if message["parent_header"].get("msg_id") == parent_msg_id:
                try:
                    self.process_message(message, cell, cell_index)
                except CellExecutionComplete:
                    return


def _death_notice(ending: Ending, obituary: str) -> Any:
    text = obituary if ending is Ending.DIED else f"{ending.value}: {obituary}"
    error = {"ename": "DeadKernelError", "evalue": text, "traceback": [f"DeadKernelError: {text}"]}
    return NotebookNode(output_type="error", **error)  # type: ignore[no-untyped-call]


def _is_the_users(cell: Any) -> bool:
    """Return whether a cell of the step notebook is one of the user's, or nobody says what it is."""
    return bool(cell.metadata.get("stepmill", {}).get("role", "body") == "body")


class _Progress:
    """Tells which cell runs, not too often; one that was not told at once is told a moment later."""

    def __init__(self, report: Callable[[int, int], None] | None, total: int) -> None:
        self._report = report
        self._total = total
        self._told_s = -_PROGRESS_EVERY_S
        self._number = self._told = 0

    def at(self, number: int) -> None:
        self._number = number
        self.tell(now=number == self._total)

    def tell(self, *, now: bool = False) -> None:
        time_s = time.monotonic()
        is_due = now or time_s - self._told_s >= _PROGRESS_EVERY_S
        if self._report is not None and self._number != self._told and is_due:
            self._told, self._told_s = self._number, time_s
            self._report(self._number, self._total)


class Echo:
    """Copies outputs, as text, to the step's log and to whatever papermill was asked to fill."""

    def __init__(
        self, log: TextIO | None, *, logger: Any = None, stdout: Any = None, stderr: Any = None
    ) -> None:
        self._log = log
        self._logger = logger
        self._streams = {"stdout": stdout, "stderr": stderr}
        self._room = _MOST_LOGGED
        self._is_at_start = True

    def heading(self, cell: Any, number: int, total: int) -> None:
        """Say which cell comes now."""
        if self._log is not None:
            ours = cell.metadata.get("stepmill", {})
            name = f"cell {ours['cell']}" if ours.get("cell") is not None else ours.get("role", "cell")
            self.note(f"[{number}/{total} {name}]")

    def note(self, text: str) -> None:
        """Write a line of our own into the log."""
        if self._log is not None:
            self._write(f"{'' if self._is_at_start else chr(10)}{text}\n")

    def output(self, output: Any) -> None:
        """Pass on one output."""
        kind = output["output_type"]
        if kind == "stream":
            self._stream(output["name"], output["text"])
        elif kind == "error":
            self._write("\n".join(output["traceback"]) + "\n")
        elif "text/plain" in output.get("data", {}):
            self._print(f"{output['data']['text/plain']}\n")
            if self._logger is not None:
                self._logger.info(output["data"]["text/plain"])

    def _stream(self, name: str, text: str) -> None:
        self._print(text)
        if self._logger is not None:
            (self._logger.info if name == "stdout" else self._logger.warning)(text)
        stream = self._streams.get(name)
        if stream is not None:
            stream.write(text)
            stream.flush()

    def _print(self, text: str) -> None:
        """Log what the step prints while there is room: one that prints for ever must not fill the disk."""
        if self._room > 0:
            self._write(text)
            self._room -= len(text)
            if self._room <= 0:
                self.note(
                    f"[stepmill] what else is printed is not logged: more than {_MOST_LOGGED:,} characters"
                )

    def _write(self, text: str) -> None:
        if self._log is not None and text:
            self._log.write(text)
            self._log.flush()
            self._is_at_start = text.endswith("\n")
