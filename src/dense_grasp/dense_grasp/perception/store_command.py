"""Command: back up, restore, check and list a descriptor store, and keep scans beside it.

Works while query_node uses the store.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from dense_grasp_core.command_line import exit_status
from dense_grasp_core.store import DescriptorStore, Entry
from dense_grasp_core.store.maintenance import backup_store, check_store, restore_store

from dense_grasp.bringup.launch_support import store_url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 run dense_grasp store", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text, takes_file in (
        ("backup", "copy the store to a new file", "the file to make"),
        ("restore", "make the store what a backup is; what it was is kept beside it", "the backup"),
        ("check", "look for damage: exit code 1 when there is any", ""),
        ("list", "print what is taught", ""),
        ("import-scan", "keep a scan of an object beside the store; it goes where the object goes", "the scan"),
        ("export-scan", "copy the scan of an object to a new folder", "the folder to make"),
        ("remove-scan", "remove the scan of an object, not its keypoints", ""),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        if takes_file:
            command.add_argument("file", type=Path, help=takes_file)
        command.add_argument(
            "--store", default="", metavar="FILE_OR_URL", help="default: the one that bringup uses, in ~/.ros"
        )
        command.add_argument("--namespace", default="", help="of the cell whose store is meant")
        if name == "check":
            command.add_argument("--remove-damaged", action="store_true", help="remove the rows that cannot be used")
        if name.endswith("-scan"):
            command.add_argument("--object", required=True, help="the object that is scanned")
        if name == "import-scan":
            command.add_argument("--overwrite", action="store_true", help="replace the scan that it has")
        if name == "list":
            command.add_argument("--object", default="", help="of this object alone")
            command.add_argument("--offset", type=int, default=0, help="rows to skip")
            command.add_argument("--limit", type=int, default=1000, help="rows at most, up to 1000")
    return parser


def _check(url: str, remove_damaged: bool) -> int:
    report = check_store(url)
    journal = f", journal mode {report.journal_mode}" if report.journal_mode else ""
    print(f"{report.rows} rows, schema {report.schema}{journal}")
    for note in report.notes:
        print(f"note: {note}")
    for problem in report.problems:
        print(f"damaged: {problem}")
    if remove_damaged and report.damaged_rows:
        store = DescriptorStore(url, create=False)
        for row_id in report.damaged_rows:
            store.delete_row(row_id)
        store.close()
        print(f"removed {len(report.damaged_rows)} damaged rows")
        return _check(url, False)
    print("in order" if not report.problems else f"{len(report.problems)} problems")
    return 1 if report.problems else 0


def _line(entry: Entry) -> str:
    size = "unknown camera" if entry.camera is None else f"{entry.camera.width}x{entry.camera.height}"
    name = f"{entry.object_id}/{entry.keypoint}"
    return f"{name}  ({entry.u:.1f}, {entry.v:.1f}) in {size}  model {entry.model_id}  D = {entry.dimension}"


def _list(url: str, object_id: str, offset: int, limit: int) -> int:
    store = DescriptorStore(url, create=False)
    page = store.list(object_id, offset, limit)
    store.close()
    for entry in page.entries:
        print(_line(entry))
    for sentence in page.damaged:
        print(f"damaged: {sentence}")
    print(f"{len(page.entries)} of {page.total}")
    return 0


def _scan(url: str, arguments: argparse.Namespace) -> int:
    store = DescriptorStore(url, create=arguments.command == "import-scan")
    try:
        scans, name = store.scans, arguments.object
        if arguments.command == "import-scan":
            scans.add(name, arguments.file, arguments.overwrite)
            print(f"the scan of {name} is in {scans.folder(name)}; all scans have {scans.total() / 1e6:.0f} MB")
        elif arguments.command == "export-scan":
            scans.export(name, arguments.file)
            print(f"the scan of {name} is in {arguments.file}")
        else:
            print(f"the scan of {name} is removed" if scans.remove(name) else f"{name} has no scan")
    finally:
        store.close()
    return 0


def _run(arguments: argparse.Namespace) -> int:
    url = arguments.store or store_url("", arguments.namespace)
    if arguments.command == "backup":
        rows = backup_store(url, arguments.file)
        print(f"{rows} rows of {url} are in {arguments.file}")
        return 0
    if arguments.command == "restore":
        restored = restore_store(url, arguments.file)
        kept = "" if restored.former is None else f"; what it was is kept as {restored.former}"
        print(f"{url} has the {restored.rows} rows of {arguments.file}{kept}")
        return 0
    if arguments.command == "check":
        return _check(url, arguments.remove_damaged)
    if arguments.command.endswith("-scan"):
        return _scan(url, arguments)
    return _list(url, arguments.object, arguments.offset, arguments.limit)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when it worked and, for check, nothing is damaged."""
    return exit_status("store", partial(_run, _parser().parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
