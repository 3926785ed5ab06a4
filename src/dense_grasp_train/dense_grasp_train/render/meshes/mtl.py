"""Reader of MTL files, the materials of OBJ: diffuse colour and picture, with the options before the picture's name.

trimesh takes the options for a part of the name and leaves out a picture that it does not find, both without a word.
The format: FILE FORMATS 4.2, chapter 5, Alias|Wavefront 1995, http://paulbourke.net/dataformats/mtl/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dense_grasp_train.render.meshes.part import MeshError
from dense_grasp_train.render.meshes.pictures import decode_picture, find_file
from dense_grasp_train.render.surface_colour import Picture, Wrap

# How many values an option takes at least and at most; those of the second are numbers.
_ONE_WORD = ("-blendu", "-blendv", "-cc", "-clamp", "-bm", "-boost", "-imfchan", "-texres", "-type")
_NUMBERS = {"-mm": 2, "-o": 3, "-s": 3, "-t": 3}


@dataclass(frozen=True)
class Material:
    """A material of an MTL file.

    library: the file. diffuse: Kd, sRGB 0..1, None where it has none. picture: the name that map_Kd gives. Its
    coordinates are uv * scale + offset. see_through: it has an opacity (d below 1, map_d). `Tr` is not read: programs
    disagree which of its ends is opaque.
    """

    library: Path
    name: str
    diffuse: tuple[float, float, float] | None = None
    picture: str | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    clamp: bool = False
    see_through: bool = False

    def load_picture(self, mesh: Path) -> Picture | None:
        """Its picture multiplied by Kd, as the format has it; None where it has none. Raises MeshError."""
        if self.picture is None:
            return None
        factor = np.asarray(self.diffuse or (1.0, 1.0, 1.0))
        if not factor.any():
            raise MeshError(
                f"mesh {mesh}: material {self.name!r} in {self.library} multiplies its picture by Kd 0 0 0, which is "
                "black: set Kd 1 1 1 to see the picture, or remove map_Kd"
            )
        try:
            pixels = decode_picture(find_file(self.library.parent, self.picture).read_bytes())
        except (MeshError, OSError) as error:
            raise MeshError(
                f"mesh {mesh}: material {self.name!r} in {self.library} names the picture {self.picture!r}, {error}"
            ) from error
        wrap: Wrap = "clamp" if self.clamp else "repeat"
        return Picture(np.clip(np.rint(pixels * factor), 0, 255).astype(np.uint8), (wrap, wrap))


def read_mtl(path: Path) -> dict[str, Material]:
    """The materials of an MTL file by name. Raises MeshError that names file, material and statement."""
    materials: dict[str, Material] = {}
    name = None
    for line in path.read_bytes().decode("utf-8", errors="replace").splitlines():
        key, value = (*line.strip().split(None, 1), "", "")[:2]
        if key.lower() == "newmtl":
            name = value
            materials[name] = Material(path, name)
        elif name is not None and value:
            try:
                materials[name] = _with_statement(materials[name], key.lower(), value)
            except ValueError as error:
                raise MeshError(f"{path}, material {name!r}: {line.strip()!r} is not read: {error}") from error
    return materials


def _with_statement(material: Material, key: str, value: str) -> Material:
    if key == "kd":
        words = value.split()
        if words[0] in ("spectral", "xyz"):
            raise ValueError("write the colour as Kd R G B, 0..1 each")
        numbers = [float(word) for word in words[:3]]
        red, green, blue = numbers if len(numbers) == 3 else numbers[:1] * 3
        return replace(material, diffuse=(red, green, blue))
    if key == "map_d" or (key == "d" and float(value.split()[-1]) < 1):
        return replace(material, see_through=True)
    return _with_map(material, value) if key == "map_kd" else material


def _with_map(material: Material, value: str) -> Material:
    words = list(re.finditer(r"\S+", value))
    place, changed = 0, material
    while place < len(words) - 1 and words[place].group().lower() in (*_ONE_WORD, *_NUMBERS):
        option, place = words[place].group().lower(), place + 1
        if option in _ONE_WORD:
            if option == "-clamp":
                changed = replace(changed, clamp=words[place].group().lower() == "on")
            place += 1
            continue
        numbers: list[float] = []
        while place < len(words) - 1 and len(numbers) < _NUMBERS[option] and _is_number(words[place].group()):
            numbers.append(float(words[place].group()))
            place += 1
        if (option == "-t" and any(numbers)) or (option == "-mm" and numbers != [0.0, 1.0]):
            raise ValueError(f"{option} changes the picture in a way that is not rendered: apply it to the picture")
        if option == "-s" and numbers:
            changed = replace(changed, scale=(numbers[0], numbers[1] if len(numbers) > 1 else 1.0))
        if option == "-o" and numbers:
            changed = replace(changed, offset=(numbers[0], numbers[1] if len(numbers) > 1 else 0.0))
    name = value[words[place].start() :] if place < len(words) else ""
    return replace(changed, picture=name)


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", word) is not None
