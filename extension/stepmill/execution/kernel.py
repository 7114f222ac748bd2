"""One kernel process: started, watched and let go without fixed waits.

Upstream waits for 200 ms of silence at each start, polls for death once a second and for exit ten
times a second. Here every wait is for the thing itself: a reply, the process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import zmq
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Instance, Type

from stepmill.errors import KernelError, RunCancelled
from stepmill.execution.kernel_client import StepKernelClient
from stepmill.execution.kernelspecs import kernel_specs
from stepmill.execution.reaper import Leaving, Reaper, see_off
from stepmill.execution.resources import oom_kills

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from stepmill.execution.forking.servers import ForkServers
    from stepmill.execution.keeper import Keeper

_LONGEST_SOCKET_PATH = 90  # AF_UNIX allows 104 to 108 bytes; the names below add up to 10
_MOST_WORDS = 65_536  # bytes
_DRAIN_S = 0.1  # what a dying kernel has sent arrives within this
# ipykernel drops what it prints while a thousand messages wait for a slow reader, in the worst case
# with the message that ends the cell. Its socket belongs to the output thread; no name is bound.
# Said to a kernel that has answered, not before: the option reaches connections that exist, later ones
# have it as it was when the socket was bound.
_KEEP_ALL_OUTPUT = (
    "(lambda thread, option: thread.schedule(lambda: thread.socket.setsockopt(option, 0)))"
    "(__import__('IPython').get_ipython().kernel.iopub_thread, __import__('zmq').SNDHWM)"
)


class StepKernelManager(AsyncKernelManager):
    """Starts the process. The provisioner is the kernelspec's, or the configured default."""

    client_factory = Type(StepKernelClient, klass="jupyter_client.client.KernelClient", config=True)
    context = Instance(zmq.Context)
    make_provisioner: Callable[..., LocalProvisioner] | None = None
    """Makes the provisioner, where the kernelspec names none of its own."""

    def _context_default(self) -> zmq.Context[Any]:  # type: ignore[override]
        self._created_context = True
        context = zmq.Context()
        # Defaults for every socket: a kernel that binds late is found at once (upstream: within
        # 100 ms), and no output is dropped when it prints faster than we read.
        context.reconnect_ivl = 5
        context.rcvhwm = 0
        return context

    def client(self, **options: Any) -> StepKernelClient:  # type: ignore[override]
        client = super().client(context=self.context, **options)
        assert isinstance(client, StepKernelClient)
        return client

    async def launch(self, **options: Any) -> None:
        """Start the process: upstream's three stages without its pause of 10 ms."""
        spec = self.kernel_spec
        assert spec is not None
        if self.make_provisioner is not None and not (spec.metadata or {}).get("kernel_provisioner"):
            self.kernel_id = str(uuid4())
            self.provisioner = self.make_provisioner(kernel_id=self.kernel_id, kernel_spec=spec, parent=self)
        command, options = await self._async_pre_start_kernel(**options)
        await self._async_launch_kernel(command, **options)
        await self._async_post_start_kernel(**options)


