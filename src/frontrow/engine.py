"""Work over many items, on threads, processes or a cluster: the same function, the same result, in the same order.

`map` runs on joblib, so a cluster is a backend and not another program: `dask` is the `distributed` client's own joblib
backend (extra `frontrow[dask]`); Ray comes through the same door once `ray.util.joblib.register_ray()` was called.

`start` runs a command of Frontrow in a supervised child process, which ends when its parent does, however that ended:
the child reads a pipe whose other end only the parent holds.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Literal, TypeVar

from frontrow.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
Backend = Literal["serial", "threads", "loky", "dask", "ray"]

_JOBLIB_NAMES = {"serial": "sequential", "threads": "threading", "loky": "loky", "dask": "dask", "ray": "ray"}
_CLUSTERS = ("dask", "ray")
_ORPHAN_GRACE_S = 10.0  # between SIGTERM and SIGKILL when the parent is gone


def map(  # `engine.map`, as the built-in
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    backend: Backend = "loky",
    workers: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Result]:
    """`[function(item) for item in items]`, computed by `workers` (all cores by default) and in that order.

    Linear algebra inside `function` runs on one thread in every backend, so the result is the same in all of them.
    `progress` gets (done, total, ""). What `function` raises is raised here with a note that names the item; Ctrl-C
    stops the worker processes. With `dask` a `distributed.Client` must be open.
    """
    from joblib import Parallel, delayed, parallel_config
    from threadpoolctl import threadpool_limits

    if backend not in _JOBLIB_NAMES:
        raise InputError(f"no backend {backend!r}; there are {', '.join(_JOBLIB_NAMES)}")
    listed = list(items)
    call = delayed(_Call(function, one_thread=backend in _CLUSTERS))
    results: list[Result] = []
    limits = {"inner_max_num_threads": 1} if backend == "loky" else {}
    try:
        config = parallel_config(backend=_JOBLIB_NAMES[backend], n_jobs=workers or -1, **limits)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"backend {backend!r} cannot be used: {str(error).splitlines()[0]}; see docs/jobs.md"
        ) from None
    with config, threadpool_limits(1):
        computed = Parallel(return_as="generator")(call(number, item) for number, item in enumerate(listed))
        try:
            for result in computed:
                results.append(result)
                if progress:
                    progress(len(results), len(listed), "")
        finally:
            computed.close()  # stops the workers when something was raised here
    return results


class _Call(Generic[Item, Result]):
    """The function with its place in the list, so that an error can name what failed."""

    def __init__(self, function: Callable[[Item], Result], *, one_thread: bool) -> None:
        self._function = function
        self._one_thread = one_thread

    def __call__(self, number: int, item: Item) -> Result:
        try:
            if not self._one_thread:
                return self._function(item)
            from threadpoolctl import threadpool_limits

            with threadpool_limits(1):
                return self._function(item)
        except Exception as error:
            shown = repr(item)
            error.add_note(f"item {number}: {shown if len(shown) <= 200 else shown[:200] + '...'}")
            raise


class Child:
    """A running `python -m frontrow ...` of ours. Whether to start it again is for the caller to decide."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: int) -> None:
        self._process = process
        self._lifeline = lifeline

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._process.poll()

    def stop(self, timeout_s: float) -> int:
        """Ask it to end (SIGTERM), and after `timeout_s` end it and its own children; return the exit status."""
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return self._process.returncode


def start(args: Sequence[str]) -> Child:
    """Run `frontrow ARGS...` beside this process, in a process group of its own; its output goes to stderr."""
    watched, lifeline = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [sys.executable, "-m", "frontrow.engine", str(watched), *args],
            stdin=subprocess.DEVNULL,
            stdout=2,
            pass_fds=(watched,),
            start_new_session=True,
        )
    except OSError:
        os.close(lifeline)
        raise
    finally:
        os.close(watched)
    return Child(process, lifeline)


def _end_with_parent(watched: int) -> None:
    """Wait until the parent is gone, then end this process as `stop` would."""
    while os.read(watched, 1):
        pass
    ended = threading.Timer(_ORPHAN_GRACE_S, os.killpg, (os.getpgrp(), signal.SIGKILL))
    ended.daemon = True
    ended.start()
    os.kill(os.getpid(), signal.SIGTERM)


def _run_child() -> None:
    watched = int(sys.argv[1])
    os.set_inheritable(watched, False)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
    sys.argv = ["frontrow", *sys.argv[2:]]
    runpy.run_module("frontrow", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run_child()
