"""The same function gives the same list on every backend, and no child outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from frontrow import engine
from frontrow.errors import InputError

BACKENDS = ("serial", "threads", "loky")


def trace_of_a_product(seed: int) -> float:
    A = np.random.default_rng(seed).normal(size=(200, 200))
    return float(np.linalg.inv(A @ A.T + np.eye(200)).sum())


def fail_at_three(n: int) -> int:
    if n == 3:
        raise InputError(f"{n} is too many")
    return n


def blas_threads(_: int) -> int:
    from threadpoolctl import threadpool_info

    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_come_in_order_and_bit_for_bit_alike(backend: engine.Backend) -> None:
    assert engine.map(trace_of_a_product, range(6), backend=backend) == [trace_of_a_product_alone(n) for n in range(6)]


def trace_of_a_product_alone(seed: int) -> float:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return trace_of_a_product(seed)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_keeps_its_class_and_names_the_item(backend: engine.Backend) -> None:
    with pytest.raises(InputError, match="3 is too many") as caught:
        engine.map(fail_at_three, range(5), backend=backend)
    assert caught.value.__notes__ == ["item 3: 3"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_linear_algebra_runs_on_one_thread_in_the_workers(backend: engine.Backend) -> None:
    assert engine.map(blas_threads, range(3), backend=backend, workers=2) == [1, 1, 1]


def test_progress_counts_to_the_end() -> None:
    steps: list[tuple[int, int]] = []
    engine.map(abs, [-1, -2], backend="serial", progress=lambda done, total, note: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    assert engine.map(abs, [], backend="serial") == []


def test_a_backend_that_is_unknown_or_not_set_up_is_named() -> None:
    with pytest.raises(InputError, match="no backend 'spark'; there are serial"):
        engine.map(abs, [1], backend="spark")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="backend 'ray' cannot be used"):
        engine.map(abs, [1], backend="ray")


def test_a_dask_cluster_gives_the_same_list() -> None:
    script = (
        "from distributed import Client, LocalCluster\n"
        "from frontrow import engine\n"
        "import math, operator\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:\n"
        "        with Client(cluster):\n"
        "            print(engine.map(math.factorial, range(5), backend='dask'))\n"
    )
    pytest.importorskip("distributed", reason="the extra frontrow[dask] is not installed")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[1, 1, 2, 6, 24]\n", done.stderr


INTERRUPTED = """
import os, sys, time
from frontrow import engine

def name_and_wait(n):
    os.write(1, f"{os.getpid()}\\n".encode())  # one write: two workers share the pipe
    time.sleep(60)

if __name__ == "__main__":
    engine.map(name_and_wait, range(2), backend="loky", workers=2)
"""


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie that nobody waits for counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(pid: int) -> None:
    descriptor = os.pidfd_open(pid) if not gone(pid) else None
    if descriptor is not None:
        import select

        select.select([descriptor], [], [], 30)
        os.close(descriptor)
    assert gone(pid)


@pytest.mark.crash
def test_ctrl_c_stops_the_worker_processes(tmp_path: Path) -> None:
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    workers = [int(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    process.wait(30)
    process.stdout.close()
    for pid in workers:
        wait_until_gone(pid)


def test_a_child_runs_a_command_and_tells_its_exit_status() -> None:
    child = engine.start(["--version"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.exit_status == 0
    assert child.stop(1) == 0


def test_stopping_a_child_ends_it_by_sigterm(tmp_path: Path) -> None:
    from frontrow.data.workspace import create

    create(tmp_path / "w")
    child = engine.start(["jobs", "work", "--workspace", str(tmp_path / "w")])
    assert child.exit_status is None
    assert child.stop(30) in (0, -signal.SIGTERM)
    assert gone(child.pid)


PARENT = """
import sys, time
from frontrow import engine
child = engine.start(["jobs", "work", "--workspace", sys.argv[1]])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.crash
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    from frontrow.data.workspace import create

    create(tmp_path / "w")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "w")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_gone(pid)
