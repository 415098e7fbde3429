# SPDX-License-Identifier: GPL-2.0
"""Runs ipctrace and the workloads, and compares what the one says with what the others know."""
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("IPCTRACE_BUILD", ROOT / "build"))
IPCTRACE = str(BUILD / "ipctrace")
SANITIZED = "IPCTRACE_SANITIZED" in os.environ
TIMEOUT_S = int(os.environ.get("IPCTRACE_TEST_SECONDS", "20"))  # longest wait for a program; emulation is slow
ATTACHED = "ipctrace: tracing"
STATUS_SKIPPED = 77  # of a workload that this machine cannot run; it says why

COUNTS = ("calls", "messages", "bytes", "would_block", "errors")
BLOCKED_SHARE = 0.02
BLOCKED_NS_PER_CALL = 20_000
# A read of an eventfd takes all that was written; a terminal adds to what is written and echoes it; semaphores
# carry nothing.
NO_SUMS_OF_EDGES = ("eventfd", "pty", "sysv-sem", "process-vm", "netlink")  # netlink: the kernel is at one end
WAKE_NS = 60_000  # from a wake to the run queue of another virtual CPU


def wait_until(condition, what, timeout_s=TIMEOUT_S):
    """Polls until condition() is true and returns its value; fails the test otherwise."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        time.sleep(0.005)


def skip_if(status, reason):
    if status == STATUS_SKIPPED:
        pytest.skip(reason.strip().splitlines()[-1])


class Program:
    """A child whose output goes to files: pipes would be channels of the traced process."""

    def __init__(self, directory, arguments, **options):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.stdout_path = directory / "stdout"
        self.stderr_path = directory / "stderr"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(
                [a if isinstance(a, bytes) else str(a) for a in arguments],
                stdin=options.pop("stdin", subprocess.DEVNULL), stdout=out, stderr=err, **options)
        self.pid = self.process.pid

    def stdout(self):
        return self.stdout_path.read_text(errors="surrogateescape")

    def stderr(self):
        return self.stderr_path.read_text(errors="surrogateescape")

    def lines(self):
        """Complete lines only."""
        return self.stdout().split("\n")[:-1]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout_s=TIMEOUT_S):
        return self.process.wait(timeout_s)

    def running(self):
        return self.process.poll() is None

    def stop(self):
        if self.running():
            self.process.kill()
        self.process.wait()


class Workload(Program):
    """Speaks the protocol of tests/workloads/lib_truth.h."""

    def __init__(self, directory, name, *arguments, binary=None):
        self.answers = 0
        directory.mkdir(parents=True, exist_ok=True)
        self.turns_path = directory / "turns"
        self.turns_path.touch()
        with open(self.turns_path, "rb") as turns:
            super().__init__(directory, [binary or BUILD / "workloads" / name, *arguments], stdin=turns)
        ready = self.answer()
        self.child = ready["child"]
        self.pids = [self.pid] + ([self.child] if self.child else [])

    def answer(self):
        def next_line():
            lines = self.lines()
            skip_if(self.process.poll(), self.stderr())
            assert len(lines) > self.answers or self.running(), f"workload ended: {self.stderr()}"
            return lines[self.answers:self.answers + 1]

        line = wait_until(next_line, f"the workload {self.process.args}")[0]
        self.answers += 1
        return json.loads(line)

    def begin(self):
        with open(self.turns_path, "ab") as turns:
            turns.write(b"\n")

    def work(self):
        """One phase; returns its truth."""
        self.begin()
        return self.answer()

    def finish(self):
        self.begin()
        assert self.wait() == 0, self.stderr()


class Ipctrace(Program):
    """A run with --json, unless told otherwise."""

    def __init__(self, directory, *arguments, json_output=True, attached=True, **options):
        extra = ["--json"] if json_output else []
        super().__init__(directory, [IPCTRACE, *extra, *arguments], **options)
        if attached:
            wait_until(self.is_attached, "ipctrace to attach")

    def is_attached(self):
        assert self.running() or ATTACHED in self.stderr(), self.stderr()
        return ATTACHED in self.stderr()

    def objects(self):
        return objects_of(self.stdout())

    def finish(self, number=signal.SIGINT, status=0):
        """Stops it and returns the summary."""
        self.signal(number)
        assert self.wait() == status, self.stderr()
        return self.summary()

    def summary(self):
        return summary_of(self.stdout())


def objects_of(text):
    return [json.loads(line) for line in text.split("\n")[:-1]]


def summary_of(text):
    """The last object of a run's output, which is intervals and one summary."""
    objects = objects_of(text)
    assert [o["type"] for o in objects] == ["interval"] * (len(objects) - 1) + ["summary"]
    return objects[-1]


