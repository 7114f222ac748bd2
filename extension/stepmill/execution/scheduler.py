"""Which step starts when: of those that are ready the one behind which most work waits, if there is room."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from stepmill.errors import StepmillError
from stepmill.execution.resources import UNLIMITED, USUAL, Resources
from stepmill.model.run import StepOutcome, StepStatus, outcome_of_error

Perform = Callable[[str], StepOutcome]
_LOOK_S = 0.5  # Windows delivers Ctrl-C only between waits


def run_steps(
    order: Sequence[str],
    upstream: Mapping[str, Collection[str]],
    perform: Perform,
    *,
    jobs: int,
    cancel: threading.Event,
    fail_fast: bool = False,
    seconds: Mapping[str, float] | None = None,
    needs: Mapping[str, Resources] | None = None,
    room: Resources = UNLIMITED,
) -> Mapping[str, StepOutcome]:
    """Call `perform` for each step of `order` when its upstream steps are good; return all outcomes.

    At most `jobs` at a time, and no more than there is `room` for what the steps need; one that needs
    more than all of it runs alone. Where several may start, the one goes first behind which most work
    waits by `seconds`, how long steps are expected to take (one that nobody knows counts as one of the
    known); in doubt, and with one job, the one that comes first in `order`.

    `perform` runs in worker threads. A StepmillError that it raises is the step's outcome `failed`.
    What comes after a step that is not good is `skipped`, naming that step; other branches go on,
    unless `fail_fast`. After `cancel`, and after Ctrl-C in the calling thread (which sets it), no
    step starts: the running ones are waited for, the others are `cancelled`. Names in `upstream`
    that are not in `order` count as good. A second Ctrl-C is raised.

    Raises
    ------
    BaseException
        Whatever else `perform` raises, after the others were cancelled and have come back.
    """
    scheduler = _Scheduler(order, upstream, perform, jobs, cancel, fail_fast)
    scheduler.room, scheduler.needs = room, needs or {}
    if jobs > 1:
        scheduler.hurry(urgency(order, upstream, seconds or {}))
    return scheduler.run()


def urgency(
    order: Sequence[str], upstream: Mapping[str, Collection[str]], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return how long it takes at least from the start of each step to the end of all that wait for it."""
    known = list(seconds.values())
    usual_s = sum(known) / len(known) if known else 1.0
    found = {name: seconds.get(name, usual_s) for name in order}
    for name in reversed(_in_order(order, upstream)):
        for above in upstream.get(name, ()):
            if above in found:
                found[above] = max(found[above], seconds.get(above, usual_s) + found[name])
    return found


def _in_order(order: Sequence[str], upstream: Mapping[str, Collection[str]]) -> list[str]:
    """Return the steps such that each comes after its upstream; those of a cycle are left out."""
    names = set(order)
    above = {name: {u for u in upstream.get(name, ()) if u in names} for name in order}
    below: dict[str, list[str]] = {name: [] for name in order}
    for name, those in above.items():
        for one in those:
            below[one].append(name)
    found = [name for name in order if not above[name]]
    for name in found:  # it grows
        for one in below[name]:
            above[one].discard(name)
            if not above[one]:
                found.append(one)
    return found


