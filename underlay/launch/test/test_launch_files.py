"""Launch files as processes: what a user of `ros2 launch` sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
service = LaunchService(argv=sys.argv[2:], noninteractive=True)
pairs = [argument.split(":=") for argument in sys.argv[2:]]
source = PythonLaunchDescriptionSource(sys.argv[1])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=pairs)]))
sys.exit(service.run())
"""
HEADER = """
from launch import LaunchDescription
from launch.actions import *
from launch.conditions import IfCondition, UnlessCondition
from launch.event_handlers import OnProcessExit, OnProcessStart, OnShutdown
from launch.events import Shutdown as ShutdownEvent
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import *
def say(*parts, **options):
    return ExecuteProcess(cmd=["echo", "said", *parts], output="screen", **options)
def generate_launch_description():
    return LaunchDescription([
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.chdir(tmp_path)
    running = []

    def start(body, *arguments, name="main.launch.py"):
        path = tmp_path / name
        path.write_text(f"{HEADER}{body}\n    ])\n")
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def launch(start):
    def launch(body, *arguments, **options):
        process = start(body, *arguments, **options)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    return launch


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "condition did not hold in time"
        time.sleep(0.02)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_arguments_reach_processes(launch):
    body = """DeclareLaunchArgument("who", default_value="nobody"), say(LaunchConfiguration("who"))"""
    code, output = launch(body)
    assert code == 0 and "[echo-1] said nobody" in output
    assert "[echo-1]: process started with pid" in output
    assert "[echo-1]: process has finished cleanly" in output
    assert "[echo-1] said me" in launch(body, "who:=me")[1]


def test_missing_argument_is_named(launch):
    code, output = launch("""DeclareLaunchArgument("who"), say(LaunchConfiguration("who"))""")
    assert code == 1 and "'who'" in output and "said" not in output


def test_choices_are_kept(launch):
    body = """DeclareLaunchArgument("planner", default_value="ompl", choices=["ompl", "moveit"]), say("x")"""
    assert launch(body, "planner:=moveit")[0] == 0
    code, output = launch(body, "planner:=magic")
    assert code == 1 and 'provided value "magic" is not valid' in output and "ompl" in output


def test_description_names_the_choices():
    from launch.actions import DeclareLaunchArgument

    argument = DeclareLaunchArgument("planner", description="which planner", choices=["ompl", "moveit"])
    assert "which planner" in argument.description and "'moveit'" in argument.description
    with pytest.raises(RuntimeError):
        DeclareLaunchArgument("planner", choices=[])
    with pytest.raises(RuntimeError):
        DeclareLaunchArgument("planner", default_value="magic", choices=["ompl"])


def test_conditions_and_groups(launch):
    code, output = launch(
        """
        DeclareLaunchArgument("sim", default_value="true"),
        say("yes", condition=IfCondition(LaunchConfiguration("sim"))),
        say("no", condition=UnlessCondition(LaunchConfiguration("sim"))),
        SetLaunchConfiguration("colour", "red"),
        GroupAction([SetLaunchConfiguration("colour", "blue"), SetEnvironmentVariable("SHADE", "dark"),
                     say("inside", LaunchConfiguration("colour"), EnvironmentVariable("SHADE"))]),
        say("outside", LaunchConfiguration("colour"), EnvironmentVariable("SHADE", default_value="none")),
        GroupAction([say("never")], condition=IfCondition("false")),
        """
    )
    assert code == 0
    assert "said yes" in output and "said no" not in output and "never" not in output
    assert "said inside blue dark" in output and "said outside red none" in output


def test_include_passes_arguments(launch, tmp_path):
    (tmp_path / "part.launch.py").write_text(
        f'{HEADER}DeclareLaunchArgument("who"), say(LaunchConfiguration("who"), ThisLaunchFileDir())])\n'
    )
    body = """IncludeLaunchDescription(PythonLaunchDescriptionSource([ThisLaunchFileDir(), "/part.launch.py"]),
                                       launch_arguments={"who": "part"}.items())"""
    code, output = launch(body)
    assert code == 0 and f"said part {tmp_path}" in output
    code, output = launch("""IncludeLaunchDescription(PythonLaunchDescriptionSource("part.launch.py"))""")
    assert code == 1 and "missing required argument 'who'" in output


def test_opaque_function_yields_actions(launch):
    code, output = launch(
        """
        DeclareLaunchArgument("count", default_value="2"),
        OpaqueFunction(function=lambda context, word: [
            say(word + str(n)) for n in range(int(LaunchConfiguration("count").perform(context)))], args=["n"]),
        """
    )
    assert code == 0 and "said n0" in output and "said n1" in output and "said n2" not in output


def test_environment_of_processes(launch):
    code, output = launch(
        """
        SetEnvironmentVariable("COLOUR", "red"),
        ExecuteProcess(cmd=["sh", "-c", "echo $COLOUR $EXTRA; pwd; echo bad >&2"], name="shell", cwd="/",
                       additional_env={"EXTRA": "more"}, output="screen"),
        """
    )
    assert code == 0 and "[shell-1] red more" in output and "[shell-1] /\n" in output and "[shell-1] bad" in output


def test_output_log_shows_errors_only(launch, tmp_path):
    _, output = launch("""ExecuteProcess(cmd=["sh", "-c", "echo plain; echo bad >&2"], output="log")""")
    assert "plain" not in output.replace("echo plain", "") and "bad" in output
    (log,) = {path.resolve() for path in (tmp_path / "log").glob("*/launch.log")}
    assert "plain" in log.read_text() and "bad" in log.read_text()


def test_events_follow_processes(launch):
    code, output = launch(
        """
        OpaqueFunction(function=lambda context: _chain()),
        ])
