"""The steps of set-up, in order. Each says what it depends on; what is current is skipped."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.setup import choice, machine, packages, relocate, workspace
from tools.setup.machine import SetupError
from tools.setup.stamps import StampFolder, write_whole

REVISION = 1
RENDER_PROBE = (
    'import mujoco; m = mujoco.MjModel.from_xml_string(\'<mujoco><worldbody><light pos="0 0 3"/>'
    '<geom size=".1"/></worldbody></mujoco>\'); d = mujoco.MjData(m); mujoco.mj_forward(m, d);'
    "r = mujoco.Renderer(m, 48, 64); r.update_scene(d); assert r.render().any(), 'the picture is black'; r.close()"
)
LIBRARIES = ("rclpy", "openvino", "cv2", "mujoco", "pinocchio", "coal", "toppra")
TRAIN_LIBRARIES = ("torch", "torchvision", "lightning", "onnxscript", "skimage", "embreex", "distributed", "pytest")
# (package, executable) that only print their help when they are asked for it.
PROBES = (("dense_grasp_bench", "demo"),)


@dataclass(frozen=True)
class Step:
    """One step: it ran when its stamp carries the fingerprint of `inputs` and `evidence` exists."""

    name: str
    title: str
    inputs: Any
    action: Callable[[], None]
    evidence: Path


class Setup:
    """What is known of this checkout, this machine and this shell; builds and runs the steps.

    Args:
        checkout: root of the repository.
        environ: the environment that the caller's shell has.
        say: prints a line for the user.
        train: also what trains, evaluates and tests; without, what a robot, the simulated cell and the demo need. What
            an earlier set-up added stays.
    """

    def __init__(
        self, checkout: Path, environ: Mapping[str, str], say: Callable[[str], None], train: bool = False
    ) -> None:
        self.checkout, self.say, self.train = checkout, say, train
        self.venv = checkout / ".venv"
        self.state = checkout / ".setup"
        self.stamps = StampFolder(self.state)
        self.environ = workspace.base_environment(environ, checkout)
        self.environment = choice.read_environment(environ, checkout, self._sourced_numpy)
        self.sources = workspace.packages(checkout / "src")
        self.stand_ins = workspace.packages(checkout / "underlay")
        parent = workspace.parent_venv(self.environment)
        self.python = machine.find_interpreter(bool(self.environment.packages), parent)
        self.version = machine.python_version(self.python)
        requirements = checkout / "requirements"
        self.choice = choice.choose(
            self.environment,
            self._lock(requirements / "python.lock"),
            self._lock(requirements / "ros-jazzy.lock"),
            self.stand_ins,
            workspace.dependencies(list(self.sources.values())),
        )
        self.train_pins = self._lock(requirements / "train.lock")
        self.models_lock = requirements / "robot-models.lock"

    def _lock(self, path: Path) -> list[str]:
        return [pin for pin in choice.read_lock(path.read_text()) if choice.wanted_on(pin, self.version)]

    def _sourced_numpy(self) -> str:
        """Asked of the Python that ROS runs in: that of its own environment, else the machine's."""
        code = "import importlib.metadata as m; print(m.version('numpy'))"
        parent = workspace.parent_venv(choice.read_environment(self.environ, self.checkout))
        python = str(parent / "bin/python") if parent else machine.base_interpreter()
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=self.environ)
        return done.stdout.strip() if done.returncode == 0 else ""

    def steps(self) -> list[Step]:
        """The steps with their inputs; an input that changed makes every later step that builds on it run again."""
        parent = workspace.parent_venv(self.environment)
        built = [*self.choice.underlay, *self.sources]
        folders = [self.stand_ins[name] for name in self.choice.underlay] + list(self.sources.values())
        on_machine = [REVISION, self.python, self.version, self.environment.prefixes]
        on_venv = [on_machine, self.choice.system_site_packages, str(parent)]
        on_python = [on_venv, self.choice.python_pins]
        on_ros = [on_venv, self.choice.ros_wheels, [p for p in self.choice.python_pins if p.startswith("numpy=")]]
        on_models = [on_venv, self.models_lock.read_text()]
        on_build = [on_ros, self.choice.underlay, workspace.BUILD_COMMAND, workspace.build_inputs(folders)]
        on_build.append(workspace.TYPESUPPORT.read_text())
        wheels, pins = len(self.choice.ros_wheels), len(self.choice.python_pins)
        venv, state = self.venv, self.state
        steps = [
            Step("machine", "machine: Python, compiler, renderer libraries", on_machine, self._machine, state),
            Step("venv", "virtual environment .venv", on_venv, self._venv, venv / "bin/activate"),
            Step("python", f"Python packages ({pins} pins, about 1.5 GB)", on_python, self._python, venv / "bin/pip"),
            Step("ros", f"ROS 2 Jazzy wheels ({wheels} pins)", on_ros, self._ros, venv / "bin/python"),
            Step("models", "robot models", on_models, self._models, venv / "share/robot_models"),
            Step("renderer", "picture without a display (EGL)", on_python, self._renderer, state),
            Step(
                "build",
                f"colcon build ({len(self.choice.underlay)} stand-ins, {len(self.sources)} packages)",
                on_build,
                lambda: self._build(built),
                self.checkout / "install/local_setup.bash",
            ),
            Step("imports", "everything imports, executables start", [on_build, on_python], self._imports, state),
        ]
        if self.train:
            on_train = [on_python, self.train_pins, f"GPU: {machine.has_gpu()}"]
            title = f"what trains, evaluates and tests ({len(self.train_pins)} pins, up to 5 GB)"
            steps.append(Step("train", title, on_train, self._train, venv / "bin/pip"))
        if not self.choice.ros_wheels:
            steps = [step for step in steps if step.name != "ros"]
        return steps

    def run(self) -> list[str]:
        """Run what is not current; returns the names of the steps that ran."""
        self._refuse_other_floor()
        if self.choice.missing:
            names = choice.apt_names(self.environment.distro, self.choice.missing)
            raise SetupError(
                f"the sourced ROS environment lacks {', '.join(self.choice.missing)}; wheels are not mixed into it."
                f"\n  with ROS from apt, type:  {machine.apt_line(names)}"
            )
        steps = self.steps()
        ran: list[str] = []
        for number, step in enumerate(steps, 1):
            if self.stamps.current(step.name, step.inputs) and step.evidence.exists():
                continue
            if not ran:
                self._introduce()
            self.say(f"[{number}/{len(steps)}] {step.title} …")
            changes = self.stamps.changes(step.name, step.inputs)
            if changes:
                self.say(f"      changed: {', '.join(changes[:3])}{' …' if len(changes) > 3 else ''}")
            started = time.monotonic()
            self.stamps.clear(step.name)
            step.action()
            seconds = time.monotonic() - started
            self.stamps.write(step.name, step.inputs, seconds)
            self.say(f"[{number}/{len(steps)}] {step.title}: done in {seconds:.0f} s")
            ran.append(step.name)
        return ran

    def _refuse_other_floor(self) -> None:
        """A checkout set up with a sourced ROS is not silently rebuilt without it, nor the other way round."""
        record = self.state / "sourced.json"
        now = list(self.environment.prefixes)
        before = json.loads(record.read_text()) if record.exists() else now
        if before != now:
            raise SetupError(
                f"this checkout was set up with {self._describe(before)}, this shell has {self._describe(now)}.\n"
                "  Source the same environment again, or set up anew for this one:  make clean setup"
            )
        write_whole(record, json.dumps(now) + "\n")

    @staticmethod
    def _describe(prefixes: list[str]) -> str:
        return "the ROS environment " + ":".join(prefixes) if prefixes else "no ROS environment sourced"

    def _introduce(self) -> None:
        environment = self.environment
        if environment.packages:
            self.say(f"ROS environment found: {environment.distro or 'unnamed'}, {len(environment.packages)} packages")
            self.say(f"  used from it: {', '.join(self.choice.upstream) or 'none of the stand-ins'}")
        else:
            self.say("no ROS environment is sourced: ROS 2 Jazzy comes from wheels")
        self.say(f"  stand-ins built: {', '.join(self.choice.underlay) or 'none'}")
        if choice.needs_numpy_1(environment):
            self.say(f"  {choice.NUMPY_BEFORE_2}: the cv_bridge of this environment was built for it")

    def _machine(self) -> None:
        machine.check(self.python, self.environ, self.say)

    def _venv(self) -> None:
        parent = workspace.parent_venv(self.environment)
        options = ["--system-site-packages"] if self.choice.system_site_packages else []
        if (self.venv / "pyvenv.cfg").exists() and not self._venv_fits():
            options.append("--clear")
            shutil.rmtree(self.checkout / "build", ignore_errors=True)
            shutil.rmtree(self.checkout / "install", ignore_errors=True)
        done = subprocess.run([self.python, "-m", "venv", *options, str(self.venv)], env=self.environ)
        if done.returncode:
            raise SetupError(f"{self.python} -m venv ended with {done.returncode}: its message stands above")
        if parent is not None:
            # With its own .pth files; at the end of the path, so that what is installed here comes first.
            line = f"import site; site.addsitedir({str(packages.site_packages(parent))!r})"
            write_whole(packages.site_packages(self.venv) / "sourced_ros.pth", line + "\n")
        write_whole(self.state / "floor.bash", workspace.floor_script(self.environment, bool(self.choice.ros_wheels)))

    def _venv_fits(self) -> bool:
        config = (self.venv / "pyvenv.cfg").read_text()
        shares = "include-system-site-packages = true" in config
        major, minor = self.version
        return shares == self.choice.system_site_packages and f"\nversion = {major}.{minor}." in config

    def _python(self) -> None:
        packages.pip_install(self.venv, self.choice.python_pins, self.state / "python.txt", self.environ)

    def _train(self) -> None:
        pins = choice.choose_torch(self.train_pins, machine.has_gpu(), self._offers)
        packages.pip_install(self.venv, pins, self.state / "train.txt", self.environ)
        self._import(TRAIN_LIBRARIES)

    def _offers(self, pin: str) -> bool:
        return packages.offers(self.venv, pin, self.environ)

    def _ros(self) -> None:
        packages.pip_install(self.venv, self.choice.ros_wheels, self.state / "ros.txt", self.environ)
        code = "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())"
        done = subprocess.run(
            [str(self.venv / "bin/python"), "-c", code], capture_output=True, text=True, check=True, env=self.environ
        )
        changed = relocate.relocate_tree(self.venv / "share", *done.stdout.splitlines())
        self.say(f"      {changed} CMake exports pointed at this Python")

    def _models(self) -> None:
        packages.install_robot_models(self.venv, self.models_lock, self.environ)

    def _renderer(self) -> None:
        command = ["python", "-c", RENDER_PROBE]
        if workspace.in_workspace(self.checkout, command, {**self.environ, "DENSE_GRASP_BUILDING": "1"}):
            packages_line = machine.apt_line(machine.EGL_PACKAGES)
            raise SetupError(
                "MuJoCo could not draw a picture (its message stands above). "
                f"On Debian and Ubuntu this brings what is needed:  {packages_line}\n"
                "  MUJOCO_GL=osmesa with libosmesa6 is the slower way round"
            )

    def _build(self, names: list[str]) -> None:
        workspace.build(self.checkout, names, self.choice.upstream, self.environ)
        folders = [self.sources[name] for name in self.sources]
        folders += [self.stand_ins[name] for name in self.choice.underlay]
        tests = [str(path.relative_to(self.checkout)) for f in folders if (path := f / "test").is_dir()]
        write_whole(self.state / "test_paths", "\n".join(["tests", *sorted(tests)]) + "\n")

    def _imports(self) -> None:
        folders = [self.stand_ins[name] for name in self.choice.underlay] + list(self.sources.values())
        self._import([*LIBRARIES, *(module for folder in folders for module in workspace.modules(folder))])
        for package, executable in PROBES:
            if package in self.sources and not workspace.starts(self.checkout, package, executable, self.environ):
                raise SetupError(
                    f"ros2 run {package} {executable} does not start: its message stands above; "
                    "make clean setup starts anew"
                )

    def _import(self, modules: Sequence[str]) -> None:
        code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
        if workspace.in_workspace(self.checkout, ["python", "-c", code, *modules], self.environ):
            raise SetupError("a package does not import: its message stands above; make clean setup starts anew")
