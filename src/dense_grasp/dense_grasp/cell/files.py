"""Can the network and the taught points be read?"""

from __future__ import annotations

from dense_grasp.cell.checks import Check


def check_model(path: str) -> Check:
    """The network file, loaded."""
    from dense_grasp_core.model_file import load_model

    try:
        info = load_model(path)[1]
    except Exception as error:  # whatever a broken file makes its reader raise
        return Check("model", False, _said(error), "give a model file with -p model:=PATH")
    return Check("model", True, f"{info.model_id} from {path}")


def check_store(url: str) -> Check:
    """The database of taught points, opened and listed."""
    from dense_grasp_core.store import DescriptorStore

    try:
        store = DescriptorStore(url)
        rows = store.list(limit=0).total
        store.close()
    except Exception as error:  # whatever a broken file or a missing driver makes the database raise
        return Check("descriptor store", False, _said(error), "give a database with -p store:=URL")
    return Check("descriptor store", True, f"{rows} taught keypoints in {url}")


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
