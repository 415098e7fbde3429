# SPDX-License-Identifier: GPL-2.0
"""
Locks on files: every figure against the truth, and who holds them. The interval is long where waits are counted:
reading /proc/locks makes others sleep, which a workload that counts its own sleeps would take for a wait.
"""
import os
import sys

import pytest

from harness import BUILD, compare, find_lock, summary_of, wait_until
from test_exact import shapes

LONG = 60

steps = pytest.mark.parametrize("shape", [(), ("--threads", 8), ("--processes",),
                                          ("--threads", 8, "--processes")],
                                ids=["1", "8", "processes", "8-processes"])
turns = pytest.mark.parametrize("turns", [("flock",), ("ofd",), ("range", "--processes"), ("flock", "--processes")],
                                ids="".join)


@pytest.fixture(params=["64", "32"])
def start(request, stage):
    """Starts a workload as a 64-bit or as a 32-bit program."""
    def start_workload(name, *arguments):
        directory = BUILD / ("workloads" if request.param == "64" else "workloads32")
        if not (directory / name).exists():
            pytest.skip("no 32-bit workloads: the compiler cannot make them (gcc-multilib)")
        return stage.workload(name, *arguments, binary=directory / name)
    return start_workload


@steps
def test_every_way_a_call_can_end(stage, start, shape):
    workload = start("file_lock", *shape)
    ipctrace = stage.attach(workload, LONG)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    assert len(summary["locks"]) == 1


@steps
def test_attached_in_the_middle(stage, shape):
    workload = stage.workload("file_lock", *shape, "--phases", 2)
    workload.work()
    ipctrace = stage.attach(workload, LONG)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_closed_while_waiting(stage, start):
    workload = start("file_lock", "closed", "--processes")
    ipctrace = stage.attach(workload, LONG)
    truth = workload.work()
    lock, = truth["locks"]
    assert (lock["waits"], lock["errnos"]) == (2, {"EBADF": 1})
    compare(ipctrace.finish(), truth, workload.pids)


def test_from_the_first_instruction(stage, tmp_path):
    output = tmp_path / "data"
    ipctrace = stage.ipctrace("-o", output, LONG, "--", BUILD / "workloads" / "file_lock", "--now", "--threads", 3,
                              "--processes", attached=False)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    ready, truth = ipctrace.objects()
    summary = summary_of(output.read_text())
    compare(summary, truth, [ready["pid"], ready["child"]])
    lock = find_lock(summary, truth["locks"][0])
    assert truth["path"].endswith(lock["name"])


@turns
@shapes("1", "8", "8-shared")
def test_threads_take_turns(stage, start, turns, shape):
    if turns[0] == "range" and shape:
        pytest.skip("the locks of a process do not keep its own threads from each other")
    workload = start("file_lock_turns", *turns, *shape)
    ipctrace = stage.attach(workload, LONG)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    for pid in workload.pids:
        process, = [p for p in summary["processes"] if p["pid"] == pid]
        assert process["lock_wait_ns"] == sum(w["blocked_ns"] for w in summary["waits"] if w["pid"] == pid)


def test_32_threads(stage):
    workload = stage.workload("file_lock_turns", "flock", "--shared", "--threads", 16, "--processes")
    ipctrace = stage.attach(workload, LONG)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_only_one_of_the_kinds(stage):
    workload = stage.workload("file_lock")
    ipctrace = stage.attach(workload, "-k", "pipe,futex", LONG)
    workload.work()
    assert not ipctrace.finish()["locks"]


LOCKS = {
    "flock": "fcntl.flock(f, fcntl.LOCK_EX)",
    "range": "fcntl.lockf(f, fcntl.LOCK_EX)",
    "ofd": "fcntl.fcntl(f, 38, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))",
}


@pytest.fixture
def python(stage):
    """Starts a program that runs LINES with the file F open, and then sleeps."""
    def start_python(path, *lines):
        text = "; ".join([f"import fcntl, os, struct, time; f = open({str(path)!r}, 'w')", *lines, "time.sleep(60)"])
        return stage.program(sys.executable, "-S", "-c", text)
    return start_python


def waits_in(pid, *calls):
    """Is a process asleep in one of the system calls with these numbers?"""
    with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
        return file.read().split()[0] in [str(c) for c in calls]


FLOCK, FCNTL, SLEEP = 73, 72, (35, 230)


def last_lock(ipctrace, path):
    locks = [lock for obj in ipctrace.objects() for lock in obj["locks"] if lock["name"] == str(path)]
    return locks[-1] if locks else None


@pytest.mark.parametrize("kind", LOCKS)
def test_the_holder(stage, python, tmp_path, kind):
    """The holder is no target: /proc tells of it."""
    path = tmp_path / "the lock"
    holder = python(path, LOCKS[kind])
    wait_until(lambda: waits_in(holder.pid, *SLEEP), "the holder")
    begin = tmp_path / "begin"
    waiter = python(path, f"[time.sleep(0.01) for _ in iter(lambda: os.path.exists({str(begin)!r}), True)]",
                    LOCKS[kind])
    ipctrace = stage.ipctrace("-p", waiter.pid, 0.2)
    begin.touch()
    wait_until(lambda: waits_in(waiter.pid, FLOCK, FCNTL), "the waiter")
    lock = wait_until(lambda: last_lock(ipctrace, path), "the lock")
    assert lock["kind"] == "file-lock"
    assert lock["max_waiters"] == 1
    assert lock["holders"] == [{"tid": holder.pid, "comm": os.path.basename(sys.executable), "share": 1}]
    assert lock["pid"] is None and lock["address"] is None
    holder.stop()
    wait_until(lambda: waits_in(waiter.pid, *SLEEP), "the waiter to get it")
    summary = ipctrace.finish()
    lock, = [x for x in summary["locks"] if x["name"] == str(path)]
    assert (lock["waits"], lock["wakes"], lock["max_waiters"]) == (1, 0, 1)
    assert lock["holders"][0]["tid"] == holder.pid
    assert 0 < lock["holders"][0]["share"] <= 1


@pytest.mark.parametrize("kind", ["flock", "range"])
def test_a_wait_that_began_before(stage, python, tmp_path, kind):
    """
    A process that hangs: which file it waits for, and who has it, as soon as one looks. (Of locks of open file
    descriptions the kernel does not say who waits for them.)
    """
    path = tmp_path / "lock"
    holder = python(path, LOCKS[kind])
    wait_until(lambda: waits_in(holder.pid, *SLEEP), "the holder")
    waiter = python(path, LOCKS[kind])
    wait_until(lambda: waits_in(waiter.pid, FLOCK, FCNTL), "the waiter")
    ipctrace = stage.ipctrace("-p", waiter.pid, 0.2)
    lock = wait_until(lambda: last_lock(ipctrace, path), "the lock")
    assert lock["holders"] == [{"tid": holder.pid, "comm": os.path.basename(sys.executable), "share": 1}]
    assert (lock["max_waiters"], lock["waits"]) == (1, 0)
    holder.stop()
    wait_until(lambda: waits_in(waiter.pid, *SLEEP), "the waiter to get it")
    summary = ipctrace.finish()
    lock, = [x for x in summary["locks"] if x["name"] == str(path)]
    assert lock["waits"] == 1
    assert summary["health"]["straddling_calls"] >= 1
