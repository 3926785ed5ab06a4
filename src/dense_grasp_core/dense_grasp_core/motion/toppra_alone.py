"""toppra without matplotlib, which it imports for plots that nobody here draws: half a second of processor time and
30 MB of every node that plans.
"""

from __future__ import annotations

import sys
from types import ModuleType

_PLOTS = ("matplotlib", "matplotlib.pyplot")
_absent = () if _PLOTS[-1] in sys.modules else tuple(name for name in _PLOTS if name not in sys.modules)
sys.modules.update({name: ModuleType(name) for name in _absent})
try:
    import toppra
    from toppra import algorithm, constraint
finally:
    for _name in _absent:
        del sys.modules[_name]

__all__ = ["algorithm", "constraint", "toppra"]
