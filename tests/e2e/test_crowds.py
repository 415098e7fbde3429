# SPDX-License-Identifier: GPL-2.0
"""More channels and processes than there is room for: totals stay exact, memory bounded."""
import os
import pathlib
import time

import pytest

from harness import compare_channel, compare_health, find_channel
from test_cost import map_bytes, resident_bytes

MEMORY_BYTES = 150 << 20
CROWD_BYTES = 450 << 20
START_S = 1.5
REFRESH_S = 0.15  # 50 ms on an idle machine
PATIENCE_S = 300


def work(workload):
    workload.begin()
    end = time.monotonic() + PATIENCE_S
    while len(workload.lines()) <= workload.answers:
        assert workload.running() and time.monotonic() < end, workload.stderr()
        time.sleep(0.05)
    return workload.answer()


def memory_of(ipctrace):
    return resident_bytes(ipctrace.pid) + map_bytes(ipctrace.pid)


def cpu_s(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def sums(processes):
    keys = ("sent_bytes", "sent_messages", "received_bytes", "received_messages")
    return [sum(p[key] or 0 for p in processes) for key in keys]


def test_channels_that_make_room_for_others(stage):
    """120,000 pipes, each used once; those in use all the time, or now and then, keep every figure."""
    workload = stage.workload("flood", 60000, "--threads", 2)
    ipctrace = stage.attach(workload, 4)
    truth = work(workload)
    assert memory_of(ipctrace) < CROWD_BYTES
    summary = ipctrace.finish()
    compare_health(summary)
    ends = [c["endpoints"][0] for c in truth["channels"]]
    flood = truth["flood"]
    sent = [flood["bytes"] + sum(e["sent"]["bytes"] for e in ends),
            flood["messages"] + sum(e["sent"]["messages"] for e in ends)]
    assert sums(summary["processes"]) == sent + sent
    for channel in truth["channels"]:
        compare_channel(summary, channel, workload.pids)
    assert summary["health"]["evicted_channels"] > 20000
    assert len(summary["channels"]) + summary["health"]["evicted_channels"] >= flood["messages"]
    intervals = [o for o in ipctrace.objects() if o["type"] == "interval"]
    assert [sum(x) for x in zip(*(sums(o["processes"]) for o in intervals))] == sent + sent


def test_storm_of_processes(stage):
    """10,000 of them, at most 200 at once, all writing to one pipe."""
    workload = stage.workload("churn", "storm")
    ipctrace = stage.attach(workload, "-f", 0.5)
    truth = work(workload)
    assert memory_of(ipctrace) < MEMORY_BYTES
    summary = ipctrace.finish()
    compare_health(summary)
    channel = find_channel(summary, truth["channels"][0])
    writers = [e for e in channel["endpoints"] if e["pid"] != workload.pid and e["sent_bytes"]]
    assert len(writers) == truth["children"]["count"] == 10000
    assert {(e["sent_bytes"], e["sent_messages"], e["calls"]) for e in writers} == {(41, 1, 1)}
    reader, = [e for e in channel["endpoints"] if e["pid"] == workload.pid]
    assert (reader["received_bytes"], reader["received_messages"]) == (410000, 10000)
    assert len([p for p in summary["processes"] if p["sent_bytes"] == 41]) == 10000


@pytest.fixture
def few_pids():
    """No more than 512: they are used again and again."""
    if "IPCTRACE_IN_VM" not in os.environ:
        pytest.skip("changes the machine's highest pid: only in a virtual machine")
    path = pathlib.Path("/proc/sys/kernel/pid_max")
    before = path.read_text()
    path.write_text("512")
    yield 512
    path.write_text(before)


def test_pids_that_are_used_again(stage, few_pids):
    workload = stage.workload("churn", "many")
    ipctrace = stage.attach(workload, "-f")
    truth = work(workload)
    summary = ipctrace.finish()
    channel = find_channel(summary, truth["channels"][0])
    writers = [e for e in channel["endpoints"] if e["pid"] != workload.pid and e["sent_bytes"]]
    assert len(writers) == truth["children"]["count"] == 2003 > 2 * few_pids
    assert {(e["sent_bytes"], e["sent_messages"], e["calls"]) for e in writers} == {(41, 1, 1)}
    assert len({e["pid"] for e in writers}) < few_pids
    given = [e for e in summary["edges"] if e["channel"] == channel["id"] and e["from_pid"] != workload.pid]
    assert sum(e["bytes"] for e in given) == 2003 * 41
    compare_health(summary)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


@pytest.mark.parametrize("used", [1000, 10], ids=["all used", "few used"])
def test_20000_open_channels(stage, used):
    workload = stage.workload("many_open", used, "--phases", 3)
    children = children_of(workload.pid)
    begin = time.monotonic()
    ipctrace = stage.ipctrace("-p", ",".join(children), 1, "-o", stage.directory / "out", json_output=False)
    start_s = time.monotonic() - begin
    truths = [work(workload), work(workload)]
    memory = memory_of(ipctrace)
    time.sleep(2.5)
    begin = cpu_s(ipctrace.pid)
    time.sleep(3)
    refresh_s = (cpu_s(ipctrace.pid) - begin) / 3
    ipctrace.stop()
    assert memory < MEMORY_BYTES
    assert start_s < 2 * START_S
    assert refresh_s < REFRESH_S
    again = stage.ipctrace("-p", ",".join(children))
    truth = work(workload)
    summary = again.finish()
    compare_health(summary)
    for pid, size in truth["children"]:
        process, = [p for p in summary["processes"] if p["pid"] == pid]
        signals = 1  # tells it to begin
        assert sums([process]) == [size, truth["messages"], size, truth["messages"] + signals]
    assert len([c for c in summary["channels"] if c["kind"] == "pipe"]) >= 10000
    assert len([c for c in summary["channels"] if c["kind"] == "unix-stream"]) >= 10000
    assert len(truths) == 2
