# SPDX-License-Identifier: GPL-2.0
"""How a run ends: signals at every moment, with and without a command, and what must survive it."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from harness import run, summary_of, wait_until

SOON_S = 5


def sleep_of_this_test():
    """An argument of sleep that no other process has; above SOON_S by far."""
    return f"31.{os.getpid()}{time.monotonic_ns() % 10**9:09}"


def processes_with(argument):
    """Living ones: what a command line that has ARGUMENT in it belongs to."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and argument.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@pytest.fixture
def duration():
    argument = sleep_of_this_test()
    yield argument
    for pid in processes_with(argument):
        os.kill(pid, signal.SIGKILL)


def commands_of(ipctrace, argument):
    return [pid for pid in processes_with(argument) if pid != ipctrace.pid]


def wait_for_exec(ipctrace, duration):
    def started():
        return any(pathlib.Path(f"/proc/{pid}/comm").read_text() == "sleep\n"
                   for pid in commands_of(ipctrace, duration))
    wait_until(started, "the command")


def test_sigterm_ends_the_command_too(stage, duration):
    """A service manager stops ipctrace alone; its command must not live on."""
    ipctrace = stage.ipctrace("-q", "--", "sleep", duration, json_output=False, attached=False)
    wait_for_exec(ipctrace, duration)
    ipctrace.signal(signal.SIGTERM)
    assert ipctrace.wait(SOON_S) == 128 + signal.SIGTERM, ipctrace.stderr()
    assert not processes_with(duration)


TRAPS_INT = "trap 'sleep 0.5; touch {cleaned}; exit 3' INT; touch {started}; while :; do sleep 0.1; done"


def test_command_may_clean_up_after_ctrl_c(stage):
    """The terminal sends SIGINT to both; the command's end is waited for, and its status returned."""
    started, cleaned, data = (stage.directory / name for name in ("started", "cleaned", "data"))
    script = TRAPS_INT.format(started=started, cleaned=cleaned)
    ipctrace = stage.ipctrace("-o", data, "--", "sh", "-c", script,
                              attached=False, start_new_session=True)
    wait_until(started.exists, "the command to start")
    os.killpg(ipctrace.pid, signal.SIGINT)
    try:
        assert ipctrace.wait(SOON_S) == 3, ipctrace.stderr()
        assert cleaned.exists()
        assert summary_of(data.read_text())["processes"]
    finally:
        try:
            os.killpg(ipctrace.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


IGNORES_TERM = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(float(sys.argv[2]))
"""


def test_second_sigterm_does_not_wait_for_the_command(stage, duration):
    started, data = stage.directory / "started", stage.directory / "data"
    ipctrace = stage.ipctrace("-o", data, "--", sys.executable, "-c", IGNORES_TERM, started, duration,
                              attached=False)
    wait_until(started.exists, "the command to start")
    ipctrace.signal(signal.SIGTERM)
    time.sleep(0.5)
    if ipctrace.running():
        ipctrace.signal(signal.SIGTERM)
    ipctrace.wait(SOON_S)
    assert data.read_text().endswith("\n")
    assert summary_of(data.read_text())


@pytest.mark.parametrize("delay_s", [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("target", ["command", "pid"])
def test_ctrl_c_during_the_start(stage, duration, target, delay_s):
    sleeper = stage.program("sleep", "60")
    data = stage.directory / "data"
    arguments = ["--", "sleep", duration] if target == "command" else ["-p", sleeper.pid]
    ipctrace = stage.ipctrace("-o", data, *arguments, attached=False, start_new_session=True)
    time.sleep(delay_s)
    os.killpg(ipctrace.pid, signal.SIGINT)
    status = ipctrace.wait(SOON_S)
    assert status in (0, 1, 128 + signal.SIGINT, -signal.SIGINT), (status, ipctrace.stderr())
    assert not processes_with(duration)
    assert sleeper.running()
    text = data.read_text() if data.exists() else ""
    assert not text or text.endswith("\n")
    for line in text.splitlines():
        json.loads(line)


SIGNAL_STATE = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]


def test_command_starts_with_no_signal_blocked(tmp_path):
    """What ipctrace does to its own signals is not passed on."""
    done = run("-q", "-o", tmp_path / "data", "--", *SIGNAL_STATE)
    assert done.returncode == 0, done.stderr
    plain = subprocess.run(SIGNAL_STATE, capture_output=True, text=True, check=True)
    assert done.stdout == plain.stdout


OLD_CONTENT = "the figures of yesterday\n"


@pytest.mark.parametrize("what, status", [("no-command", 127), ("no-program", 126),
                                          ("no-pid", 1), ("no-tid", 1)])
def test_refusal_leaves_the_output_file_alone(tmp_path, what, status):
    """What cannot start does not wipe out the result of the run before."""
    data, text = tmp_path / "data", tmp_path / "text"
    data.write_text(OLD_CONTENT)
    text.write_text("no program")
    gone = subprocess.Popen(["true"])
    gone.wait()
    arguments = {"no-command": ["--", tmp_path / "nothing"], "no-program": ["--", text],
                 "no-pid": ["-p", gone.pid], "no-tid": ["-t", gone.pid]}[what]
    done = run("-o", data, *arguments)
    assert done.returncode == status, done.stderr
    assert data.read_text() == OLD_CONTENT
