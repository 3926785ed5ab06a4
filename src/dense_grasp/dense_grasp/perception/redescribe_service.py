"""The service that describes a store anew for the network that runs, and takes that back."""

from __future__ import annotations

from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.redescribe import (
    NewNetwork,
    NothingToDescribeError,
    Redescribed,
    WithoutPictureError,
    redescribe,
)
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import StoreError
from dense_grasp_core.store.former import undo_replacement
from dense_grasp_core.wording import counted

from dense_grasp.perception.running_network import OtherNetworkError, RunningNetwork
from dense_grasp.perception.store_access import StoreAccess, code_of
from dense_grasp_interfaces.srv import RedescribeStore


class RedescribeService:
    """Its handler."""

    def __init__(self, store: StoreAccess, network: RunningNetwork, logger: Any):
        self._store, self._running, self._logger = store, network, logger

    def handle(self, request: RedescribeStore.Request, response: RedescribeStore.Response) -> RedescribeStore.Response:
        """Describe anew, or take the last time back."""
        try:
            if request.undo:
                response.described = self._store.change(undo_replacement)
                response.message = f"{counted(response.described, 'sample')} described as before"
                return response
            network = self._running.get()
            response.network = network.name
            _tell(response, self._redescribed(network, request.skip_without_picture))
        except NothingToDescribeError as error:
            response.message = str(error)
        except WithoutPictureError as error:
            response.code, response.message = StoreCode.NO_PICTURE, str(error)
        except StoreError as error:
            response.code, response.message = code_of(error), str(error)
        except OtherNetworkError as error:
            response.code, response.message = StoreCode.INVALID_REQUEST, str(error)
        except DenseGraspError as error:
            response.code, response.message = StoreCode.NOT_SUPPORTED, str(error)
        return response

    def _redescribed(self, network: NewNetwork, skip_without_picture: bool) -> Redescribed:
        return self._store.change(
            lambda store: redescribe(
                store, network, skip_without_picture, lambda name: self._logger.info(f"{name} is described anew")
            )
        )


def _tell(response: RedescribeStore.Response, result: Redescribed) -> None:
    response.described, response.not_found, response.left = result.described, result.not_found, result.left
    parts = [f"{counted(result.described, 'sample')} described by {response.network}"]
    if result.not_found:
        parts.append(f"{len(result.not_found)} of them not found in their own pictures: teach these again")
    if result.left:
        parts.append(f"{len(result.left)} left as they were")
    response.message = "; ".join(parts)
