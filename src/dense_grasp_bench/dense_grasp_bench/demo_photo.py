"""Demo on a real photograph: 50 points taught on its left image, found in the right one, through the running graph."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_client.connection import GraphError
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain
from dense_grasp_sim.devices.replay_source import StereoPair, load_motorcycle, warp_to_right
from rclpy.duration import Duration

from dense_grasp_bench.graph_client import PERCEPTION_SERVICES, GraphClient, stamp_seconds
from dense_grasp_bench.graph_process import GraphProcess

OBJECT = "motorcycle"
BORDER_PX = 16
PATCH_PX = 9
START_TIMEOUT_S = 60.0
LOCATE_TIMEOUT_S = 10.0


def choose_points(pair: StereoPair, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 2) of the left image and where they truly are in the right one, (N, 2).

    Chosen at random among pixels with texture, known disparity, and a partner that nothing covers.
    """
    height, width = pair.disparity.shape
    grey = cv2.cvtColor(pair.left, cv2.COLOR_RGB2GRAY).astype(np.float32)
    texture = cv2.boxFilter(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)), -1, (9, 9))
    rows, columns = np.nonzero(np.isfinite(pair.disparity) & (texture > np.median(texture)))
    disparity = pair.disparity[rows, columns]
    targets = columns - disparity
    inside = (
        (columns >= BORDER_PX)
        & (columns < width - BORDER_PX)
        & (rows >= BORDER_PX)
        & (rows < height - BORDER_PX)
        & (targets >= BORDER_PX)
        & (targets < width - BORDER_PX)
    )
    covering = warp_to_right(pair.disparity)[rows, np.clip(np.rint(targets).astype(int), 0, width - 1)]
    chosen = np.flatnonzero(inside & (np.abs(covering - disparity) < 1.0))
    chosen = np.random.default_rng(seed).choice(chosen, count, replace=False)
    left = np.stack([columns[chosen], rows[chosen]], axis=1).astype(float)
    return left, np.stack([targets[chosen], rows[chosen]], axis=1).astype(float)


def patch_matches(pair: StereoPair, pixels: np.ndarray) -> np.ndarray:
    """Control: where the RGB patch around each left pixel (N, 2) differs least in the right image, (N, 2)."""
    half = PATCH_PX // 2
    found = []
    for u, v in np.rint(pixels).astype(int):
        patch = pair.left[v - half : v + half + 1, u - half : u + half + 1]
        difference = cv2.matchTemplate(pair.right, patch, cv2.TM_SQDIFF)
        row, column = np.unravel_index(int(np.argmin(difference)), difference.shape)
        found.append((column + half, row + half))
    return np.asarray(found, float)


def teach(client: GraphClient, pixels: np.ndarray) -> list[str]:
    """Register every pixel (N, 2) as a keypoint; its names."""
    names = [f"p{index:02d}" for index in range(len(pixels))]
    for name, (u, v) in zip(names, pixels, strict=True):
        client.register(OBJECT, name, float(u), float(v))
    return names


def find(client: GraphClient, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 2) and scores (N,) of the keypoints in an image taken from now on."""
    answer = client.call(
        "locate",
        LOCATE_TIMEOUT_S + 10.0,
        object_id=OBJECT,
        keypoints=names,
        not_before=client.now(),
        timeout=Duration(seconds=LOCATE_TIMEOUT_S).to_msg(),
    )
    found = np.array([(match.u, match.v) for match in answer.matches])
    if not np.isfinite(found).all():
        raise GraphError(f"keypoints without a pixel, code {answer.code}: {answer.message}")
    return found, np.array([match.score for match in answer.matches])


def draw(pair: StereoPair, left: np.ndarray, found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Both images side by side, RGB: taught points, found points (green near the truth, else red), truth as rings."""
    offset = pair.left.shape[1]
    picture = np.concatenate([pair.left, pair.right], axis=1)
    errors = np.linalg.norm(found - truth, axis=1)
    for start, end, true, error in zip(left, found, truth, errors, strict=True):
        colour = (40, 230, 60) if error <= 10.0 else (255, 70, 50)
        a, b, c = (
            (round(start[0]), round(start[1])),
            (round(end[0]) + offset, round(end[1])),
            (
                round(true[0]) + offset,
                round(true[1]),
            ),
        )
        cv2.line(picture, a, b, colour, 1, cv2.LINE_AA)
        cv2.circle(picture, a, 4, (60, 160, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, b, 4, colour, -1, cv2.LINE_AA)
        cv2.circle(picture, c, 7, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def evaluate(pair: StereoPair, left: np.ndarray, truth: np.ndarray, found: np.ndarray, seed: int) -> dict:
    """Pixel errors of the graph and of the controls."""
    height, width = pair.disparity.shape
    random = np.random.default_rng(seed + 1).uniform((0, 0), (width, height), left.shape)
    predictions = {
        "graph": found,
        "same pixel": left,
        "random": random,
        f"RGB patch {PATCH_PX}x{PATCH_PX}": patch_matches(pair, left),
    }
    figures = {}
    for name, pixels in predictions.items():
        errors = np.linalg.norm(pixels - truth, axis=1)
        figures[name] = {
            "median_px": float(np.median(errors)),
            "within_10_px": float(np.mean(errors <= 10.0)),
            "errors_px": [round(float(error), 2) for error in errors],
        }
    return figures


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, switch the image, find, write out/demo-photo."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    store = out / "store.db"
    for path in out.glob("store.db*"):
        path.unlink()
    pair = load_motorcycle()
    left, truth = choose_points(pair, arguments.points, arguments.seed)
    launch_arguments = [f"store:=sqlite:///{store.resolve()}"]
    if arguments.model:
        launch_arguments.append(f"model:={Path(arguments.model).resolve()}")
    print("starting the graph with the photograph as the camera …", flush=True)
    with (
        GraphProcess("photo.launch.py", launch_arguments, out / "graph.log", arguments.domain) as graph,
        GraphClient(arguments.domain, graph, use_sim_time=False, name="demo_photo") as client,
    ):
        client.wait_services(PERCEPTION_SERVICES, START_TIMEOUT_S)
        client.watch_descriptors()
        client.wait_descriptors(stamp_seconds(client.now()), START_TIMEOUT_S)
        print(f"teaching {len(left)} points on the left image", flush=True)
        names = teach(client, left)
        client.set_parameter("replay_camera", "side", "right")
        print("the camera now shows the right image: locating", flush=True)
        found, scores = find(client, names)
    figures = evaluate(pair, left, truth, found, arguments.seed)
    print(f"\nerror in the right image, {len(left)} points (741x500 px)\n{'':16s} median px   within 10 px")
    for name, values in figures.items():
        print(f"{name:16s} {values['median_px']:9.1f}   {100 * values['within_10_px']:11.0f} %")
    result = {"points": len(left), "seed": arguments.seed, "scores": [round(float(s), 4) for s in scores], **figures}
    (out / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    cv2.imwrite(str(out / "matches.png"), draw(pair, left, found, truth)[..., ::-1])
    print(f"\nwrote {out / 'matches.png'} and {out / 'results.json'}")
    return 0


def main() -> int:
    """Entry point; 1 when the graph failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="", help="network file; default: the shipped one")
    parser.add_argument("--domain", type=int, default=private_domain(), help="ROS_DOMAIN_ID of the demo's graph")
    parser.add_argument("--out", default="out/demo-photo")
    return exit_status("demo_photo", partial(run, parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
