"""Command: describe a store anew for another network, from the pictures that its keypoints were taught on."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from dense_grasp_core.command_line import exit_status
from dense_grasp_core.descriptors.extractor import BACKENDS
from dense_grasp_core.matching.redescribe import NewNetwork, RedescribeError, redescribe
from dense_grasp_core.store import DescriptorStore
from dense_grasp_core.store.former import undo_replacement

from dense_grasp.bringup.launch_support import model_path, store_url
from dense_grasp.perception.new_network import new_network


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 run dense_grasp redescribe", description=__doc__)
    parser.add_argument(
        "--model", default="", metavar="FILE", help="the network, as bringup's model:=; needed unless --undo"
    )
    parser.add_argument(
        "--store", default="", metavar="FILE_OR_URL", help="default: the one that bringup uses, in ~/.ros"
    )
    parser.add_argument("--namespace", default="", help="of the cell whose store is meant")
    parser.add_argument("--undo", action="store_true", help="take the last description back")
    parser.add_argument(
        "--skip-without-picture", action="store_true", help="leave keypoints without a picture as they are"
    )
    parser.add_argument("--backend", default="auto", choices=BACKENDS)
    parser.add_argument("--threads", type=int, default=None, help="of the network; default: as many as there are cores")
    return parser


def _network(arguments: argparse.Namespace) -> NewNetwork:
    if not arguments.model:
        raise RedescribeError("--model is empty, expected the file of the network that is to describe the store")
    network, note = new_network(model_path(arguments.model), arguments.backend, arguments.threads)
    if note:
        print(f"note: {note}")
    return network


def _run(arguments: argparse.Namespace) -> int:
    store = DescriptorStore(arguments.store or store_url("", arguments.namespace), create=False)
    try:
        for note in store.notes:
            print(f"note: {note}")
        if store.journal_mode == "wal":
            raise RedescribeError(
                "the store is in use by a process of dense_grasp 0.1.0, which keeps a write-ahead log; end that process"
            )
        if arguments.undo:
            print(f"{undo_replacement(store)} keypoints are described as they were before")
            return 0
        network = _network(arguments)
        result = redescribe(store, network, arguments.skip_without_picture, lambda name: print(name, flush=True))
    finally:
        store.close()
    print(f"{result.described} keypoints are described by {network.name} ({network.model_id})")
    for sentence in result.not_found:
        print(f"not found in its own picture: {sentence}; teach it again")
    for sentence in result.left:
        print(f"left as it was: {sentence}")
    print(f"start the graph with model:={arguments.model}, so that it runs alone; `redescribe --undo` takes this back")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when the store is described anew, or as before with --undo."""
    return exit_status("redescribe", partial(_run, _parser().parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
