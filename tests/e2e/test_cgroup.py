# SPDX-License-Identifier: GPL-2.0
"""-G: whoever is in a cgroup, or below it, from when it gets there until it leaves."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

from harness import compare, compare_channel, compare_health, find_channel, run, wait_until


def mount_point():
    for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if fields[2] == "cgroup2":
            return pathlib.Path(fields[1])
    return None


pytestmark = pytest.mark.skipif(mount_point() is None, reason="cgroup v2 is not mounted")


class Cgroup:
    """A cgroup of the tests' own; its processes go back to where we are when it ends."""

    def __init__(self, name):
        self.path = mount_point() / name
        (self.path / "inner").mkdir(parents=True)

    def take(self, program, inner=False):
        for pid in getattr(program, "pids", [program.pid]):
            (self.path / ("inner" if inner else "") / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def give_back(self, program):
        own = re.search("^0::/(.*)$", pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8"), re.MULTILINE)
        for pid in getattr(program, "pids", [program.pid]):
            (mount_point() / own.group(1) / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def remove(self):
        """Children of workloads may take a moment to die."""
        if not self.path.exists():
            return
        wait_until(lambda: "populated 0" in (self.path / "cgroup.events").read_text(encoding="ascii"),
                   "the cgroup to be empty")
        (self.path / "inner").rmdir()
        self.path.rmdir()


@pytest.fixture
def cgroup(stage):
    made = Cgroup(f"ipctrace-test-{os.getpid()}")
    yield made
    stage.close()
    made.remove()


def truths_of(*workloads):
    works = [w.work() for w in workloads]
    return {"channels": [c for t in works for c in t["channels"]],
            "locks": [x for t in works for x in t["locks"]]}


@pytest.mark.parametrize("form", ["absolute", "relative", "as in /proc"])
def test_processes_that_are_there(stage, cgroup, form):
    inside = stage.workload("pipe", "--threads", 8)
    below = stage.workload("unix", "stream", "--processes")
    outside = stage.workload("pipe")
    cgroup.take(inside)
    cgroup.take(below, inner=True)
    path = {"absolute": cgroup.path, "relative": cgroup.path.name, "as in /proc": f"/{cgroup.path.name}"}[form]
    ipctrace = stage.ipctrace("-G", path)
    outside.work()
    truth = truths_of(inside, below)
    summary = ipctrace.finish()
    compare(summary, truth, inside.pids + below.pids)
    assert {p["pid"] for p in summary["processes"]} == set(inside.pids + below.pids)


@pytest.mark.parametrize("loads, threads", [
    (("pipe",), 1), (("pipe",), 8), (("pipe",), 32), (("unix", "stream", "--processes"), 8), (("futex",), 3),
], ids=lambda a: a[0] if isinstance(a, tuple) else str(a))
def test_processes_that_are_moved_in(stage, cgroup, loads, threads):
    """All of their threads count from then on, at once, whether they sleep or not."""
    workload = stage.workload(*loads, "--threads", threads, "--phases", 2)
    ipctrace = stage.ipctrace("-G", cgroup.path, 60)
    workload.work()
    cgroup.take(workload, inner=True)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("threads", [1, 8])
def test_processes_that_leave(stage, cgroup, threads):
    workload = stage.workload("pipe", "--threads", threads, "--phases", 2)
    cgroup.take(workload)
    ipctrace = stage.ipctrace("-G", cgroup.path)
    truth = workload.work()
    cgroup.give_back(workload)
    assert workload.work() != truth
    compare(ipctrace.finish(), truth, workload.pids)


def test_a_move_inside_changes_nothing(stage, cgroup):
    workload = stage.workload("pipe", "--threads", 8, "--phases", 2)
    cgroup.take(workload)
    ipctrace = stage.ipctrace("-G", cgroup.path)
    first = workload.work()
    cgroup.take(workload, inner=True)
    second = workload.work()
    summary = ipctrace.finish()
    compare_health(summary)
    for before, after in zip(first["channels"], second["channels"]):
        channel = find_channel(summary, after)
        for end, earlier in zip(after["endpoints"], before["endpoints"]):
            endpoint, = [e for e in channel["endpoints"] if e["pid"] == end["pid"]]
            assert endpoint["sent_bytes"] == end["sent"]["bytes"] + earlier["sent"]["bytes"]
            assert endpoint["received_bytes"] == end["received"]["bytes"] + earlier["received"]["bytes"]


def test_children_are_born_there(stage, cgroup):
    workload = stage.workload("family")
    cgroup.take(workload)
    ipctrace = stage.ipctrace("-G", cgroup.path)
    truth = workload.work()
    summary = ipctrace.finish()
    compare_channel(summary, truth["channels"][0])
    compare_health(summary)


BORN_INSIDE = """
import ctypes, os, sys
cgroup = os.open(sys.argv[1], os.O_RDONLY)
words = (ctypes.c_uint64 * 11)()
words[0], words[4], words[10] = 0x200000000, 17, cgroup  # CLONE_INTO_CGROUP, SIGCHLD
ends = os.pipe()
child = ctypes.CDLL(None, use_errno=True).syscall(435, words, ctypes.sizeof(words))
if child == 0:
    os.write(ends[1], b"x" * 1009)
    os._exit(0)
os.waitpid(child, 0)
os.read(ends[0], 5000)
print(child, flush=True)
"""


@pytest.mark.parametrize("follow", [False, True], ids=["alone", "followed"])
def test_a_child_put_there_at_its_birth(stage, cgroup, follow):
    """clone3 puts it there; its parent stays a stranger."""
    ipctrace = stage.ipctrace("-G", cgroup.path, *(["-f"] if follow else []))
    done = subprocess.run([sys.executable, "-c", BORN_INSIDE, cgroup.path], capture_output=True, text=True,
                          check=True, timeout=20)
    child = int(done.stdout)
    summary = ipctrace.finish()
    process, = [p for p in summary["processes"] if p["threads"] is not None]
    assert (process["pid"], process["sent_bytes"], process["sent_messages"]) == (child, 1009, 1)


def test_single_threads_of_a_threaded_cgroup(stage, cgroup):
    workload = stage.workload("steady", 300)
    cgroup.take(workload)
    (cgroup.path / "inner" / "cgroup.type").write_text("threaded", encoding="ascii")
    writer = sorted(int(t) for t in os.listdir(f"/proc/{workload.pid}/task"))[1]
    ipctrace = stage.ipctrace("-G", cgroup.path / "inner")
    (cgroup.path / "inner" / "cgroup.threads").write_text(str(writer), encoding="ascii")
    truth = workload.work()["channels"][0]
    summary = ipctrace.finish()
    endpoint, = [e for e in find_channel(summary, truth)["endpoints"] if e["pid"] == workload.pid]
    sent = truth["endpoints"][0]["sent"]
    assert (endpoint["sent_bytes"], endpoint["calls"]) == (sent["bytes"], sent["calls"])
    assert not endpoint["received_messages"]
    workload.stop()


def test_the_end_of_the_cgroup(stage, cgroup):
    sleeper = stage.program("sleep", "0.5")
    cgroup.take(sleeper)
    ipctrace = stage.ipctrace("-G", cgroup.path)
    sleeper.wait()
    cgroup.remove()
    assert ipctrace.wait() == 0
    assert [p["comm"] for p in ipctrace.summary()["processes"]] == ["sleep"]


@pytest.mark.parametrize("path, says", [
    ("ipctrace/there/is/none", "there is no cgroup"), ("/tmp", "is no cgroup"),
    pytest.param("/x" * 3000, "too long", id="too long"), ("../..", "is no cgroup"),
])
def test_what_is_no_cgroup(path, says):
    done = run("-G", path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and says in done.stderr, done.stderr


def test_a_cgroup_of_the_first_version():
    found = [line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
             if line.split()[2] == "cgroup"]
    if not found:
        pytest.skip("cgroup v1 is not mounted")
    done = run("-G", found[0])
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "v1" in done.stderr, done.stderr


def test_without_cgroups_of_the_second_version():
    script = f'umount "{mount_point()}" && exec "$0" -G /'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, run.__globals__["IPCTRACE"]], capture_output=True,
                          text=True, timeout=20, check=False)
    if "umount" in done.stderr:
        pytest.skip("cgroup v2 cannot be unmounted here")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "mount -t cgroup2" in done.stderr, done.stderr
