"""The answer to a service call that was not carried out."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from dense_grasp_core.result_codes import MatchCode
from dense_grasp_ros.long_callback import BusyError

LOG_PERIOD = 2.0


def failed_call(logger: Any) -> Callable[[Exception, Any, Any], Any]:
    """`on_error` of `long_callback` for services that answer with `code` and `message`: BUSY when there are too many
    calls at once, INTERNAL_ERROR with a traceback in the log for what nobody thought of.
    """

    def answer(error: Exception, request: Any, response: Any) -> Any:
        if isinstance(error, BusyError):
            response.code, response.message = MatchCode.BUSY, str(error)
            return response
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        logger.error(f"{type(request).__name__}: {trace}", throttle_duration_sec=LOG_PERIOD)
        response.code, response.message = MatchCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}"
        return response

    return answer
