"""Renders a job folder with Cycles; run by a Python that has `bpy`, never imported by this package.

    python blender_script.py JOB

Reads what `job.write_job` wrote and writes `view_NNNNNN.npz` for every pose: `light` (H, W, 4) float32, linear RGB
times coverage, and coverage; `depth` (H, W) float32 metres along the optical axis, 0 where nothing is seen. The
reference of the interface is https://docs.blender.org/api/4.2/.
"""

from __future__ import annotations

import ctypes
import json
import math
import signal
import sys
from pathlib import Path
from typing import Any

import bpy  # the bpy wheel is GPL-3; this script is compatible with it and talks to it in this process only
import numpy as np

_PR_SET_PDEATHSIG = 1
_FAR = 1e9  # Cycles' depth of nothing is 1e10
_SENSOR_MM = 36.0
_OPENCV_FROM_BLENDER = np.diag([1.0, -1.0, -1.0, 1.0])


def main(folder: Path) -> None:
    """Render every pose of the job."""
    job = json.loads((folder / "job.json").read_text())
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_scene(job, folder)
    set_up_camera(job)
    set_up_cycles(job)
    outputs = set_up_outputs(folder)
    for view, pose in enumerate(job["poses"]):
        bpy.context.scene.camera.matrix_world = (np.array(pose) @ _OPENCV_FROM_BLENDER).T.tolist()
        bpy.context.scene.frame_set(view)  # it is in the name of the files of the output nodes
        bpy.ops.render.render()
        light, depth = (_read_exr(Path(f"{base}{view:04d}.exr"), job) for base in outputs)
        depth = depth[..., 0]
        write_view(folder, view, light, np.where(depth < _FAR, depth, 0.0))


def write_view(folder: Path, view: int, light: np.ndarray, depth: np.ndarray) -> None:
    """Write the result of one pose, whole or not at all."""
    draft = folder / "draft.npz"
    np.savez(draft, light=light.astype(np.float32), depth=depth.astype(np.float32))
    draft.rename(folder / f"view_{view:06d}.npz")


def build_scene(job: dict[str, Any], folder: Path) -> None:
    """Meshes with their materials, sun and sky."""
    scene = bpy.context.scene
    for number, spec in enumerate(job["meshes"]):
        arrays = np.load(folder / f"mesh_{number}.npz")
        mesh = bpy.data.meshes.new(f"mesh_{number}")
        mesh.from_pydata(arrays["vertices"], [], arrays["faces"])
        mesh.uv_layers.new(name="uv").data.foreach_set("uv", arrays["uv"][arrays["faces"].ravel()].ravel())
        if "colours" in arrays:
            layer = mesh.color_attributes.new(name="colour", type="FLOAT_COLOR", domain="POINT")
            layer.data.foreach_set("color", arrays["colours"].ravel())
        mesh.polygons.foreach_set("use_smooth", np.ones(len(arrays["faces"]), bool))
        mesh.normals_split_custom_set_from_vertices(arrays["normals"])
        for index, picture in enumerate(spec["pictures"] or [None]):
            name = f"material_{number}_{index}"
            mesh.materials.append(_material(name, picture, "colours" in arrays, job["gloss"], folder))
        if "picture_of_face" in arrays:
            mesh.polygons.foreach_set("material_index", arrays["picture_of_face"])
        scene.collection.objects.link(bpy.data.objects.new(f"mesh_{number}", mesh))
    sun = bpy.data.lights.new("sun", "SUN")
    # A sun of strength pi lights a white surface that faces it to a radiance of 1.
    sun.energy, sun.color, sun.angle = math.pi, job["sun"]["colour"], job["sun"]["angle"]
    holder = bpy.data.objects.new("sun", sun)
    holder.rotation_mode = "QUATERNION"
    holder.rotation_quaternion = _turned_to(job["sun"]["direction"])
    scene.collection.objects.link(holder)
    scene.world = bpy.data.worlds.new("sky")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (*job["sky"], 1.0)


def _turned_to(direction: list[float]) -> Any:
    """Rotation of a light, which shines along its -z axis, that lets it come from `direction`."""
    from mathutils import Vector  # comes with bpy

    return Vector(direction).to_track_quat("Z", "Y")


def _material(name: str, picture: dict[str, str] | None, coloured: bool, gloss: float, folder: Path) -> Any:
    """The picture, the vertices' colours, or their product."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = nodes["Principled BSDF"]
    surface.inputs["Roughness"].default_value = 0.5
    surface.inputs["Specular IOR Level"].default_value = gloss
    sources = []
    if coloured:
        sources.append(nodes.new("ShaderNodeAttribute"))
        sources[-1].attribute_name = "colour"
    if picture is not None:
        sources.append(nodes.new("ShaderNodeTexImage"))
        sources[-1].image = bpy.data.images.load(str(folder / picture["file"]))
        sources[-1].extension = {"repeat": "REPEAT", "clamp": "EXTEND", "mirror": "MIRROR"}[picture["wrap"]]
    colour = sources[0].outputs["Color"]
    if len(sources) == 2:
        product = nodes.new("ShaderNodeVectorMath")
        product.operation = "MULTIPLY"
        for place, source in enumerate(sources):
            links.new(source.outputs["Color"], product.inputs[place])
        colour = product.outputs["Vector"]
    links.new(colour, surface.inputs["Base Color"])
    return material


def set_up_camera(job: dict[str, Any]) -> None:
    """Intrinsics: Blender counts pixels from their corner, the job from their centre."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    width, height = job["width"], job["height"]
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    aspect = job["fx"] / job["fy"]  # of a pixel, height over width; Blender clamps either side to 1 and more
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = max(1.0, 1.0 / aspect), max(1.0, aspect)
    data.sensor_fit, data.sensor_width = "HORIZONTAL", _SENSOR_MM
    data.lens = job["fx"] * _SENSOR_MM / width
    data.shift_x = -(job["cx"] + 0.5 - width / 2) / width
    data.shift_y = (job["cy"] + 0.5 - height / 2) / width * aspect
    data.clip_start, data.clip_end = 0.01, 100.0
    scene.camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(scene.camera)


def set_up_cycles(job: dict[str, Any]) -> None:
    """Few samples on the CPU, denoised; nothing that would differ from run to run."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", job["samples"], job["seed"]
    cycles.use_adaptive_sampling = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 3, 2
    scene.render.film_transparent = True
    scene.render.threads_mode, scene.render.threads = "FIXED", job["threads"]


def set_up_outputs(folder: Path) -> tuple[str, str]:
    """Let every render write light and depth as EXR; returns what their paths begin with."""
    scene = bpy.context.scene
    scene.view_layers[0].use_pass_z = True
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    begun = []
    for name, socket in (("light", "Image"), ("depth", "Depth")):
        output = tree.nodes.new("CompositorNodeOutputFile")
        output.base_path = str(folder)
        output.file_slots[0].path = f"{name}_"
        output.format.file_format, output.format.color_depth = "OPEN_EXR", "32"
        output.format.color_mode = "RGBA"
        tree.links.new(layers.outputs[socket], output.inputs[0])
        begun.append(str(folder / f"{name}_"))
    return begun[0], begun[1]


def _read_exr(path: Path, job: dict[str, Any]) -> np.ndarray:
    """Pixels (H, W, 4) float32, top row first; the file is removed."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.empty(job["height"] * job["width"] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    path.unlink()
    return pixels.reshape(job["height"], job["width"], 4)[::-1]


if __name__ == "__main__":
    # Killed together with the process that asked: a render may take minutes (man 2 prctl).
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    main(Path(sys.argv[-1]).resolve())
