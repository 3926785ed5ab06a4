"""Benchmark of the operator's page in a real browser, with the simulated cell and both on the same cores.

Measured: from a pointer event to its painted heatmap, by the browser's clock; the processor time of the page's process
while nobody looks and while one browser shows the live picture; and, while the arm moves, from the click on the page's
stop button until the controller has the order to stop, and until no joint is faster than 0.01 rad/s.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_client.connection import GraphError
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain

from dense_grasp_bench.bench_idle import processor_seconds, shares
from dense_grasp_bench.bench_stop import FIRST_SEED, ArmWatch, stop_once
from dense_grasp_bench.chromium import again_until, point_at, press_if_shown, running_browser
from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.soak.launch_log import LaunchLog
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED
from dense_grasp_bench.watching import free_port, served_address

#: Figure → at most: ms, share of a core in %, ms.
DEMANDED = {
    "pointer to heatmap, median ms": 100.0,
    "pointer to heatmap, p95 ms": 200.0,
    "page's processor, nobody looks, %": 2.0,
    "page's processor, one viewer, %": 25.0,
    "stop button to stop command, largest ms": 100.0,
    "stop button to rest, largest ms": 300.0,
}
NODE = "page"  # the executable, as the launch log names it
PATIENCE_MS = 300_000
#: s after the last browser has left, until nobody counts as looking and the descriptor node rests.
SETTLE_S = 8.0
MARGIN_PX = 20
TRIES, HEATMAP_MS, FOUND_MS = 10, 5_000, 20_000
PRESS = "button => button.click()"


@contextmanager
def opened(browser: Any, port: int) -> Iterator[Any]:
    """The page in a browser of its own that shows the live picture."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("document.querySelector('.dg-live')?.naturalWidth > 0")
        yield page
    finally:
        context.close()


def heat_latencies(page: Any, count: int, seed: int) -> list[float]:
    """ms from a pointer's event to its painted heatmap, at `count` random pixels, one after the other."""
    image = "document.querySelector('.dg-live')"
    width, height = page.evaluate(f"[{image}.naturalWidth, {image}.naturalHeight]")
    draw = np.random.default_rng(seed)
    pixels = draw.uniform((MARGIN_PX, MARGIN_PX), (width - MARGIN_PX, height - MARGIN_PX), (count + 1, 2))
    for number, (u, v) in enumerate(pixels):
        heatmap_of(page, (float(u), float(v)), number)
    return [float(value) for value in page.evaluate("window.dgLatencies")[1:]]  # the first one loads


def heatmap_of(page: Any, pixel: tuple[float, float], before: int) -> None:
    """Point at a pixel until there are more than `before` heatmaps: a page that just grows loses the pointer.

    Raises GraphError with what the page says when none comes.
    """
    painted = f"window.dgLatencies.length > {before}"

    def point() -> None:
        point_at(page, pixel)
        page.wait_for_function(painted, polling=50, timeout=HEATMAP_MS)

    try:
        again_until(lambda: page.evaluate(painted), point, TRIES * HEATMAP_MS / 1000, f"a heatmap of pixel {pixel}")
    except GraphError as error:
        raise GraphError(f"{error}, the page says: {page.locator('.dg-no-heat').inner_text()}") from error


def take_picture(page: Any, session: CellSession, target: Path) -> None:
    """A picture of the page, 1280 px wide, with the taught cap found and the pointer on its contact."""
    found = page.locator(".dg-found li").first

    def find() -> None:
        press_if_shown(page, "Ask for control")  # of the browser before, which is gone
        page.get_by_role("button", name="Find it now").click()
        found.wait_for(timeout=FOUND_MS)

    again_until(found.is_visible, find, TRIES * FOUND_MS / 1000, "finding the cap on the page")
    pixel = session.truth(list(CAP.clicks.values())).pixels[0]
    heatmaps = page.evaluate("window.dgLatencies.length")
    heatmap_of(page, (pixel.x, pixel.y), heatmaps)
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(target), type="jpeg", quality=70)
    print(f"wrote {target}, {target.stat().st_size / 1000:.0f} kB", flush=True)


def processor_share(pid: int, seconds: float, wait: Callable[[float], None]) -> float:
    """Share of a core that a process takes during `seconds`, in %."""
    began, before = time.monotonic(), processor_seconds({NODE: pid})
    wait(seconds)
    return 100.0 * shares(before, processor_seconds({NODE: pid}), time.monotonic() - began)[NODE]


