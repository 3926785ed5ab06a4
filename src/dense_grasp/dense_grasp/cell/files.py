"""Can the network and the taught points be read?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dense_grasp_core.wording import counted, some_of

from dense_grasp.cell.checks import Check

if TYPE_CHECKING:
    from dense_grasp.perception.network_files import NetworkFiles


def check_model(path: str) -> Check:
    """The network file, loaded as descriptor_node loads it."""
    from dense_grasp_core.descriptors.extractor import DescriptorExtractor

    try:
        info = DescriptorExtractor(path).info
    except Exception as error:  # whatever a broken file makes its reader raise
        return Check("model", False, _said(error), "give a model file with -p model:=PATH")
    untried = "" if info.tried_on_photographs else "; never tried on a photograph"
    return Check("model", True, f"{info.model_id} from {path}{untried}")


def check_store_file(url: str, networks: NetworkFiles | None = None) -> Check:
    """The database of taught points: opened, and its first 1000 rows looked at. Makes none.

    networks: by which points can be found, for a word about those that cannot; None for none.
    """
    from dense_grasp_core.store import DescriptorStore, StoreMissingError

    from dense_grasp.perception.network_files import without_network

    name = "descriptor store"
    try:
        store = DescriptorStore(url, create=False)
        page = store.list()
        notes, writable = store.notes, store.writable
        store.close()
    except StoreMissingError:
        return Check(name, True, f"nothing is at {url} yet; query_node makes it")
    except Exception as error:  # whatever a broken file or a missing driver makes the database raise
        return Check(name, False, _said(error), "give a database with -p store:=URL")
    if page.damaged:
        remedy = "look at all with `ros2 run dense_grasp store check`, teach these again or remove them"
        return Check(name, False, f"{len(page.damaged)} rows are damaged: {page.damaged[0]}", remedy)
    if not writable:
        return Check(name, False, "; ".join(notes), "make it writable for the user that runs query_node, to teach")
    lost = [] if networks is None else without_network(page.entries, networks.ids())
    if networks is not None and lost:
        names = [f"{entry.object_id}/{entry.keypoint}" for entry in lost]
        named = f"{counted(len(lost), 'keypoint')} cannot be found, taught with a network of which no file is in"
        notes = (*notes, f"{named} {networks.where()}: {some_of(names)}")
    return Check(name, True, "; ".join((f"{page.total} taught keypoints in {url}", *notes)))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