def _chain():
    first = ExecuteProcess(cmd=["sh", "-c", "exit 3"])
    return list([
        RegisterEventHandler(OnProcessExit(target_action=first, on_exit=lambda event, context: [
            LogInfo(msg=f"first ended with {event.returncode}"), say("second")])),
        RegisterEventHandler(OnProcessStart(target_action=first, on_start=[LogInfo(msg="first started")])),
        RegisterEventHandler(OnShutdown(on_shutdown=[LogInfo(msg="all stops")])),
        first,
        """
    )
    assert code == 0
    order = [output.index(text) for text in ("first started", "first ended with 3", "[echo-2] said second")]
    assert order == sorted(order) and "all stops" in output
    assert "process has died" in output and "exit code 3" in output


def test_shutdown_ends_the_others(launch):
    code, output = launch(  # which waits for 120 s
        """
        ExecuteProcess(cmd=["sleep", "600"]),
        ExecuteProcess(cmd=["sleep", "0.2"], on_exit=Shutdown(reason="enough")),
        TimerAction(period=500.0, actions=[LogInfo(msg="too late")]),
        """
    )
    assert code == 0 and "too late" not in output


def test_timer_and_emitted_shutdown(launch):
    code, output = launch(
        """
        ExecuteProcess(cmd=["sleep", "600"]),
        TimerAction(period=0.3, actions=[LogInfo(msg="timer rings"), EmitEvent(event=ShutdownEvent(reason="r"))]),
        """
    )
    assert code == 0 and "timer rings" in output


def test_respawn_until_shutdown(launch, tmp_path):
    _, output = launch(
        """
        ExecuteProcess(cmd=["sh", "-c", "echo x >> runs; exit 1"], respawn=True, respawn_delay=0.1),
        ExecuteProcess(cmd=["sh", "-c", "until [ $(cat runs | wc -l) -ge 3 ]; do sleep 0.05; done"],
                       on_exit=Shutdown()),
        """
    )
    assert len((tmp_path / "runs").read_text().split()) >= 3
    assert output.count("process started with pid") >= 4


def test_ctrl_c_ends_all(start, tmp_path):
    process = start(
        """
        ExecuteProcess(cmd=["sh", "-c", "trap 'echo > bye; exit 0' INT; echo $$ > pid; while :; do sleep .1; done"]),
        """
    )
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and "user interrupted with ctrl-c (SIGINT)" in output
    assert (tmp_path / "bye").exists() and not alive((tmp_path / "pid").read_text().strip())


def test_stubborn_process_is_killed(start, tmp_path):
    process = start(
        """
        ExecuteProcess(cmd=["sh", "-c", "trap '' INT TERM; echo $$ > pid; while :; do sleep 0.1; done"],
                       sigterm_timeout="0.3", sigkill_timeout="0.3"),
        """
    )
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert "escalating to 'SIGTERM'" in output and "escalating to 'SIGKILL'" in output
    assert not alive((tmp_path / "pid").read_text().strip())


def stand_in():
    import launch

    return hasattr(launch, "not_offered")


@pytest.mark.skipif(not stand_in(), reason="ROS's launch leaves orphans when it is killed")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_orphan_outlives_a_killed_launch(start, tmp_path, how):
    process = start(
        """
        ExecuteProcess(cmd=["sh", "-c", "sleep 300 & echo $! > grandchild; echo $$ > pid; wait"]),
        """
    )
    files = [tmp_path / "pid", tmp_path / "grandchild"]
    wait_for(lambda: all(file.exists() and file.read_text().strip() for file in files))
    pids = [file.read_text().strip() for file in files]
    assert all(alive(pid) for pid in pids)
    process.send_signal(how)
    process.communicate(timeout=120)
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_missing_program_is_an_error(launch):
    code, output = launch("""ExecuteProcess(cmd=["no-such-program"]), ExecuteProcess(cmd=["sleep", "0.1"])""")
    assert "no-such-program" in output and (code == 1 or not stand_in())


@pytest.mark.skipif(not stand_in(), reason="ROS's launch offers everything")
def test_what_is_not_offered_says_so():
    import launch.actions

    with pytest.raises(NotImplementedError, match=r"does not offer launch\.actions\.ForEach"):
        launch.actions.ForEach  # noqa: B018
    with pytest.raises(AttributeError):
        launch.actions.nonsense  # noqa: B018
    assert os.path.isfile(launch.__file__)
