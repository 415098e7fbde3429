# SPDX-License-Identifier: GPL-2.0
"""Whom ipctrace traces: -p, -t, -c, -a, -f, -- COMMAND, and whom not."""
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time

import pytest

import harness
from harness import (BUILD, IPCTRACE, compare, compare_channel, compare_health, run, summary_of,
                     wait_until)


def process_of(summary, pid):
    found = [p for p in summary["processes"] if p["pid"] == pid]
    return found[0] if found else None


def is_untraced(summary, pid):
    process = process_of(summary, pid)
    return process is None or not process["sent_bytes"] and not process["received_bytes"]


def test_several_pids(stage):
    first, second = stage.workload("pipe"), stage.workload("unix", "dgram")
    ipctrace = stage.ipctrace("-p", f"{first.pid},{second.pid},{first.pid}")
    truths = [first.work(), second.work()]
    summary = ipctrace.finish()
    truth = {"channels": truths[0]["channels"] + truths[1]["channels"], "locks": []}
    compare(summary, truth, [first.pid, second.pid])


def test_pid_given_twice_as_options(stage):
    first, second = stage.workload("pipe"), stage.workload("fifo")
    ipctrace = stage.ipctrace("-p", first.pid, "-p", second.pid)
    truth = {"channels": first.work()["channels"] + second.work()["channels"], "locks": []}
    compare(ipctrace.finish(), truth, [first.pid, second.pid])


def test_other_processes_are_left_alone(stage):
    target, other = stage.workload("pipe"), stage.workload("pipe")
    ipctrace = stage.attach(target)
    other.work()
    truth = target.work()
    summary = ipctrace.finish()
    compare(summary, truth, target.pids)
    assert process_of(summary, other.pid) is None


def test_single_threads(stage):
    """Of all threads only the writer's: its calls, and the reader's half is not there."""
    workload = stage.workload("steady", 300)
    tids = sorted(int(t) for t in os.listdir(f"/proc/{workload.pid}/task"))
    writer = tids[1]
    ipctrace = stage.ipctrace("-t", writer)
    truth = workload.work()["channels"][0]
    summary = ipctrace.finish()
    channel = harness.find_channel(summary, truth)
    endpoint, = [e for e in channel["endpoints"] if e["pid"] == workload.pid]
    sent = truth["endpoints"][0]["sent"]
    assert (endpoint["sent_bytes"], endpoint["sent_messages"], endpoint["calls"]) == \
        (sent["bytes"], sent["messages"], sent["calls"])
    assert not endpoint["received_bytes"] and not endpoint["received_messages"]


def test_two_threads(stage):
    workload = stage.workload("steady", 300)
    tids = sorted(int(t) for t in os.listdir(f"/proc/{workload.pid}/task"))
    ipctrace = stage.ipctrace("-t", f"{tids[1]},{tids[2]}")
    truth = workload.work()
    compare(ipctrace.finish(), truth, [workload.pid])


def named_copy(directory, workload, name):
    directory.mkdir(exist_ok=True)
    return shutil.copy(BUILD / "workloads" / workload, directory / name)


def test_name_of_existing_and_later_processes(stage, tmp_path):
    binary = named_copy(tmp_path / "bin", "steady", f"ipct-{os.getpid()}")
    existing = [stage.workload("steady", 100, binary=binary) for _ in range(2)]
    other = stage.workload("steady", 100)
    ipctrace = stage.ipctrace("-c", f"ipct-{os.getpid()}")
    later = [stage.workload("steady", 100, binary=binary) for _ in range(2)]
    workloads = existing + later
    truth = {"channels": [], "locks": []}
    for workload in workloads:
        truth["channels"] += workload.work()["channels"]
    other.work()
    summary = ipctrace.finish()
    compare(summary, truth, [w.pid for w in workloads])
    assert is_untraced(summary, other.pid)


def test_name_that_nobody_has_yet(stage, tmp_path):
    binary = named_copy(tmp_path / "bin", "steady", f"later-{os.getpid()}")
    ipctrace = stage.ipctrace("-c", f"later-{os.getpid()}")
    workload = stage.workload("steady", 100, binary=binary)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_the_whole_system(stage):
    """All processes, later ones too, but never ipctrace itself."""
    first = stage.workload("pipe")
    ipctrace = stage.ipctrace("-a")
    second = stage.workload("unix", "stream", "--processes")
    truths = [first.work(), second.work()]
    summary = ipctrace.finish()
    for truth in truths:
        for channel in truth["channels"]:
            compare_channel(summary, channel)
    assert process_of(summary, ipctrace.pid) is None
    assert not any(e["pid"] == ipctrace.pid and e["calls"]
                   for c in summary["channels"] for e in c["endpoints"])
    compare_health(summary)