class _Scheduler:
    """One call of `run_steps`; only the calling thread touches its state."""

    def __init__(
        self,
        order: Sequence[str],
        upstream: Mapping[str, Collection[str]],
        perform: Perform,
        jobs: int,
        cancel: threading.Event,
        fail_fast: bool,
    ) -> None:
        names = set(order)
        self._upstream = {name: [u for u in upstream.get(name, ()) if u in names] for name in order}
        self._waiting = list(order)
        self._order = tuple(order)
        self._perform = perform
        self._jobs = max(1, jobs)
        self._cancel = cancel
        self._fail_fast = fail_fast
        self._running: set[str] = set()
        self.needs: Mapping[str, Resources] = {}
        self.room = UNLIMITED
        self._outcomes: dict[str, StepOutcome] = {}
        self._finished: queue.SimpleQueue[tuple[str, StepOutcome | BaseException] | None] = (
            queue.SimpleQueue()
        )  # None: Ctrl-C
        self._is_interrupted = False
        self._bug: BaseException | None = None

    def hurry(self, urgency: Mapping[str, float]) -> None:
        """Let the most urgent go first where several may start."""
        self._waiting.sort(key=lambda name: -urgency[name])

    def run(self) -> Mapping[str, StepOutcome]:
        with self._heeding_interrupts():
            while True:
                try:
                    self._loop()
                    break
                except KeyboardInterrupt:  # somebody's own handler raised it, or it is the second
                    if self._is_interrupted:
                        self._cancel.set()
                        raise
                    self._is_interrupted = True
        if self._bug is not None:
            raise self._bug
        return {name: self._outcomes[name] for name in self._order}

    @contextmanager
    def _heeding_interrupts(self) -> Iterator[None]:
        """Have the first Ctrl-C come as a message: an exception anywhere would lose what just finished."""
        before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or before is not signal.default_int_handler:
            yield
            return

        def heed(*_: object) -> None:
            signal.signal(signal.SIGINT, before)
            self._is_interrupted = True
            self._finished.put(None)

        signal.signal(signal.SIGINT, heed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _loop(self) -> None:
        while True:
            if self._is_interrupted:
                self._cancel.set()
            self._settle()
            self._start()
            if not self._running:
                break
            self._collect()
        if self._waiting and self._bug is None:
            raise ValueError(f"these steps wait for each other: {', '.join(self._waiting)}")

    def _settle(self) -> None:
        """Give an outcome to what will not run any more."""
        for name in tuple(self._waiting):
            outcome = self._not_to_run(name)
            if outcome is not None:
                self._waiting.remove(name)
                self._outcomes[name] = outcome

    def _not_to_run(self, name: str) -> StepOutcome | None:
        if self._cancel.is_set():
            return StepOutcome(status=StepStatus.CANCELLED, reason="the run was cancelled before it started")
        bad = _first(u for u in self._upstream[name] if self._is_bad(u))
        if bad is not None:
            return StepOutcome(status=StepStatus.SKIPPED, reason=self._why_skipped(bad))
        failed = _first(n for n in self._outcomes if self._fail_fast and self._is_bad(n))
        if failed is not None:
            return StepOutcome(status=StepStatus.SKIPPED, reason=self._why_skipped(failed))
        return None

    def _is_bad(self, name: str) -> bool:
        return name in self._outcomes and not self._outcomes[name].status.is_good

    def _why_skipped(self, bad: str) -> str:
        outcome = self._outcomes[bad]
        if outcome.status is StepStatus.SKIPPED:
            return outcome.reason  # names the step that failed in the first place
        return f"step {bad!r} {outcome.status.value}"

    def _start(self) -> None:
        for name in tuple(self._waiting):
            if len(self._running) >= self._jobs:
                return
            if all(u in self._outcomes for u in self._upstream[name]):
                if not self._fits(name):
                    return  # nothing overtakes it: it would wait for ever for room that others take
                self._waiting.remove(name)
                self._running.add(name)
                # A daemon: after a second Ctrl-C nothing keeps the interpreter from exiting.
                threading.Thread(target=self._work, args=(name,), name=f"step-{name}", daemon=True).start()

    def _fits(self, name: str) -> bool:
        taken = [self.needs.get(other, USUAL) for other in self._running]
        return not taken or self.room.hold([*taken, self.needs.get(name, USUAL)])

    def _work(self, name: str) -> None:
        result: StepOutcome | BaseException
        try:
            result = self._perform(name)
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            result = error
        self._finished.put((name, result))

    def _collect(self) -> None:
        found = self._next()
        if found is None:
            return
        name, result = found
        self._running.discard(name)
        if isinstance(result, StepmillError):
            result = outcome_of_error(result)
        elif isinstance(result, BaseException):
            self._bug = self._bug or result
            self._cancel.set()
            result = StepOutcome(status=StepStatus.FAILED, reason=f"{type(result).__name__}: {result}")
        self._outcomes[name] = result

    def _next(self) -> tuple[str, StepOutcome | BaseException] | None:
        while True:
            try:
                return self._finished.get(timeout=_LOOK_S)
            except queue.Empty:
                continue


def _first(names: Iterable[str]) -> str | None:
    return next(iter(names), None)
