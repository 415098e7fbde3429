# SPDX-License-Identifier: GPL-2.0
"""Shared memory: who maps which object, how large, since when; and what cannot be known of it."""
import time

import pytest

from harness import BUILD, compare_health, summary_of
from scripts import summary_and_truth

SHAPES = {
    "1": (),
    "8": ("--threads", 8),
    "32": ("--threads", 32),
    "8-processes": ("--threads", 8, "--processes"),
    "32-processes": ("--threads", 32, "--processes"),
}
UNSEEN = ("sent_bytes", "received_bytes", "sent_messages", "received_messages", "calls", "would_block", "errors",
          "blocked_ns", "runqueue_ns", "sent", "received")
CLOCK_NS = 2_000_000  # between two clocks, read one after the other


def shapes(*names):
    return pytest.mark.parametrize("shape", [SHAPES[n] for n in names], ids=names)


@pytest.fixture(params=[64, 32])
def start(stage, request):
    def start(name, *arguments):
        binary = BUILD / ("workloads32" if request.param == 32 else "workloads") / name
        if not binary.exists():
            pytest.skip("no 32-bit workloads: the compiler cannot make them (gcc-multilib)")
        return stage.workload(name, *arguments, binary=binary)
    return start


def memory_channels(summary):
    return {c["id"]: c for c in summary["channels"] if c["kind"] in ("shm", "sysv-shm")}


def compare_mapper(channel, endpoint, truth, attached_ns, traced):
    where = (channel, truth)
    assert endpoint["role"] == truth["role"], where
    assert endpoint["mapped_bytes"] == truth["bytes"], where
    if not traced or truth["to_ns"] < attached_ns:
        assert endpoint["mapped_ns"] is None, where
    else:
        assert endpoint["mapped_ns"], where
        assert truth["from_ns"] - CLOCK_NS <= endpoint["mapped_ns"] <= truth["to_ns"] + CLOCK_NS, where
    assert all(endpoint[key] is None for key in UNSEEN), endpoint


def names_of(truth, ended):
    """Of files that no search has found mapped only the last component is known."""
    was_short = ended or not any(m["bytes"] for m in truth["mappers"])
    path, _, last = truth["name"].rpartition("/")
    return [truth["name"], last] if was_short and path else [truth["name"]]


def compare_memory(summary, truth, attached_ns, pids=None, ended=False, mappers=None):
    """All objects, all who map them (MAPPERS: of these only), and nothing that is not to be seen."""
    channels = memory_channels(summary)
    compare_health(summary)
    assert summary["health"]["unresolved_mappings"] == 0
    for expected in truth["memory"]:
        if expected["hidden"] or (pids and not any(m["pid"] in pids for m in expected["mappers"])):
            assert expected["id"] not in channels, expected
            continue
        assert expected["id"] in channels, (expected, list(channels))
        channel = channels[expected["id"]]
        assert channel["kind"] == expected["kind"]
        assert channel["name"] in names_of(expected, ended)
        assert channel["capacity_bytes"] == expected["capacity"], channel
        endpoints = {e["pid"]: e for e in channel["endpoints"]}
        known = {m["pid"]: m for m in expected["mappers"] if not mappers or m["pid"] in mappers}
        if mappers:  # others may have lived long enough to be found
            endpoints = {pid: e for pid, e in endpoints.items() if pid in mappers}
        assert sorted(endpoints) == sorted(known), (expected, channel["endpoints"])
        for pid, mapper in known.items():
            if ended:
                mapper["bytes"] = 0
            compare_mapper(channel, endpoints[pid], mapper, attached_ns, not pids or pid in pids)


@shapes(*SHAPES)
def test_attached_before_the_work(stage, start, shape):
    workload = start("shm", *shape)
    attached_ns = time.time_ns()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare_memory(ipctrace.finish(), truth, attached_ns)


@shapes("1", "8-processes")
def test_attached_in_the_middle(stage, start, shape):
    workload = start("shm", *shape, "--phases", 2)
    workload.work()
    attached_ns = time.time_ns()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare_memory(ipctrace.finish(), truth, attached_ns)


@pytest.mark.parametrize("end", [0, 1], ids=["first", "second"])
def test_one_end_traced(stage, start, end):
    """Whoever maps the same is found, too; since when is not known of it."""
    workload = start("shm", *SHAPES["8-processes"])
    attached_ns = time.time_ns()
    ipctrace = stage.ipctrace("-p", workload.pids[end])
    truth = workload.work()
    compare_memory(ipctrace.finish(), truth, attached_ns, [workload.pids[end]])


