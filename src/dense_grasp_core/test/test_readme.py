import re
from pathlib import Path

import pytest
import torch


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    readme = Path(__file__).resolve().parents[1] / "README.md"
    if not readme.is_file():
        pytest.skip(f"{readme} is not beside this package")
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.S)
    assert len(blocks) == 1
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)  # of the network that the example makes
    exec(compile(blocks[0], str(readme), "exec"), {})
    assert capsys.readouterr().out.startswith("OK 200")
