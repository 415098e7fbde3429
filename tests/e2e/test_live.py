# SPDX-License-Identifier: GPL-2.0
"""The live view: intervals, their sum, what ends it, and every way to choose what it prints."""
import csv
import io
import json
import os
import re
import signal
import subprocess
import time

import pytest

import harness
from harness import IPCTRACE, SANITIZED, compare, find_channel, wait_until

CHANNEL_SUMS = ("sent_bytes", "received_bytes", "sent_messages", "received_messages", "calls",
                "would_block", "errors", "blocked_ns", "runqueue_ns")
PROCESS_SUMS = ("sent_bytes", "received_bytes", "sent_messages", "received_messages", "blocked_ns",
                "lock_wait_ns", "runqueue_ns")
LOCK_SUMS = ("waits", "timeouts", "wait_ns", "runqueue_ns", "wakes", "empty_wakes")


def add_up(objects, rows_of, key_of, keys):
    sums = {}
    for obj in objects:
        for row in rows_of(obj):
            total = sums.setdefault(key_of(row), dict.fromkeys(keys, 0))
            for key in keys:
                total[key] += row[key] or 0
    return {key: total for key, total in sums.items() if any(total.values())}


def endpoints_of(obj):
    return [dict(endpoint, channel=channel["id"]) for channel in obj["channels"]
            for endpoint in channel["endpoints"]]


def assert_adds_up(intervals, summary):
    """Difference 0 between the sum of the intervals and the summary, in every list."""
    for rows_of, key_of, keys in (
            (endpoints_of, lambda e: (e["channel"], e["pid"]), CHANNEL_SUMS),
            (lambda o: o["processes"], lambda p: p["pid"], PROCESS_SUMS),
            (lambda o: o["locks"], lambda x: x["id"], LOCK_SUMS),
            (lambda o: o["waits"], lambda w: (w["tid"], w["on"]), ("count", "blocked_ns"))):
        assert add_up(intervals, rows_of, key_of, keys) == add_up([summary], rows_of, key_of, keys)


@pytest.mark.parametrize("mechanism", [("pipe", "--threads", 8, "--processes"), ("futex", "--threads", 8),
                                       ("steady", 700)], ids=["pipe", "futex", "steady"])
def test_intervals_add_up(stage, mechanism):
    workload = stage.workload(*mechanism)
    ipctrace = stage.attach(workload, 0.1)
    truth = workload.work()
    wait_until(lambda: len(ipctrace.lines()) > 3, "intervals")
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    *intervals, last = ipctrace.objects()
    assert_adds_up(intervals, last)
    assert abs(sum(i["duration_ns"] for i in intervals) - last["duration_ns"]) <= 1_000_000


def test_what_happens_after_the_last_interval_counts(stage):
    workload = stage.workload("pipe")
    ipctrace = stage.attach(workload, 30)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_count(stage):
    workload = stage.workload("steady", 2000)
    workload.begin()
    ipctrace = stage.attach(workload, 0.2, 3)
    assert ipctrace.wait() == 0
    objects = ipctrace.objects()
    assert [o["type"] for o in objects] == ["interval"] * 3 + ["summary"]
    assert 550_000_000 <= sum(o["duration_ns"] for o in objects[:3]) <= 1_200_000_000
    for obj in objects[:3]:
        assert find_channel(obj, {"id": objects[-1]["channels"][0]["id"], "name": ""})
    assert_adds_up(objects[:3], objects[3])
    times = [o["time_ns"] for o in objects]
    assert times == sorted(times)
    assert abs(times[-1] - time.time_ns()) < 10 * 10**9


def test_duration(stage):
    workload = stage.workload("steady", 2000)
    workload.begin()
    started = time.monotonic()
    ipctrace = stage.attach(workload, "-d", 0.5, 0.2)
    assert ipctrace.wait() == 0
    assert 0.5 <= time.monotonic() - started < 3
    objects = ipctrace.objects()
    assert objects[-1]["type"] == "summary"
    assert 450_000_000 <= objects[-1]["duration_ns"] <= 900_000_000
    assert_adds_up(objects[:-1], objects[-1])


def test_attached_within_half_a_second(stage):
    """The best of a minute: a virtual machine's CPUs may be a third slower for many seconds on end."""
    workload = stage.workload("steady", 100)
    limit_s = 1 if SANITIZED else 0.5
    times = [limit_s]
    end = time.monotonic() + 60
    while min(times) >= limit_s and time.monotonic() < end:
        started = time.monotonic()
        ipctrace = stage.attach(workload)
        times.append(time.monotonic() - started)
        ipctrace.finish()
    assert min(times) < limit_s, times


