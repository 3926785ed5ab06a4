import blenderproc as bproc  # noqa: I001  BlenderProc refuses a script that does not begin with its import

# Renders a job folder through BlenderProc: `blenderproc run blenderproc_script.py JOB`, or with
# USE_EXTERNAL_BPY_MODULE=1 `python blenderproc_script.py JOB`. What it reads and writes is that of `blender_script`,
# whose scene it takes; camera, renderer and outputs are BlenderProc's own.
import json
import os
import shutil
import sys
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from blender_script import build_scene, write_view

_FAR = 1e4  # BlenderProc writes depth as a half float where Blender does: nothing is then infinite


def main(folder: Path) -> None:
    """Render every pose of the job."""
    job = json.loads((folder / "job.json").read_text())
    bproc.init()
    build_scene(job, folder)
    # Its matrix has pixel centres at integers, as the job has.
    matrix = np.array([[job["fx"], 0, job["cx"]], [0, job["fy"], job["cy"]], [0, 0, 1]])
    bproc.camera.set_intrinsics_from_K_matrix(matrix, job["width"], job["height"], clip_start=0.01, clip_end=100.0)
    for pose in job["poses"]:
        turned = bproc.math.change_source_coordinate_frame_of_transformation_matrix(np.array(pose), ["X", "-Y", "-Z"])
        bproc.camera.add_camera_pose(turned)
    bproc.renderer.set_max_amount_of_samples(job["samples"])
    bproc.renderer.set_noise_threshold(0)
    bproc.renderer.set_cpu_threads(job["threads"])
    bproc.renderer.set_output_format("OPEN_EXR", 32, enable_transparency=True, view_transform="Standard")
    bproc.renderer.enable_depth_output(activate_antialiasing=False)
    bpy.context.scene.cycles.seed = job["seed"]
    data = bproc.renderer.render(verbose=True)
    for view, (light, depth) in enumerate(zip(data["colors"], data["depth"], strict=True)):
        write_view(folder, view, light, np.where(depth < _FAR, depth, 0.0))


if __name__ == "__main__":
    main(Path(sys.argv[-1]).resolve())
    if "USE_EXTERNAL_BPY_MODULE" in os.environ:
        # bpy 4.2 and BlenderProc tear each other down at the end: a segmentation fault after all is done and written.
        from blenderproc.python.utility.Utility import Utility

        shutil.rmtree(Utility.get_temporary_directory(), ignore_errors=True)
        sys.stdout.flush()
        os._exit(0)
