# SPDX-License-Identifier: GPL-2.0
"""What the tracer takes for itself: memory, and nothing of what it traces after it has gone."""
import os
import pathlib
import re

import harness
from harness import compare

MEMORY_BYTES = 64 << 20


def map_bytes(pid):
    """Locked memory of all BPF maps that a process holds open, each map once."""
    maps = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            text = pathlib.Path(f"/proc/{pid}/fdinfo/{fd}").read_text(encoding="ascii")
        except FileNotFoundError:
            continue  # an iterator's, closed by now
        info = dict(re.findall(r"^(\w+):\s*(\d+)", text, re.MULTILINE))
        if "memlock" in info and "map_id" in info:  # a link to a map tells its id, too
            maps[info["map_id"]] = int(info["memlock"])
    assert maps
    return sum(maps.values())


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) << 10


def test_memory(stage):
    workload = stage.workload("pipe", "--threads", 8, "--processes")
    ipctrace = stage.attach(workload, 0.1)
    truth = workload.work()
    used = resident_bytes(ipctrace.pid)
    if "unknown to this kernel" not in harness.run("check").stdout:
        used += map_bytes(ipctrace.pid)
    assert used < MEMORY_BYTES, used
    compare(ipctrace.finish(), truth, workload.pids)


def test_not_traced_by_itself(stage):
    """Two tracers, one of them the other's target: no loop, and its own pipes are not its figures."""
    workload = stage.workload("steady", 400)
    first = stage.attach(workload, 0.1)
    second = stage.ipctrace("-p", first.pid)
    truth = workload.work()
    compare(first.finish(), truth, workload.pids)
    assert second.wait() == 0
    assert [p["pid"] for p in second.summary()["processes"]] == [first.pid]
