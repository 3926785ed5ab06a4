"""Tasks in parallel: by processes on this machine, or by the workers of a Dask scheduler on any number of machines."""

from __future__ import annotations

import platform
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config

from dense_grasp_train.data.files import DatasetError

_CONNECT_SECONDS = 10
_WORKER_SECONDS = 60


@contextmanager
def connected(scheduler: str | None) -> Iterator[Any]:
    """The client of the Dask scheduler at this address, once it has a worker; None without an address.

    Raises DatasetError when no scheduler or no worker answers.
    """
    if scheduler is None:
        yield None
        return
    from distributed import Client
    from distributed import TimeoutError as DaskTimeout

    try:
        client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except OSError as error:
        raise DatasetError(
            f"no Dask scheduler answers at {scheduler} ({error}), expected one started with `dask scheduler`"
        ) from error
    try:
        try:  # a task, not a look at the list of workers: an adaptive cluster starts the first one for it
            client.submit(platform.node, pure=False).result(timeout=_WORKER_SECONDS)
        except DaskTimeout as error:
            raise DatasetError(
                f"the Dask scheduler at {scheduler} has no worker after {_WORKER_SECONDS} s, expected some started "
                f"with `dask worker {scheduler}`"
            ) from error
        yield client
    finally:
        client.close()


def in_parallel(
    function: Callable[..., int], tasks: list[tuple[Any, ...]], jobs: int, client: Any = None
) -> Iterator[int]:
    """Call `function` with each task's arguments; results come in the order in which they are done.

    jobs: processes on this machine, -1 for one a core. client: of a Dask scheduler, whose workers do it instead. Raises
    what a task raises, and DatasetError when the scheduler or its workers are lost.
    """
    calls = (delayed(function)(*task) for task in tasks)
    if client is None:
        with parallel_config(backend="loky", initializer=_leave_interrupts_to_the_parent):
            parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
        yield from parallel(calls)
        return
    from distributed import CancelledError, KilledWorker

    with parallel_config(backend="dask", client=client):
        parallel = Parallel(n_jobs=-1, return_as="generator_unordered")
    try:
        yield from parallel(calls)
    except (KilledWorker, CancelledError) as error:
        raise DatasetError(f"the Dask scheduler or its workers were lost: {error}") from error


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches the whole process group: the parent says so once and ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def check_worker(manifest: Path, wanted: dict[str, str], found: dict[str, str]) -> None:
    """Raise DatasetError unless this machine sees the data set and has the packages that its bytes depend on.

    manifest: file that exists where the data set is seen. wanted, found: versions by name, of the machine that asks and
    of this one.
    """
    here = platform.node()
    if not manifest.is_file():
        raise DatasetError(f"worker {here} does not see {manifest}, expected --out on a disk that all machines share")
    other = sorted(name for name in wanted if name in found and found[name] != wanted[name])
    if other:
        detail = ", ".join(f"{name} {found[name]} instead of {wanted[name]}" for name in other)
        raise DatasetError(f"worker {here} has {detail}, expected the same versions, for the pictures depend on them")