def figures_of(latencies: Sequence[float], idle: float, viewed: float, stops: Sequence[Any]) -> dict[str, float]:
    """The figures by name, in the order and units of DEMANDED."""
    values = (
        float(np.median(latencies)),
        float(np.percentile(latencies, 95)),
        idle,
        viewed,
        1e3 * max(stop.command for stop in stops),
        1e3 * max(stop.rest for stop in stops),
    )
    return dict(zip(DEMANDED, values, strict=True))


def table(figures: dict[str, float]) -> str:
    """The figures beside what is demanded."""
    lines = [f"{'figure':42s}{'measured':>9s}  at most"]
    return "\n".join(lines + [f"{name:42s}{value:9.1f}  {DEMANDED[name]:g}" for name, value in figures.items()])


def meets(figures: dict[str, float]) -> bool:
    """Whether every figure keeps what is demanded."""
    return all(value <= DEMANDED[name] for name, value in figures.items())


def _press(button: Any, _handle: Any) -> None:
    button.evaluate(PRESS)


def _cores(count: int) -> list[int]:
    """The first cores that this process may use; it and what it starts keep to them from now on."""
    chosen = sorted(os.sched_getaffinity(0))[:count]
    os.sched_setaffinity(0, chosen)
    return chosen


def run(arguments: argparse.Namespace) -> int:
    """Start graph and browser, measure, write out/bench-page; the exit code."""
    out, port, cores = Path(arguments.out), free_port(), _cores(arguments.cores)
    out.mkdir(parents=True, exist_ok=True)
    log = out / "graph.log"
    given = launch_arguments(out, arguments.model, page_port=port)
    with (
        GraphProcess("bringup.launch.py", given, log, arguments.domain) as graph,
        GraphClient(arguments.domain, graph, name="bench_page") as client,
        running_browser() as browser,
    ):
        session = CellSession.ready(graph, client)
        client.wait(lambda: served_address(log), 120.0, "the operator's page")
        pid = LaunchLog(log).read().pids.get(NODE)
        if pid is None:
            raise GraphError(f"{log} names no process {NODE}, expected the page's node")

        def rest(seconds: float) -> None:
            end = time.monotonic() + seconds
            client.wait(lambda: time.monotonic() > end, 10 * seconds, "the end of a rest")

        session.set_cap(TRAINING_SEED)
        session.teach()
        with opened(browser, port) as page:
            latencies = heat_latencies(page, arguments.pointers, arguments.seed)
        print(f"{len(latencies)} heatmaps, {min(latencies):.0f} to {max(latencies):.0f} ms", flush=True)
        rest(SETTLE_S)
        idle = processor_share(pid, arguments.seconds, rest)
        with opened(browser, port) as page:
            if arguments.picture:
                take_picture(page, session, Path(arguments.picture))
            page.mouse.move(0, 0)

            def pictures() -> int:
                return int(page.evaluate("window.dgPictures"))

            before, began = pictures(), time.monotonic()
            viewed = processor_share(pid, arguments.seconds, lambda s: page.wait_for_timeout(1000.0 * s))
            rate = (pictures() - before) / (time.monotonic() - began)
            watch = ArmWatch(client)
            stops = []
            for seed in range(FIRST_SEED, FIRST_SEED + arguments.stops):
                button = page.get_by_role("button", name="Stop", exact=True).element_handle()
                stops.append(stop_once(session, watch, "button", seed, partial(_press, button)))
                print(stops[-1].line(), flush=True)
        loads = os.getloadavg()
    figures = figures_of(latencies, idle, viewed, stops)
    about = {"cores": cores, "viewer_hz": rate, "load_average": loads[:2], "n": [len(latencies), len(stops)]}
    write_json(out / "results.json", {"summary": figures, "about": about, "latencies_ms": latencies})
    print(f"\n{table(figures)}\nn {len(latencies)} heatmaps, {len(stops)} stops; the viewer painted {rate:.1f} Hz")
    print(f"cores {cores}; load average {loads[0]:.1f}; wrote {out / 'results.json'}")
    return 0 if meets(figures) else 2


def main() -> int:
    """Entry point; 0 when every figure is reached, 2 when one is not, 1 when the graph or the browser failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pointers", type=int, default=100, help="pixels that the pointer goes to")
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement of processor time")
    parser.add_argument("--cores", type=int, default=2, help="that graph, page and browser share")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", default="", metavar="FILE", help="also write a picture of the page, a .jpg")
    parser.add_argument("--model", default="", help="network file; default: the shipped one")
    parser.add_argument("--domain", type=int, default=private_domain(), help="ROS_DOMAIN_ID of the graph")
    parser.add_argument("--out", default="out/bench-page")
    return exit_status("bench_page", partial(run, parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
