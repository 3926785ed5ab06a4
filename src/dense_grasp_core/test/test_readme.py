import re
from pathlib import Path

import numpy as np
import pytest


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    readme = Path(__file__).resolve().parents[1] / "README.md"
    if not readme.is_file():
        pytest.skip(f"{readme} is not beside this package")
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.S)
    assert len(blocks) == 1
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks[0], str(readme), "exec"), {})
    printed = capsys.readouterr().out
    code, u, v = printed.split()[:3]
    assert code == "OK" and np.hypot(float(u) - 200, float(v) - 90) < 1.0, printed  # its weights are random