class StepKernel:
    """A running kernel. Made by `start_kernel`, ended by `release` or `kill`."""

    def __init__(
        self, manager: StepKernelManager, folder: Path, log: Path | None, keeper: Keeper | None = None
    ) -> None:
        self.manager = manager
        self.client = manager.client()
        self.died = asyncio.Event()
        self._ended = asyncio.Event()  # at once; `died` when what it had sent is here
        self.info: dict[str, Any] = {}
        self._oom_kills = oom_kills()
        self._folder = folder
        self._log = log
        if self.cold_reason:
            self.note(f"this kernel was started, not forked: {self.cold_reason}")
        self._keeper, self._kept = keeper, -1
        process = getattr(manager.provisioner, "process", None)
        if keeper is not None and isinstance(process, subprocess.Popen):  # forked ones have their fork server
            self._kept = process.pid
            keeper.watch(self._kept)
        self._watch = asyncio.create_task(self._notice_death())

    async def _notice_death(self) -> None:
        await _process_end(self.manager)
        self._ended.set()
        await asyncio.sleep(_DRAIN_S)
        self.died.set()

    @property
    def cold_reason(self) -> str:
        """Why the kernel was not forked, though that was wished; "" if it was, or was not wished."""
        return str(getattr(self.manager.provisioner, "cold_reason", ""))

    @property
    def opening(self) -> str:
        """Code of ours for a kernel to run before any other; "" if there is none for such a kernel."""
        return _KEEP_ALL_OUTPUT if is_ipykernel(self.manager.kernel_spec) else ""

    @property
    def exit_code(self) -> int | None:
        """Return code of the process if it has ended, negative for a signal."""
        process = getattr(self.manager.provisioner, "process", None)
        return None if process is None else process.poll()

    def obituary(self) -> str:
        """Say how the process ended, and the likely reason."""
        code = self.exit_code
        if code is None:
            return "the kernel is gone"
        if code >= 0:
            return f"the kernel process ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hints = {"SIGKILL": self._about_memory(), "SIGSEGV": " (a crash in compiled code)"}
        return f"the kernel process was ended by {name}{hints.get(name, '')}"

    def _about_memory(self) -> str:
        """Say whether memory ran out, for a kernel that was killed, and how much it had."""
        peak_bytes = getattr(getattr(self.manager.provisioner, "process", None), "peak_bytes", 0)
        had = f"it had {peak_bytes / 1e6:,.0f} MB" if peak_bytes else ""
        if oom_kills() > self._oom_kills:
            return f": out of memory{had and ', '}{had}"
        return f" (out of memory?{had and ' '}{had})"

    async def interrupt(self) -> None:
        """Do what the stop button does; nothing if the process is gone."""
        if self.manager.has_kernel and not self.died.is_set():
            await self.manager.interrupt_kernel()

    async def nudge(self) -> None:
        """Make ipykernel's output thread look at its queue; its control thread is never busy."""
        if is_ipykernel(self.manager.kernel_spec):
            channel = self.client.control_channel
            while await channel.msg_ready():
                await channel.get_msg()
            channel.send(self.client.session.msg("kernel_info_request", {}))

    async def end_process(self) -> None:
        """Send the process and its children the signal that cannot be ignored."""
        if self.manager.provisioner is not None and self.manager.has_kernel:
            await self.manager.provisioner.kill()

    async def kill(self) -> None:
        """End the process and its children at once, and clean up."""
        try:
            await self.end_process()
            if self.manager.provisioner is not None:
                await self.manager.provisioner.wait()
            self._forget()
            self._keep_words()
        finally:
            await self._close()
            shutil.rmtree(self._folder, ignore_errors=True)

    async def release(self, reaper: Reaper | None) -> None:
        """Ask the kernel to exit. The rest of its end is the reaper's; without one, wait here."""
        provisioner = self.manager.provisioner
        process = getattr(provisioner, "process", None)
        if self.died.is_set() or process is None or not isinstance(provisioner, LocalProvisioner):
            await self.manager.shutdown_kernel(now=self.died.is_set())
            self._forget()
            await self._close()
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        await self._ask_to_exit()
        leaving = Leaving(
            process=process,
            folder=self._folder,
            signal_group=_group_signaller(process, provisioner.pgid),
            note=self.note,
            gone=self._forget,
        )
        await self._close()
        if reaper is None:
            await asyncio.to_thread(see_off, leaving)
        else:
            reaper.take(leaving)

    async def _ask_to_exit(self) -> None:
        """Wait until the kernel has heard: its answer is lost where it ends before a thread has sent it."""
        asked = asyncio.create_task(self.client.ask_to_exit(by_shell=is_ipykernel(self.manager.kernel_spec)))
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                asked.result()
        finally:
            asked.cancel()
            ended.cancel()
            await asyncio.gather(asked, ended, return_exceptions=True)

    def words(self) -> str:
        """Return the end of what the process itself printed."""
        try:
            with _words(self._log or Path(os.devnull)).open("rb") as printed:
                printed.seek(max(0, printed.seek(0, os.SEEK_END) - _MOST_WORDS))
                return printed.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def _keep_words(self) -> None:
        """Have in the log what the process said, if it ended by itself or never answered: it may say why."""
        if (self.died.is_set() or not self.info) and (words := self.words()):
            self.note(f"the kernel itself printed:\n{words}")

    def _forget(self) -> None:
        if self._keeper is not None and self._kept >= 0:
            self._keeper.forget(self._kept)

    def note(self, text: str) -> None:
        """Write a line about the kernel itself into the step's log."""
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"[stepmill] {text}\n")

    async def _close(self) -> None:
        if self._log is not None:
            with suppress(OSError):  # Windows, as long as the process has it open
                _words(self._log).unlink(missing_ok=True)
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        self.client.stop_channels()
        await self.manager.cleanup_resources()


async def start_kernel(
    name: str,
    *,
    folder: Path | None,
    environment: Mapping[str, str] | None,
    log: Path | None,
    timeout_s: float,
    is_cancelled: Callable[[], bool] = lambda: False,
    servers: ForkServers | None = None,
    keeper: Keeper | None = None,
    needs: Collection[str] = (),
) -> StepKernel:
    """Start the kernel called `name` in `folder` and return it when it answers.

    With `servers` it is forked where that is possible, from a process that has imported what it `needs`.

    Raises
    ------
    KernelError
        It is not installed, cannot be launched, died, or did not answer within `timeout_s`.
    RunCancelled
        `is_cancelled` became true first.
    """
    own = Path(tempfile.mkdtemp(prefix="stepmill-"))
    manager = _manager(name, own)
    if servers is not None:
        from stepmill.execution.forking.provisioner import fork_provisioner

        manager.make_provisioner = fork_provisioner(servers, needs, timeout_s, is_cancelled)
    try:
        await _launch(manager, name, folder, environment, log)
    except BaseException:
        await manager.cleanup_resources()
        shutil.rmtree(own, ignore_errors=True)
        raise
    try:
        kernel = StepKernel(manager, own, log, keeper)
    except BaseException:  # its log cannot be written, say
        await manager.shutdown_kernel(now=True)
        shutil.rmtree(own, ignore_errors=True)
        raise
    try:
        await _answer(kernel, name, time.monotonic() + timeout_s, timeout_s, is_cancelled)
    except BaseException:
        await kernel.kill()
        raise
    return kernel


