"""Peak memory of a training step from shapes alone: fake tensors hold no data, so any machine measures any network.

The real training code runs on fake tensors (``FakeTensorMode``) while ``MemTracker`` adds up what is alive: weights,
gradients, both moments of Adam, activations, and what an operation holds for a moment. What a GPU adds on top (the
allocator's rounding, work space of the convolutions, the CUDA context) is not in the figure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

from dense_grasp_train.methods import Method, create_method
from dense_grasp_train.training.config import TrainConfig

GIGABYTE = 1e9


class WorstCase(TorchDispatchMode):
    """Answers what fake tensors cannot know, the values: every mask holds everywhere, every number read is 1.

    A selection by a mask then has its largest possible size, which is what a peak needs.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            return {torch.bool: True}.get(args[0].dtype, 1.0 if args[0].is_floating_point() else 1)
        if func is torch.ops.aten.index.Tensor:
            source, indices = args
            if len(indices) == 1 and indices[0].dtype == torch.bool:
                return source.new_empty((indices[0].numel(), *source.shape[indices[0].ndim :]))
        return func(*args, **(kwargs or {}))


class StepPeakTracker(MemTracker):
    """MemTracker without a peak for every module, which costs as much time as the step itself and nobody reads."""

    def _update_peak_stats(self, peak_state: Any) -> None:
        modules, self.memory_tracking = self.memory_tracking, WeakIdKeyDictionary()
        try:
            super()._update_peak_stats(peak_state)
        finally:
            self.memory_tracking = modules


def fake_batch(config: TrainConfig, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """A collated batch with the shapes that ``Method.dataset`` gives, its values meaningless."""
    width, height = (round(side * config.pairs.input_scale) for side in config.pairs.crop)
    stride, matches, pairs = config.network.stride, config.pairs.matches, config.batch
    rows, columns = -(-height // stride), -(-width // stride)
    shapes: dict[str, tuple[int, ...]] = {
        "pixels": (2, matches, 2),
        "weight": (matches,),
        "mask": (2, rows, columns),
        "depth": (2, rows, columns),
        "camera_matrix": (2, 3, 3),
        "b_from_a": (4, 4),
        "rigid": (),
        "centroid": (2, 2),
        "target": (2, config.network.dimension, rows, columns),
        "on_object": (2, rows, columns),
    }
    batch = {name: torch.ones((pairs, *shape), device=device) for name, shape in shapes.items()}
    if config.method != "laplacian_eigenmaps":
        del batch["target"], batch["on_object"]
    batch["image"] = torch.zeros((pairs, 2, 3, height, width), dtype=torch.uint8, device=device)
    return batch


def training_step(
    config: TrainConfig, device: torch.device | str = "cpu"
) -> tuple[DescriptorNetwork, torch.optim.Optimizer, Callable[[], None]]:
    """Network, optimiser and one whole step of them on a batch of meaningless values: forward, backward, Adam.

    Adam's moments are there from the start, as they are from the second step of a training on.
    """
    method: Method = create_method(config)
    options = config.network
    shape = NetworkConfig(options.backbone, options.dimension, options.keypoints, options.stride)
    with torch.device(device):
        network = DescriptorNetwork(shape)
    method.prepare(network)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.requires_grad_(True)  # MemTracker hooks every parameter; frozen heads of one keypoint weigh nothing
    optimiser = torch.optim.Adam(trained, config.optimiser.learning_rate, foreach=True)  # the default on a GPU
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    batch = fake_batch(config, device)

    def step() -> None:
        objective = method.run(network, batch, 0, torch.Generator().manual_seed(0))
        optimiser.zero_grad(set_to_none=True)
        objective.total.backward()
        optimiser.step()

    return network, optimiser, step


def estimate_training(config: TrainConfig) -> dict[str, float]:
    """Peak gigabytes (1e9 bytes) of a training step, Adam's moments included, and what they are made of."""
    with FakeTensorMode():
        network, optimiser, step = training_step(config)
        tracker = StepPeakTracker()
        tracker.track_external(network, optimiser)
        with WorstCase(), tracker:
            step()
    return _peak(tracker)


def estimate_inference(config: TrainConfig, upsample: bool) -> dict[str, float]:
    """Peak gigabytes of one camera image to its descriptors, on the cells or upsampled to the image's size."""
    from dense_grasp_core.descriptors.network import upsample_features

    width, height = (round(side * config.pairs.input_scale) for side in config.pairs.crop)
    options = config.network
    with FakeTensorMode(), torch.no_grad():
        network = DescriptorNetwork(
            NetworkConfig(options.backbone, options.dimension, options.keypoints, options.stride)
        ).eval()
        tracker = StepPeakTracker()
        tracker.track_external(network)
        with tracker:
            features = network.features(torch.zeros(1, 3, height, width))
            if upsample:
                upsample_features(features, (height, width), options.stride)
    return _peak(tracker)


def _peak(tracker: MemTracker) -> dict[str, float]:
    snapshot = tracker.get_tracker_snapshot("peak")[torch.device("cpu")]
    parts = {str(getattr(name, "value", name)).lower(): round(size / GIGABYTE, 4) for name, size in snapshot.items()}
    return {"total": parts.pop("total"), **{name: size for name, size in parts.items() if size > 0}}
