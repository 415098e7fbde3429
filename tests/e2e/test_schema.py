# SPDX-License-Identifier: GPL-2.0
"""The JSON of the contract: every key in every object, each with its type."""
import os
import time

import pytest

OPTIONAL = type(None)
NUMBER = int
FIGURE = (int, OPTIONAL)

DISTRIBUTION = {key: NUMBER for key in ("count", "mean_ns", "min_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns")}

PROCESS = {"pid": NUMBER, "ppid": NUMBER, "comm": str, "threads": FIGURE,
           "sent_bytes": FIGURE, "received_bytes": FIGURE, "sent_messages": FIGURE,
           "received_messages": FIGURE, "blocked_ns": FIGURE, "lock_wait_ns": FIGURE, "runqueue_ns": FIGURE,
           "ns_pid": FIGURE, "cmdline": (str, OPTIONAL), "cgroup": (str, OPTIONAL)}

ENDPOINT = {"pid": NUMBER, "comm": str, "role": str, "sent_bytes": FIGURE, "received_bytes": FIGURE,
            "sent_messages": FIGURE, "received_messages": FIGURE, "calls": FIGURE, "would_block": FIGURE,
            "errors": FIGURE, "blocked_ns": FIGURE, "errnos": (dict, OPTIONAL)}

CHANNEL = {"id": str, "kind": str, "name": str, "capacity_bytes": FIGURE, "max_queued_bytes": FIGURE,
           "endpoints": [ENDPOINT], "delivery": (dict, OPTIONAL)}

HOLDER = {"tid": FIGURE, "comm": (str, OPTIONAL), "share": float}

LOCK = {"id": str, "kind": str, "name": str, "pid": FIGURE, "address": (str, OPTIONAL), "waits": NUMBER,
        "timeouts": NUMBER, "wait_ns": NUMBER, "runqueue_ns": NUMBER, "wait": (dict, OPTIONAL),
        "max_waiters": NUMBER, "wakes": NUMBER, "empty_wakes": NUMBER, "holders": [HOLDER], "wakers": list,
        "errnos": dict}

WAIT = {"pid": NUMBER, "tid": NUMBER, "comm": str, "on": str, "kind": str, "because_of_pid": FIGURE,
        "because_of_tid": FIGURE, "count": NUMBER, "blocked_ns": NUMBER, "runqueue_ns": NUMBER}

HEALTH = {key: FIGURE for key in (
    "lost_events", "missed_runs", "map_full", "evicted_channels", "unresolved_fds", "straddling_calls",
    "merged_deliveries", "lost_deliveries", "ambiguous_deliveries", "late_witnesses", "storage_busy", "unknown_syscalls_32bit",
    "uncovered_calls", "bpf_cpu_ns", "user_cpu_ns")}

OBJECT = {"schema": str, "type": str, "time_ns": NUMBER, "duration_ns": NUMBER, "backend": str,
          "processes": [PROCESS], "channels": [CHANNEL], "edges": list, "locks": [LOCK], "waits": [WAIT],
          "health": HEALTH}

CHANNEL_KINDS = {"pipe", "fifo", "unix-stream", "unix-dgram", "unix-seqpacket", "tcp", "udp", "mqueue",
                 "eventfd", "pty", "sysv-msg", "sysv-sem", "vsock", "netlink", "signal", "process-vm",
                 "sysv-shm", "shm"}
LOCK_KINDS = {"gil", "mutex", "pi-mutex", "rwlock", "condvar", "semaphore", "barrier", "join", "once", "unknown",
              "file-lock"}


def check(value, schema, where):
    if isinstance(schema, dict):
        assert isinstance(value, dict), where
        for key, expected in schema.items():
            assert key in value, f"{where} has no {key}"
            check(value[key], expected, f"{where}.{key}")
    elif isinstance(schema, list):
        assert isinstance(value, list), where
        for number, item in enumerate(value):
            check(item, schema[0], f"{where}[{number}]")
    else:
        assert isinstance(value, schema) and not isinstance(value, bool), f"{where}: {value!r}"


def check_distribution(value, where):
    if value is None:
        return
    check(value, DISTRIBUTION, where)
    assert value["count"] > 0, where
    order = [value[k] for k in ("min_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns")]
    assert order == sorted(order), (where, value)
    assert value["min_ns"] <= value["mean_ns"] <= value["max_ns"], (where, value)