def _manager(name: str, own: Path) -> StepKernelManager:
    specs = kernel_specs()
    try:
        spec = specs.get_kernel_spec(name)
    except NoSuchKernel:
        shutil.rmtree(own, ignore_errors=True)
        raise missing_kernel(name, sorted(specs.find_kernel_specs())) from None
    transport = "ipc" if _speaks_ipc(spec) and len(os.fsencode(own)) < _LONGEST_SOCKET_PATH else "tcp"
    return StepKernelManager(
        kernel_name=name,
        kernel_spec_manager=specs,
        transport=transport,
        connection_file=str(own / "k.json"),
    )


def missing_kernel(name: str, installed: list[str]) -> KernelError:
    """Return the error for a kernel that is not installed here."""
    return KernelError(
        f"the notebook asks for the kernel {name!r}, which is not installed here",
        hint=f"installed: {', '.join(installed) or 'none'}; choose one of them in the notebook, or install "
        f"the missing one in its environment with `python -m ipykernel install --user --name {name}`",
    )


def _speaks_ipc(spec: Any) -> bool:
    """Sockets as files have no port races; only ipykernel on this machine is known to take them."""
    local = not (spec.metadata or {}).get("kernel_provisioner")
    return os.name == "posix" and local and is_ipykernel(spec)


def is_ipykernel(spec: Any) -> bool:
    """Return whether a kernelspec starts IPython's kernel."""
    return any("ipykernel" in argument for argument in spec.argv)


async def _launch(
    manager: StepKernelManager,
    name: str,
    folder: Path | None,
    environment: Mapping[str, str] | None,
    log: Path | None,
) -> None:
    # Without its own history two kernels at a time wait for one sqlite file.
    spec = manager.kernel_spec
    assert spec is not None
    arguments = ["--HistoryManager.hist_file=:memory:"] if is_ipykernel(spec) else []
    with (_words(log) if log is not None else Path(os.devnull)).open("wb") as output:
        try:
            await manager.launch(
                extra_arguments=arguments,
                cwd=None if folder is None else str(folder),
                env=dict(os.environ if environment is None else environment),
                stdin=subprocess.DEVNULL,  # a read from it ends at once; it would hang for ever on a pipe
                stdout=output,
                stderr=output,
            )
        except OSError as error:
            raise KernelError(
                f"the kernel {name!r} cannot be launched: {error}",
                hint=f"its command is `{' '.join(spec.argv)}`, its folder {str(folder)!r}; does "
                "the environment that it belongs to still exist?",
            ) from error


async def _answer(
    kernel: StepKernel, name: str, deadline: float, timeout_s: float, is_cancelled: Callable[[], bool]
) -> None:
    def give_up() -> None:
        if is_cancelled():
            raise RunCancelled("cancelled while the kernel was starting")
        if time.monotonic() > deadline:
            raise KernelError(
                f"the kernel {name!r} did not answer within {timeout_s:g} s",
                hint="the machine may be overloaded; the step's log has what the kernel printed",
            )

    kernel.client.start_channels(hb=False)
    try:
        kernel.info = await kernel.client.ready(kernel.died, give_up)
    except Empty:
        raise KernelError(
            f"the kernel {name!r} did not start: {kernel.obituary()}{_last_words(kernel)}",
            hint="does `ipykernel` import in the environment of that kernel?",
        ) from None
    kernel.client.allow_stdin = False


def _words(log: Path) -> Path:
    """Return the file for what the process itself prints.

    What its children print is there too, though it comes as output of the cell: so it is not the log.
    """
    return log.with_name("kernel.txt")


def _last_words(kernel: StepKernel) -> str:
    """Return the last lines that the process printed, for an error message."""
    lines = kernel.words().strip().splitlines()[-3:]
    return "".join(f"\n  {line}" for line in lines)


async def _process_end(manager: StepKernelManager) -> None:
    """Return when the kernel's process has ended."""
    provisioner = manager.provisioner
    pid = provisioner.pid if isinstance(provisioner, LocalProvisioner) else None
    try:
        handle = -1 if pid is None or not hasattr(os, "pidfd_open") else os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:  # an old Linux, or a container that forbids it
        handle = -1
    if handle < 0:
        while await manager.is_alive():
            await asyncio.sleep(0.05)
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def _group_signaller(process: Any, group: int | None) -> Callable[[int], None]:
    def send(number: int) -> None:
        try:
            if group and hasattr(os, "killpg"):
                os.killpg(group, number)
            else:
                process.send_signal(number)
        except (ProcessLookupError, PermissionError):  # the latter on macOS, for a group of zombies
            return  # gone in the meantime

    return send