def run(*arguments, timeout_s=TIMEOUT_S, **options):
    """ipctrace from start to end, as it is called."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([IPCTRACE, *[str(a) for a in arguments]], capture_output=True, text=True,
                          errors="surrogateescape", timeout=timeout_s, **options)


def find_channel(summary, expected):
    """The channel of a truth: by id, or by its name in either order."""
    names = {expected["name"], " <-> ".join(reversed(expected["name"].split(" <-> ")))}
    found = [c for c in summary["channels"]
             if (c["id"] == expected["id"] if expected["id"] else
                 c["kind"] == expected["kind"] and c["name"] in names)]
    assert len(found) <= 1, found
    return found[0] if found else None


def endpoint_figures(endpoint):
    return [endpoint[key] for key in ("sent_bytes", "received_bytes", "sent_messages",
                                      "received_messages", "calls", "would_block", "errors")]


class TimesDiffer(AssertionError):
    """What ipctrace and a workload measured of the same sleep is not the same; scripts/test.sh tries again."""


different_times = []  # of the test that runs; it fails for them when nothing else is wrong (conftest.py)


def compare_times(blocked_ns, runqueue_ns, truths, calls, where):
    """
    Asleep within 2 % or 20 us a call, as long as CPUs are free. Where threads queue for them, the
    workload's own measure is blurred: a wake takes a while to reach another CPU's run queue, longer when a
    virtual machine's CPU is not running just then, and the kernel books some sleep of a thread that
    it moves between CPUs as run queue. So what the workload saw of the run queue is allowed for;
    in a quiet run it is next to nothing.
    """
    asleep_ns, waiting_ns, sleeps = (sum(t[k] for t in truths) for k in ("asleep_ns", "runqueue_ns", "sleeps"))
    tolerance = max(BLOCKED_SHARE * asleep_ns, BLOCKED_NS_PER_CALL * calls)
    what = f"{where}: blocked {blocked_ns}, run queue {runqueue_ns}, truth {truths}, tolerance {tolerance}"
    if abs(blocked_ns - asleep_ns) > tolerance + waiting_ns + WAKE_NS * sleeps or \
       blocked_ns + runqueue_ns > asleep_ns + waiting_ns + tolerance + WAKE_NS * sleeps:
        different_times.append(what)


def compare_endpoint(channel, actual, truth):
    sent, received = truth["sent"], truth["received"]
    where = f"{channel['id']} {channel['name']!r} pid {truth['pid']}"
    expected = {
        "sent_bytes": sent["bytes"], "received_bytes": received["bytes"],
        "sent_messages": sent["messages"], "received_messages": received["messages"],
        "calls": sent["calls"] + received["calls"],
        "would_block": sent["would_block"] + received["would_block"],
        "errors": sent["errors"] + received["errors"],
    }
    assert {key: actual[key] for key in expected} == expected, where
    errnos = {error: sent["errnos"].get(error, 0) + received["errnos"].get(error, 0)
              for error in {*sent["errnos"], *received["errnos"]}}
    assert actual["errnos"] == errnos, where
    compare_times(actual["blocked_ns"], actual["runqueue_ns"], [sent, received], expected["calls"], where)


def compare_witness(channel, actual, truth):
    """The other end, which is no target: all that it did is counted, or nothing is known."""
    if any(endpoint_figures(actual)):
        compare_endpoint(channel, actual, truth)


def is_idle(truth):
    return not any(truth[direction][key] for direction in ("sent", "received") for key in COUNTS)


def compare_channel(summary, expected, pids=None):
    """Every figure of every endpoint that belongs to PIDS (default: all of the truth)."""
    traced = [e for e in expected["endpoints"] if pids is None or e["pid"] in pids]
    busy = [e for e in traced if not is_idle(e)]
    channel = find_channel(summary, expected)
    if not busy and channel is None:
        return
    assert channel is not None, f"no channel {expected['id'] or expected['name']} in " \
        f"{[(c['id'], c['name']) for c in summary['channels']]}"
    assert channel["kind"] == expected["kind"]
    if expected["name"] and expected["id"]:
        assert expected["name"].lstrip("/") in channel["name"], channel["name"]
    by_pid = {e["pid"]: e for e in channel["endpoints"]}
    assert len(by_pid) == len(channel["endpoints"]), channel["endpoints"]
    for truth in busy:
        assert truth["pid"] in by_pid, (channel, truth)
        compare_endpoint(channel, by_pid.pop(truth["pid"]), truth)
    for truth in expected["endpoints"]:
        if truth["pid"] in by_pid:
            compare_witness(channel, by_pid.pop(truth["pid"]), truth)
    for other in by_pid.values():
        assert not any(endpoint_figures(other)), f"figures of a stranger: {other}"


def is_told(truth, kind):
    return any(c["kind"] == kind for c in truth["channels"])


def compare_channels(summary, truth, pids=None):
    for expected in truth["channels"]:
        compare_channel(summary, expected, pids)
    known = [find_channel(summary, e) for e in truth["channels"]]
    for channel in summary["channels"]:
        if channel not in known and (channel["kind"] != "signal" or is_told(truth, "signal")):
            for endpoint in channel["endpoints"]:
                assert not any(endpoint_figures(endpoint)), f"not in the truth: {channel}"


def edges_of(summary, channel):
    """What each pid was given and gave over a channel: [bytes, messages]."""
    given, gave = {}, {}
    for edge in summary["edges"]:
        if edge["channel"] == channel["id"]:
            for pid, sums in ((edge["to_pid"], given), (edge["from_pid"], gave)):
                figures = sums.setdefault(pid, [0, 0])
                figures[0] += edge["bytes"]
                figures[1] += edge["messages"]
    return given, gave


def compare_channel_edges(summary, expected):
    """
    Whatever a process received was delivered to it by somebody; and where all that was sent was received, all of it
    was delivered.
    """
    busy = [e for e in expected["endpoints"] if not is_idle(e)]
    channel = find_channel(summary, expected)
    if channel is None or expected["kind"] in NO_SUMS_OF_EDGES:
        return
    given, gave = edges_of(summary, channel)
    for truth in busy:
        where = f"edges of {channel['id']} {channel['name']!r} pid {truth['pid']}: {given} {gave}"
        assert given.get(truth["pid"], [0, 0])[0] == truth["received"]["bytes"], where
        assert gave.get(truth["pid"], [0, 0])[0] <= truth["sent"]["bytes"], where
    sent, received = (sum(e[d]["bytes"] for e in busy) for d in ("sent", "received"))
    if sent == received:
        for truth in busy:
            where = f"edges of {channel['id']} {channel['name']!r} pid {truth['pid']}: {given} {gave}"
            assert gave.get(truth["pid"], [0, 0]) == [truth["sent"]["bytes"], truth["sent"]["messages"]], where


def compare_edges(summary, truth, pids):
    for expected in truth["channels"]:
        if pids is None or {e["pid"] for e in expected["endpoints"] if not is_idle(e)} <= set(pids):
            compare_channel_edges(summary, expected)


def compare_processes(summary, truth, pids):
    """
    The totals of a process are the sums of its channels: the workloads do nothing else. (Of signals many tell
    nothing: they stop and interrupt themselves.)
    """
    for pid in pids:
        process, = [p for p in summary["processes"] if p["pid"] == pid]
        mine = [e for c in truth["channels"] for e in c["endpoints"] if e["pid"] == pid]
        signals = [] if is_told(truth, "signal") else \
            [e for c in summary["channels"] if c["kind"] == "signal" for e in c["endpoints"] if e["pid"] == pid]
        for direction in ("sent", "received"):
            for key in ("bytes", "messages"):
                untold = sum(e[f"{direction}_{key}"] for e in signals)
                assert process[f"{direction}_{key}"] - untold == sum(e[direction][key] for e in mine), \
                    f"pid {pid}: {direction}_{key}"


LOCK_KEYS = ("waits", "timeouts", "wakes", "empty_wakes", "would_block", "interrupted", "errors",
             "woken_threads", "requeued")


def find_lock(summary, expected):
    if expected["id"]:
        found = [lock for lock in summary["locks"] if lock["id"] == expected["id"]]
    else:
        found = [lock for lock in summary["locks"] if lock["address"] and lock["pid"] == expected["pid"] and
                 int(lock["address"], 16) == int(expected["address"], 16)]
    assert len(found) == 1, f"{len(found)} locks {expected['id']} at {expected['address']} of {expected['pid']}"
    return found[0]


def compare_lock(summary, expected):
    lock = find_lock(summary, expected)
    known = [k for k in LOCK_KEYS if k in expected]
    if expected["id"] and summary["health"]["storage_busy"]:  # wakes that were not seen
        known = [k for k in known if k not in ("wakes", "woken_threads")]
        assert all(lock[k] <= expected[k] for k in ("wakes", "woken_threads") if k in expected), lock
    assert {k: lock[k] for k in known} == {k: expected[k] for k in known}, lock
    errnos = {**expected["errnos"], "ETIMEDOUT": expected["timeouts"], "EINTR": expected["interrupted"],
              "EAGAIN": expected["would_block"]}
    assert lock["errnos"] == {error: calls for error, calls in errnos.items() if calls}, lock
    if "max_waiters" in expected:
        assert lock["max_waiters"] == expected["max_waiters"], lock
    calls = expected["waits"] + expected["would_block"]
    compare_times(lock["wait_ns"], lock["runqueue_ns"], [expected], calls, lock["id"])
    waits = [w for w in summary["waits"] if w["on"] == lock["id"]]
    assert sum(w["blocked_ns"] for w in waits) == lock["wait_ns"], (lock, waits)


def compare_locks(summary, truth, pids=None):
    for expected in truth["locks"]:
        if pids is None or expected["id"] or expected["pid"] in pids:
            compare_lock(summary, expected)


def compare_health(summary):
    for key in ("lost_events", "missed_runs", "map_full", "unknown_syscalls_32bit"):
        assert summary["health"][key] == 0, (key, summary["health"])


def compare(summary, truth, pids, with_processes=True):
    compare_health(summary)
    compare_channels(summary, truth, pids)
    compare_edges(summary, truth, pids)
    compare_locks(summary, truth, pids)
    if with_processes:
        compare_processes(summary, truth, pids)
