"""The method of the shipped network: the paper's keypoints with pixelwise NT-Xent as auxiliary loss."""

from __future__ import annotations

from dense_grasp_train.losses.term import DESCRIPTORS
from dense_grasp_train.methods.keypoints import KeypointMethod


class Hybrid(KeypointMethod):
    """Keypoints, NT-Xent on the cells, and a term that pins similarities to one scale for found / not found."""

    terms = (*KeypointMethod.terms, DESCRIPTORS)