def test_first_table_within_a_second(stage):
    """From the start of the program, with the default interval; the best of three."""
    workload = stage.workload("steady", 6000)
    workload.begin()
    times = []
    for _ in range(3):
        started = time.monotonic()
        ipctrace = stage.ipctrace("-p", workload.pid, json_output=False)
        wait_until(lambda: "COMMAND" in ipctrace.stdout(), "a table")
        times.append(time.monotonic() - started)
        ipctrace.signal(signal.SIGINT)
        assert ipctrace.wait() == 0
        if times[-1] <= 1:
            break
    assert min(times) <= 1, times


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_print_the_final_summary(stage, number):
    workload = stage.workload("pipe")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(number), truth, workload.pids)


def test_the_end_of_the_target_prints_the_final_summary(stage):
    workload = stage.workload("pipe", "--threads", 8)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    workload.finish()
    started = time.monotonic()
    assert ipctrace.wait() == 0
    assert time.monotonic() - started < 2
    compare(ipctrace.summary(), truth, workload.pids)


def test_target_killed(stage):
    workload = stage.workload("pipe", "--threads", 8)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    workload.signal(signal.SIGKILL)
    assert ipctrace.wait() == 0
    compare(ipctrace.summary(), truth, workload.pids)


@pytest.mark.skipif(SANITIZED, reason="no search for leaks under strace")
def test_json_is_compact_and_one_write_a_line(stage, tmp_path):
    if not os.path.exists("/usr/bin/strace"):
        pytest.skip("strace is not installed")
    workload = stage.workload("steady", 300)
    workload.begin()
    trace = tmp_path / "trace"
    done = subprocess.run(["strace", "-f", "-e", "trace=write", "-e", "write=1", "-o", trace, IPCTRACE,
                           "-p", str(workload.pid), "--json", "0.2", "2"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    writes = re.findall(r"write\(1, .*= (\d+)", trace.read_text())
    assert [int(w) for w in writes] == [len(line.encode()) + 1 for line in lines]
    for line in lines:
        assert line == json.dumps(json.loads(line), separators=(",", ":"), ensure_ascii=False) or \
            len(line) == len(json.dumps(json.loads(line), separators=(",", ":")))


def output_of(stage, workload, *arguments, seconds="0.3"):
    ipctrace = stage.ipctrace("-p", workload.pid, "-d", seconds, *arguments, json_output=False)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    return ipctrace.stdout()


@pytest.fixture
def steady(stage):
    workload = stage.workload("steady", 4000)
    workload.begin()
    return workload


def csv_rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("view, key", [("processes", "pid"), ("channels", "id"), ("locks", "id"),
                                       ("waits", "tid")])
def test_csv(stage, steady, view, key):
    text = output_of(stage, steady, "--csv", "-v", view)
    assert text.splitlines()[0].startswith("type,")
    rows = [row for row in csv_rows(text) if row["type"] == "summary"]
    if view != "locks":
        assert rows
    for row in rows:
        assert row[key]
        assert None not in row and None not in row.values()


def test_csv_figures_are_those_of_json(stage):
    """Two tracers at once on one target: the same figures in both formats."""
    workload = stage.workload("pipe")
    table = stage.ipctrace("-p", workload.pid, "--csv", "-v", "channels", json_output=False)
    other = stage.attach(workload)
    truth = workload.work()
    summary = other.finish()
    table.signal(signal.SIGINT)
    assert table.wait() == 0
    compare(summary, truth, workload.pids)
    row, = [r for r in csv_rows(table.stdout())
            if r["type"] == "summary" and r["id"] == truth["channels"][0]["id"]]
    endpoint = truth["channels"][0]["endpoints"][0]
    assert int(row["sent_bytes"]) == endpoint["sent"]["bytes"]
    assert int(row["received_bytes"]) == endpoint["received"]["bytes"]
    assert int(row["sent_messages"]) == endpoint["sent"]["messages"]


def test_csv_without_header(stage, steady):
    text = output_of(stage, steady, "--csv", "--no-header")
    assert text and not re.search(r"(^|,)type(,|$)", text.splitlines()[0])


def test_output_file(stage, steady, tmp_path):
    path = tmp_path / "data"
    assert output_of(stage, steady, "-o", path) == ""
    assert "steady" in path.read_text()


def test_quiet(stage, steady):
    assert output_of(stage, steady, "-q") == ""


def test_default_views(stage, steady):
    text = output_of(stage, steady)
    for word in ("COMMAND", "SENDERS -> RECEIVERS", "steady"):
        assert word in text


def test_histograms(stage, steady):
    text = output_of(stage, steady, "-v", "hist", seconds="0.6")
    for word in ("p50", "p90", "p99", "max"):
        assert word in text
    assert re.search(r"[*#█▏▎▍▌▋▊▉@]{3}", text), text


def test_waits_view(stage, steady):
    text = output_of(stage, steady, "-v", "waits")
    assert "TID" in text and "steady" in text


def test_top(stage):
    workload = stage.workload("pipe", "--threads", 8)
    ipctrace = stage.attach(workload, "-n", 3)
    workload.work()
    summary = ipctrace.finish()
    assert len(summary["channels"]) == 3
    ipctrace = stage.ipctrace("-p", workload.pid, "--csv", "-v", "channels", "-n", 3, "-d", 0.2,
                              json_output=False)
    assert ipctrace.wait() == 0
    assert len([r for r in csv_rows(ipctrace.stdout()) if r["type"] == "summary"]) == 3


def test_json_is_never_cut_without_top(stage):
    workload = stage.workload("pipe", "--threads", 8, "--phases", 2)
    ipctrace = stage.attach(workload)
    workload.work()
    assert len([c for c in ipctrace.finish()["channels"] if c["kind"] == "pipe"]) == 8


def test_busiest_first(stage):
    loud, quiet = stage.workload("pipe"), stage.workload("steady", 50)
    ipctrace = stage.ipctrace("-p", f"{quiet.pid},{loud.pid}")
    quiet.work()
    loud.work()
    summary = ipctrace.finish()
    assert [p["pid"] for p in summary["processes"]] == [loud.pid, quiet.pid]
    moved = [sum(e["sent_bytes"] or 0 for e in c["endpoints"]) for c in summary["channels"]]
    assert moved == sorted(moved, reverse=True)


def test_sorted_by_a_column(stage):
    workload = stage.workload("pipe", "--threads", 8)
    ipctrace = stage.ipctrace("-p", workload.pid, "--csv", "-v", "channels", "-k", "pipe",
                              "-s", "receive_blocked_ns", json_output=False)
    workload.work()
    ipctrace.signal(signal.SIGINT)
    assert ipctrace.wait() == 0
    figures = [int(r["receive_blocked_ns"]) for r in csv_rows(ipctrace.stdout()) if r["type"] == "summary"]
    assert len(figures) == 8
    assert figures == sorted(figures, reverse=True)


@pytest.mark.parametrize("kind, channels, locks", [
    ("pipe", {"pipe"}, False), ("unix-stream", set(), False), ("futex", set(), True),
    ("pipe,futex", {"pipe"}, True),
])
def test_kinds(stage, kind, channels, locks):
    pipes, futexes = stage.workload("pipe"), stage.workload("futex")
    ipctrace = stage.ipctrace("-p", f"{pipes.pid},{futexes.pid}", "-k", kind)
    truths = [pipes.work(), futexes.work()]
    summary = ipctrace.finish()
    assert {c["kind"] for c in summary["channels"]} == channels
    assert bool(summary["locks"]) == locks
    if channels:
        harness.compare_channels(summary, truths[0], [pipes.pid])
    if locks:
        harness.compare_locks(summary, truths[1], [futexes.pid])


def test_timestamp_and_no_header(stage, steady):
    assert re.search(r"\d\d:\d\d:\d\d", output_of(stage, steady, "--timestamp"))
    assert "COMMAND" not in output_of(stage, steady, "--no-header")


def test_closed_stdout(stage, steady):
    """As under `| head -1`: it ends quietly, and soon."""
    read_fd, write_fd = os.pipe()
    process = subprocess.Popen([IPCTRACE, "-p", str(steady.pid), "--json", "0.1"], stdout=write_fd,
                               stderr=subprocess.PIPE, text=True)
    os.close(write_fd)
    os.read(read_fd, 1)
    os.close(read_fd)
    try:
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode in (0, 1, -signal.SIGPIPE)
    assert len([line for line in errors.splitlines() if harness.ATTACHED not in line]) <= 1, errors


def test_closed_stdout_of_a_shell(steady):
    done = subprocess.run(["sh", "-c", f"{IPCTRACE} -p {steady.pid} 0.1 | head -1"],
                          capture_output=True, text=True, timeout=10)
    assert len(done.stdout.splitlines()) == 1


def test_full_disk(steady):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([IPCTRACE, "-p", str(steady.pid), "--json", "0.1", "2"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=10)
    assert done.returncode == 1
    assert "No space left" in done.stderr


def test_cpu_time_of_the_kernel_side(stage):
    """Measured when asked for, else unknown; it cannot exceed the time that the CPUs had."""
    workload = stage.workload("pipe", "--phases", 2)
    ipctrace = stage.attach(workload)
    workload.work()
    assert ipctrace.finish()["health"]["bpf_cpu_ns"] is None
    ipctrace = stage.attach(workload, "--stats")
    workload.work()
    summary = ipctrace.finish()
    assert 0 < summary["health"]["bpf_cpu_ns"] < summary["duration_ns"] * os.cpu_count()
    assert 0 < summary["health"]["user_cpu_ns"] < summary["duration_ns"]