@pytest.mark.parametrize("follow", [True, False], ids=["followed", "alone"])
def test_children_of_every_kind(stage, follow):
    workload = stage.workload("family")
    ipctrace = stage.attach(workload, *(["--follow"] if follow else []))
    truth = workload.work()
    summary = ipctrace.finish()
    channel = truth["channels"][0]
    for endpoint in channel["endpoints"]:  # a child cannot measure its own sleep: it has none
        if endpoint["pid"] == workload.pid:
            continue
        if not follow:
            assert is_untraced(summary, endpoint["pid"])
    compare_channel(summary, channel, None if follow else workload.pids)
    compare_health(summary)


def test_children_have_parents_and_names(stage):
    workload = stage.workload("family")
    ipctrace = stage.attach(workload, "-f")
    truth = workload.work()
    summary = ipctrace.finish()
    children = [e["pid"] for e in truth["channels"][0]["endpoints"] if e["pid"] != workload.pid]
    assert len(children) == 5
    for pid in children[:4]:
        process = process_of(summary, pid)
        assert process["ppid"] == workload.pid
        assert process["comm"] in ("family", "exe")


@pytest.mark.parametrize("command, status", [
    ("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 128 + signal.SIGTERM),
    ("kill -KILL $$", 128 + signal.SIGKILL),
])
def test_status_of_the_command(command, status, tmp_path):
    done = run("--json", "-o", tmp_path / "data", "--", "sh", "-c", command)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert summary_of((tmp_path / "data").read_text())


def test_command_that_does_not_exist(tmp_path):
    done = run("--", tmp_path / "nothing")
    assert done.returncode == 127
    assert done.stderr.count("\n") == 1 and "nothing" in done.stderr


def test_command_that_cannot_be_executed(tmp_path):
    (tmp_path / "text").write_text("no program")
    done = run("--", tmp_path / "text")
    assert done.returncode == 126
    assert done.stderr.count("\n") == 1 and "text" in done.stderr
    assert run("--", tmp_path).returncode == 126


def test_command_keeps_its_own_output_and_input(tmp_path):
    done = subprocess.run([IPCTRACE, "--json", "-o", str(tmp_path / "data"), "--", "cat"],
                          input="to and fro", capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "to and fro"), done.stderr


def test_command_of_another_user(stage, tmp_path):
    user = pwd.getpwnam("nobody")
    script = "id -u; id -g; id -G"
    done = run("--json", "-u", "nobody", "-o", tmp_path / "data", "--", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    uid, gid, groups = done.stdout.splitlines()
    assert (int(uid), int(gid)) == (user.pw_uid, user.pw_gid)
    assert "0" not in groups.split()


def test_command_gets_the_signal_of_the_terminal(stage, tmp_path):
    """Ctrl-C reaches the command, too; ipctrace then ends with the final summary."""
    output = tmp_path / "data"
    started = tmp_path / "started"
    ipctrace = stage.ipctrace("-o", output, "--", "sh", "-c", f"touch {started}; exec sleep 600",
                              attached=False, start_new_session=True)
    wait_until(started.exists, "the command to start")
    os.killpg(ipctrace.pid, signal.SIGINT)
    ipctrace.wait()
    assert summary_of(output.read_text())


def test_command_ends_before_all_of_its_children(stage, tmp_path):
    """It is the command that counts: a daemon it leaves behind does not hold ipctrace."""
    pid_file = tmp_path / "daemon"
    started = time.monotonic()
    done = run("--json", "-o", tmp_path / "data", "--", "sh", "-c",
               f"sleep 60 </dev/null >/dev/null 2>&1 & echo $! > {pid_file}; exit 5")
    try:
        assert done.returncode == 5
        assert time.monotonic() - started < 10
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)


def test_target_that_ends(stage):
    workload = stage.workload("pipe", "--now")
    workload.wait()
    sleeper = stage.program("sleep", "0.6")
    ipctrace = stage.ipctrace("-p", sleeper.pid)
    assert ipctrace.wait() == 0
    summary = ipctrace.summary()
    process = process_of(summary, sleeper.pid)
    assert process["comm"] == "sleep"


def test_last_of_several_targets_ends_the_run(stage):
    short, long = stage.program("sleep", "0.4"), stage.program("sleep", "0.9")
    ipctrace = stage.ipctrace("-p", f"{short.pid},{long.pid}")
    wait_until(lambda: not short.running(), "the first to end")
    assert ipctrace.running()
    assert ipctrace.wait() == 0
    assert not long.running()


def test_exec_keeps_the_process(stage):
    """A traced process that execs is still the same one, under its new name."""
    go = stage.directory / "go"
    shell = stage.program("sh", "-c", f"while [ ! -e {go} ]; do sleep 0.02; done; exec sleep 0.3")
    ipctrace = stage.ipctrace("-p", shell.pid)
    go.touch()
    assert ipctrace.wait() == 0
    process = process_of(ipctrace.summary(), shell.pid)
    assert process["comm"] == "sleep"


def test_no_python_pipe_of_ours_is_traced(stage):
    """What the test itself does over pipes belongs to nobody's figures."""
    workload = stage.workload("pipe")
    ipctrace = stage.attach(workload)
    subprocess.run([sys.executable, "-c", "print('x' * 100000)"], capture_output=True, check=True)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)
