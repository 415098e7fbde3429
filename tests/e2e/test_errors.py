# SPDX-License-Identifier: GPL-2.0
"""
Failed calls by the name of their error. harness.compare() holds every workload's errors against the truth; here
are those that are known by heart, and the texts.
"""
import csv
import io

import pytest

from harness import BUILD, compare, run
from test_exact import shapes

# The kinds of channels that the workload "errors" fails on: on each, (direction, calls that failed) by errno.
EXPECTED = {
    "pipe": {"EFAULT": 5, "EPIPE": 3, "EBADF": 2, "EINTR": 1},
    "unix-stream": {"EPIPE": 3, "ECONNRESET": 1},
    "udp": {"EMSGSIZE": 7, "EAGAIN": 2, "ECONNREFUSED": 1},
    "tcp": {"ENOTCONN": 11},
}


@pytest.fixture(params=["workloads", "workloads32"], ids=["64", "32"])
def binary(request):
    path = BUILD / request.param / "errors"
    if not path.exists():
        pytest.skip("no 32-bit workloads: the compiler cannot make them (gcc-multilib)")
    return path


def errnos_of(summary, workload):
    """By kind of channel; of the process, and no row for the calls on no channel."""
    found = {}
    for channel in summary["channels"]:
        for endpoint in channel["endpoints"]:
            if endpoint["pid"] == workload.pid and endpoint["calls"]:
                assert channel["kind"] not in found
                found[channel["kind"]] = endpoint
    return found


def test_errors_by_name(stage, binary):
    workload = stage.workload("errors", binary=binary)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    found = errnos_of(summary, workload)
    assert {kind: e["errnos"] for kind, e in found.items()} == EXPECTED
    for kind, endpoint in found.items():
        assert list(endpoint["errnos"]) == list(EXPECTED[kind]), "the most frequent comes first"
        assert endpoint["errors"] + endpoint["would_block"] == sum(endpoint["errnos"].values())


def test_intervals_add_up(stage):
    workload = stage.workload("errors", "--phases", 2)
    ipctrace = stage.attach(workload, 0.1)
    workload.work()
    workload.work()
    ipctrace.finish()
    *intervals, summary = ipctrace.objects()
    sums = {}
    for obj in intervals:
        for channel in obj["channels"]:
            for endpoint in channel["endpoints"]:
                for error, calls in (endpoint["errnos"] or {}).items():
                    sums[error] = sums.get(error, 0) + calls
    whole = {}
    for channel in summary["channels"]:
        for endpoint in channel["endpoints"]:
            for error, calls in (endpoint["errnos"] or {}).items():
                whole[error] = whole.get(error, 0) + calls
    assert sum(whole.values()) == 2 * sum(sum(e.values()) for e in EXPECTED.values())
    assert all(sums.get(error, 0) <= calls for error, calls in whole.items()), (sums, whole)


@shapes("8-processes")
def test_each_process_has_its_own(stage, shape):
    """The reader's end of a channel that only the writer's calls failed on stays without errors."""
    workload = stage.workload("pipe", *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    assert all(not e["errnos"] for c in summary["channels"] for e in c["endpoints"])


def text_of(*arguments):
    done = run(*arguments, "-o", "/dev/stderr", "-k", "pipe,unix-stream,udp,tcp", 60, "--",
               BUILD / "workloads" / "errors", "--now")
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_the_table():
    text = text_of("-v", "channels", "--errors")
    for errors in EXPECTED.values():
        assert "): " + ", ".join(f"{error} {calls}" for error, calls in errors.items()) + "\n" in text
    assert "EPIPE" not in text_of("-v", "channels")


def test_csv():
    lines = [line for line in text_of("-v", "channels", "--csv").splitlines()
             if line.startswith(("type,", "summary,"))]
    rows = {row["kind"]: row["errnos"] for row in csv.DictReader(io.StringIO("\n".join(lines))) if row["errnos"]}
    assert rows.keys() == EXPECTED.keys()
    assert rows["unix-stream"].startswith("errors(") and rows["unix-stream"].endswith("): EPIPE 3, ECONNRESET 1")