@shapes("1", "8-processes", "32-processes")
def test_from_the_first_instruction(stage, tmp_path, shape):
    output = tmp_path / "data"
    ipctrace = stage.ipctrace("-o", output, "--", BUILD / "workloads" / "shm", "--now", *shape, attached=False)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    _, truth = ipctrace.objects()
    compare_memory(summary_of(output.read_text()), truth, 0, ended=True)


@shapes("1", "8", "32")
def test_mappings_that_change_or_fail(stage, start, shape):
    workload = start("shm_edges", *shape)
    attached_ns = time.time_ns()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare_memory(ipctrace.finish(), truth, attached_ns)


@pytest.mark.parametrize("follow", [True, False], ids=["followed", "alone"])
@shapes("1", "8")
def test_children_are_born_with_mappings(stage, start, shape, follow):
    """However short they live; not those that live in their parent's memory."""
    workload = start("shm_edges", "forks", *shape)
    attached_ns = time.time_ns()
    ipctrace = stage.attach(workload, *(["-f"] if follow else []))
    truth = workload.work()
    compare_memory(ipctrace.finish(), truth, attached_ns, mappers=None if follow else [workload.pid])


def test_intervals_follow_what_is_mapped(stage):
    workload = stage.workload("shm", "--phases", 2)
    ipctrace = stage.attach(workload, 0.1)
    workload.work()
    time.sleep(0.5)
    mapped = {id: c["endpoints"][0]["mapped_bytes"] for id, c in memory_channels(ipctrace.objects()[-1]).items()}
    assert len(mapped) >= 6 and all(mapped.values())
    workload.work()
    workload.finish()
    assert ipctrace.wait() == 0
    gone = {id: c["endpoints"][0]["mapped_bytes"] for id, c in memory_channels(ipctrace.summary()).items()}
    assert set(mapped) <= set(gone)
    assert not any(gone.values()), gone


def test_kinds_can_be_chosen(stage):
    workload = stage.workload("shm", "--threads", 3)
    only = [stage.attach(workload, "-k", kind) for kind in ("shm", "sysv-shm", "pipe")]
    workload.work()
    kinds = [{c["kind"] for c in ipctrace.finish()["channels"]} for ipctrace in only]
    assert kinds == [{"shm"}, {"sysv-shm"}, set()]


def test_tables_say_what_they_cannot_know(stage):
    workload = stage.workload("shm")
    ipctrace = stage.attach(workload, "-v", "channels", "-k", "shm,sysv-shm")
    table = stage.ipctrace("-p", workload.pid, "-v", "channels", json_output=False)
    csv = stage.ipctrace("-p", workload.pid, "-v", "channels", "--csv", json_output=False)
    workload.work()
    ipctrace.finish()
    for program in (table, csv):
        program.signal(2)
        assert program.wait() == 0
    lines = table.stdout().split("\n")
    rows = [line.split() for line in lines if line.startswith(("shm ", "sysv-shm "))]
    assert len(rows) >= 5
    assert all(row[1:10] == ["-"] * 9 for row in rows), rows
    assert "(-: bytes in shared memory cannot be seen)" in lines
    assert any("memfd:lane" in line and f"shm({workload.pid})" in line for line in lines)
    summary = [line for line in csv.stdout().split("\n") if line.startswith("summary,shm,")]
    assert summary and all(line.startswith("summary,shm,,,,,,,,,") for line in summary)


SHARED_MEMORY = """
from multiprocessing import Process, shared_memory
import multiprocessing
def child(name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[0] += 1
    memory.close()
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    memory = shared_memory.SharedMemory(create=True, size=100003)
    items = shared_memory.ShareableList([0] * 17)
    pids = []
    for _ in range(3):
        process = Process(target=child, args=(memory.name,))
        process.start()
        pids.append(process.pid)
        process.join()
    count = memory.buf[0]
    tell(name="/" + memory.name, list="/" + items.shm.name, pid=os.getpid(), children=pids, count=count)
    for m in (memory, items.shm):
        m.close()
        m.unlink()
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_python_shared_memory(stage, method):
    summary, truth = summary_and_truth(stage, SHARED_MEMORY, method)
    assert truth["count"] == 3
    by_name = {c["name"]: c for c in memory_channels(summary).values()}
    channel = by_name[truth["name"]]
    assert {e["pid"] for e in channel["endpoints"]} == {truth["pid"], *truth["children"]}
    assert {e["role"] for e in channel["endpoints"]} == {"both"}
    assert channel["capacity_bytes"] >= 100003
    born_with = truth["children"] if method == "fork" else []
    assert {e["pid"] for e in by_name[truth["list"]]["endpoints"]} == {truth["pid"], *born_with}
    compare_health(summary)
