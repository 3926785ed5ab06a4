"""`make release`: the version of the file VERSION into every manifest, the changelog closed, one commit, one tag."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
#: Where a manifest says its package's version.
PLACES = {"package.xml": r"(?<=<version>)[^<]*(?=</version>)", "setup.py": r"(?<=\n    version=\")[^\"]*(?=\")"}


class ReleaseError(Exception):
    """What is missing for a release."""


def version_of(root: Path) -> str:
    """The version in the file VERSION. Raises ReleaseError."""
    text = (root / "VERSION").read_text().strip()
    if not re.fullmatch(VERSION, text):
        raise ReleaseError(f"VERSION holds {text!r}, expected three numbers such as 0.2.0")
    return text


def manifests(root: Path) -> list[Path]:
    """Every file that says a version of ours."""
    return sorted(path for name in PLACES for path in root.glob(f"src/*/{name}"))


def with_version(path: Path, version: str) -> str:
    """The manifest's text with another version. Raises ReleaseError unless it says one exactly once."""
    text, count = re.subn(PLACES[path.name], version, path.read_text())
    if count != 1:
        raise ReleaseError(f"{path} says its version {count} times, expected once")
    return text


def closed(changelog: str, version: str, day: datetime.date) -> str:
    """The changelog with what was unreleased under the version. Raises ReleaseError when nothing is there."""
    if f"## [{version}]" in changelog:
        raise ReleaseError(f"CHANGELOG.md has {version} already: write the next version into VERSION")
    head, mark, rest = changelog.partition("## [Unreleased]\n")
    if not mark or not re.match(r"\s*(###|-)", rest):
        raise ReleaseError("CHANGELOG.md has nothing under [Unreleased]")
    return f"{head}{mark}\n## [{version}] - {day.isoformat()}\n{rest}"


def release(root: Path, day: datetime.date) -> str:
    """Write everything, commit and tag; the tag. Raises ReleaseError before anything is written."""
    version = version_of(root)
    tag = f"v{version}"
    if _git(root, "status", "--porcelain"):
        raise ReleaseError("the work tree has changes: commit them first")
    if tag in _git(root, "tag", "--list", tag).split():
        raise ReleaseError(f"there is a tag {tag} already: write the next version into VERSION")
    changelog = root / "CHANGELOG.md"
    texts = {path: with_version(path, version) for path in manifests(root)}
    texts[changelog] = closed(changelog.read_text(), version, day)
    for path, text in texts.items():
        path.write_text(text)
    _git(root, "commit", "--all", "--message", f"Release {version}")
    _git(root, "tag", "--annotate", tag, "--message", f"dense_grasp {version}")
    return tag


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise ReleaseError(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def main() -> int:
    """Entry point."""
    try:
        tag = release(ROOT, datetime.date.today())
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(f"committed and tagged {tag}; publish with: git push --follow-tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
