# SPDX-License-Identifier: GPL-2.0
"""Descriptors that are passed on, copied, closed and used again, and channels that change their size."""
import time

import pytest

from harness import BUILD, TIMEOUT_S, compare, compare_endpoint, compare_health, find_channel
from scripts import busy_channels, figures_of, total

CYCLES_LIMIT_S = TIMEOUT_S / 2  # it takes 0.3 s untraced, 0.5 s traced


def test_passed_ends_belong_to_who_uses_them(stage):
    """Each end of a socket that moved has what each of its owners did; the giver of a pipe's end is no reader."""
    workload = stage.workload("passing", "--processes", "--phases", 2)
    workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    pipe, = busy_channels(summary, "pipe")
    assert {e["pid"]: e["role"] for e in pipe["endpoints"]} == {workload.pid: "writer", workload.child: "reader"}
    for kind in ("tcp", "unix-stream"):
        channel, = [c for c in busy_channels(summary, kind) if total([c], "sent_bytes") == 79 + 17]
        ends = {e["pid"]: (e["sent_bytes"], e["received_bytes"]) for e in channel["endpoints"]}
        assert ends == {workload.pid: (79, 49), workload.child: (17, 47)}


@pytest.mark.parametrize("shape", [("--processes",), ("--threads", 8, "--processes")], ids=["1", "8"])
@pytest.mark.parametrize("end", [0, 1], ids=["giver", "taker"])
def test_one_of_both_is_traced(stage, shape, end):
    """Ours is exact; of the other one what it did before the end came to ours is not known."""
    workload = stage.workload("passing", *shape)
    ours = workload.pids[end]
    ipctrace = stage.ipctrace("-p", ours)
    truth = workload.work()
    summary = ipctrace.finish()
    compare_health(summary)
    for expected in truth["channels"]:
        mine, = [e for e in expected["endpoints"] if e["pid"] == ours]
        channel = find_channel(summary, expected)
        actual, = [e for e in channel["endpoints"] if e["pid"] == ours]
        compare_endpoint(channel, actual, mine)


def sums_of(summary, pid, kind):
    """Another process may have an eventfd that got the number of one of ours."""
    channels = busy_channels(summary, kind)
    for channel in channels:
        channel["endpoints"] = [e for e in channel["endpoints"] if e["pid"] == pid]
    return len(channels), figures_of(channels)


@pytest.mark.parametrize("before", [0, 1], ids=["from-the-start", "in-the-middle"])
def test_100000_reopened_descriptors(stage, before):
    workload = stage.workload("reopen", "--phases", before + 1)
    for _ in range(before):
        workload.work()
    ipctrace = stage.attach(workload)
    start = time.monotonic()
    truth = workload.work()
    assert time.monotonic() - start < CYCLES_LIMIT_S
    summary = ipctrace.finish()
    assert truth["cycles"] == 100_000
    for expected in truth["sums"]:
        messages, size = expected["messages"], expected["bytes"]
        count, figures_seen = sums_of(summary, workload.pid, expected["kind"])
        assert figures_seen == [messages, size, messages, size], expected
        if expected["kind"] != "eventfd": # their numbers are used again
            assert count == expected["objects"], expected
    process, = [p for p in summary["processes"] if p["pid"] == workload.pid]
    assert process["sent_messages"] == process["received_messages"] == truth["cycles"]
    compare_health(summary)


@pytest.mark.parametrize("bits", [64, 32])
def test_capacity_that_changes(stage, bits):
    """F_SETPIPE_SZ and SO_SNDBUF after the first use."""
    binary = BUILD / ("workloads32" if bits == 32 else "workloads") / "resize"
    if not binary.exists():
        pytest.skip("no 32-bit workloads: the compiler cannot make them (gcc-multilib)")
    workload = stage.workload("resize", binary=binary)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    seen = {c["id"]: c["capacity_bytes"] for c in summary["channels"] if c["kind"] != "shm"}
    assert seen == {size["id"]: size["bytes"] for size in truth["sizes"]}


def test_depth_of_a_message_queue(stage):
    workload = stage.workload("mqueue_odd", "depth", "--threads", 9)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    seen = {c["id"]: (c["queued_messages"], c["max_queued_messages"], c["capacity_messages"])
            for c in summary["channels"] if c["kind"] != "shm"}
    assert seen == {d["id"]: (d["now"], d["deepest"], d["room"]) for d in truth["depths"]}
    assert {d["now"] for d in truth["depths"]} == set(range(7))
