"""From an image to dense descriptors: network, network file, extractors."""

import sys

# `import openvino` reports each import to its maker from a thread and a process of its own. Where the package that does
# so cannot be imported, openvino goes without; None says so to the import system.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