def no_negative(value, where="object"):
    if isinstance(value, dict):
        for key, item in value.items():
            no_negative(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            no_negative(item, where)
    elif isinstance(value, (int, float)):
        assert value >= 0, (where, value)


@pytest.fixture
def objects(stage):
    """A run with something in every list: pipes with a peer not traced, sockets, queues, futexes."""
    workloads = [stage.workload("pipe", "--processes"), stage.workload("unix", "stream"),
                 stage.workload("inet", "open4"), stage.workload("mqueue"), stage.workload("futex", "--threads", 3),
                 stage.workload("inet", "tcp4"), stage.workload("fifo"), stage.workload("unix", "bound"),
                 stage.workload("eventfd"), stage.workload("pty"),
                 stage.workload("sysv_msg"), stage.workload("sysv_sem"), stage.workload("netlink"),
                 stage.workload("signal"), stage.workload("process_vm"), stage.workload("shm"),
                 stage.workload("file_lock")]
    ipctrace = stage.ipctrace("-p", ",".join(str(w.pid) for w in workloads), 0.1)
    for workload in workloads:
        workload.work()
    ipctrace.finish()
    return ipctrace.objects()


def test_every_key_has_its_type(objects):
    assert len(objects) >= 3
    for number, obj in enumerate(objects):
        check(obj, OBJECT, f"object {number}")
        no_negative(obj)
        assert obj["schema"] == "ipctrace/1"
        assert obj["type"] == ("summary" if number == len(objects) - 1 else "interval")
        assert obj["backend"] == "tracepoint"
        assert abs(obj["time_ns"] - time.time_ns()) < 60 * 10**9


def test_lists_are_filled_and_fit_together(objects):
    summary = objects[-1]
    for key in ("processes", "channels", "locks", "waits"):
        assert summary[key], key
    ids = [c["id"] for c in summary["channels"]] + [x["id"] for x in summary["locks"]]
    assert len(ids) == len(set(ids)), "ids are not unique"
    for wait in summary["waits"]:
        assert wait["on"] in ids
        assert os.path.exists(f"/proc/{wait['pid']}/task/{wait['tid']}")
    pids = {p["pid"] for p in summary["processes"]}
    for lock in summary["locks"]:
        assert lock["kind"] in LOCK_KINDS
        if lock["kind"] == "file-lock":
            assert lock["id"].startswith("file:[") and lock["pid"] is lock["address"] is None
        else:
            assert lock["pid"] in pids
            assert lock["address"].startswith("0x") and int(lock["address"], 16) % 4 == 0
        check_distribution(lock["wait"], lock["id"])
        assert lock["timeouts"] <= lock["waits"] and lock["empty_wakes"] <= lock["wakes"]
    for channel in summary["channels"]:
        assert channel["kind"] in CHANNEL_KINDS
        assert channel["id"].startswith(channel["kind"] + ":")
        check_distribution(channel["delivery"], channel["id"])
        for endpoint in channel["endpoints"]:
            assert endpoint["role"] in ("writer", "reader", "both")


def test_all_kinds_are_there(objects):
    kinds = {c["kind"] for c in objects[-1]["channels"]}
    assert kinds == {"pipe", "fifo", "unix-stream", "unix-dgram", "tcp", "udp", "mqueue", "eventfd", "pty",
                     "sysv-msg", "sysv-sem", "netlink", "signal", "process-vm", "sysv-shm", "shm"}


def test_nothing_depends_on_the_view(stage):
    """Lists are filled whatever --view says."""
    workload = stage.workload("pipe")
    ipctrace = stage.attach(workload, "-v", "hist")
    workload.work()
    summary = ipctrace.finish()
    assert summary["processes"] and summary["channels"] and summary["waits"]


def test_costs_are_told(objects):
    health = objects[-1]["health"]
    assert health["user_cpu_ns"] > 0
    assert health["bpf_cpu_ns"] is None or health["bpf_cpu_ns"] > 0


def test_distribution_of_lock_waits(stage):
    """Waits of known lengths: 7, 10 and 13 ms, three threads each."""
    workload = stage.workload("futex", "--threads", 3)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    timed, = [x for x in truth["locks"] if x["timeouts"] == 9]
    lock, = [x for x in summary["locks"] if int(x["address"], 16) == int(timed["address"], 16)]
    wait = lock["wait"]
    assert wait["count"] == 9
    assert 7_000_000 <= wait["min_ns"] < 7_700_000
    assert 9_300_000 <= wait["p50_ns"] < 11_000_000
    assert 13_000_000 <= wait["max_ns"] < 14_500_000
