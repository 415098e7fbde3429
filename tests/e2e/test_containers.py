# SPDX-License-Identifier: GPL-2.0
"""PID namespaces, command lines and cgroups of processes."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from harness import BUILD, IPCTRACE, compare_channels, compare_health, wait_until


def inner_pid(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    return int(re.search(r"^NSpid:.*\s(\d+)$", text, re.MULTILINE).group(1))


def process_of(summary, pid):
    process, = [p for p in summary["processes"] if p["pid"] == pid]
    return process


def child_of(program):
    path = pathlib.Path(f"/proc/{program.pid}/task/{program.pid}/children")
    return int(wait_until(lambda: path.read_text(encoding="ascii").split(), "a child")[0])


def test_pids_inside_a_namespace(stage):
    """The host's everywhere, and the inner one beside it."""
    script = f"sleep 0.01; exec {BUILD}/workloads/steady 200"
    turns = stage.directory / "turns"
    turns.touch()
    with open(turns, "rb") as file:
        outer = stage.program("unshare", "-p", "-f", "--mount-proc", "sh", "-c", script, stdin=file)
    pid = child_of(outer)
    wait_until(lambda: '"ready"' in outer.stdout(), "the workload")
    ipctrace = stage.ipctrace("-p", pid)
    turns.write_bytes(b"\n")
    truth = json.loads(wait_until(lambda: [x for x in outer.lines() if '"truth"' in x], "the truth")[0])
    summary = ipctrace.finish()
    compare_health(summary)
    process = process_of(summary, pid)
    assert process["ns_pid"] == inner_pid(pid) == 1
    assert process["sent_messages"] == sum(e["sent"]["messages"] for c in truth["channels"] for e in c["endpoints"])
    assert process["cmdline"] == f"{BUILD}/workloads/steady 200"
    os.kill(pid, 9)


def test_names_of_processes(stage):
    workload = stage.workload("pipe", "--processes")
    ipctrace = stage.ipctrace("-p", workload.pid)
    truth = workload.work()
    cgroup = re.search(r"^0::(.*)$", pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8"), re.MULTILINE)
    summary = ipctrace.finish()
    compare_channels(summary, truth, [workload.pid])
    process = process_of(summary, workload.pid)
    assert process["ns_pid"] == workload.pid == inner_pid(workload.pid)
    assert process["cmdline"] == f"{BUILD}/workloads/pipe --processes"
    if cgroup:
        assert process["cgroup"]


def test_a_command_line_that_is_no_text(stage):
    program = stage.program("sh", "-c", "sleep 60; true", b"\x1b[31m\xff\n\"", "", "end")
    summary = stage.ipctrace("-p", program.pid).finish()
    assert process_of(summary, program.pid)["cmdline"] == 'sh -c sleep 60; true \x1b[31m\xff\n"  end'


@pytest.mark.parametrize("command", [["-a", "1", "1"], ["-p", "1"], ["check"], ["--", "true"]], ids=lambda c: c[0])
def test_not_from_inside_a_namespace(command):
    done = subprocess.run(["unshare", "-p", "-f", "--mount-proc", IPCTRACE, *command], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "on the host" in done.stderr, done.stderr
