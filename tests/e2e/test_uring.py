# SPDX-License-Identifier: GPL-2.0
"""Channels moved by io_uring: difference 0, however requests are made and whoever carries them out."""
import re
import signal
import subprocess

import pytest

from harness import BUILD, compare, compare_channels, summary_of
from test_exact import SHAPES

FAMILIES = [("pipe",), ("fifo",), ("unix", "stream"), ("unix", "dgram"), ("unix", "seqpacket"), ("unix", "bound"),
            ("unix", "joined"), ("inet", "tcp4"), ("inet", "tcp6"), ("inet", "udp4"), ("inet", "open4"),
            ("inet", "open6")]
MODES = ["plain", "async", "sqpoll", "fixed", "defer"]

PLAIN_AND_MORE = [("plain", "1")] + [(m, "8-processes") for m in MODES]


def cases(rows):
    """(words, mode, shape) each: named as the other lists are."""
    return pytest.mark.parametrize("words, mode, shape", [(w, m, SHAPES[s]) for w, m, s in rows],
                                   ids=[f"{s}-{m}-{'-'.join(w)}" for w, m, s in rows])


@pytest.fixture(scope="module", autouse=True)
def io_uring():
    probe = subprocess.run([BUILD / "workloads" / "uring", "probe", "--now"], capture_output=True, text=True,
                           check=False)
    if probe.returncode == 77:
        pytest.skip(probe.stderr.strip())


def compare_share(summary, truth, pids):
    """All of it went through io_uring."""
    for pid in pids:
        process, = [p for p in summary["processes"] if p["pid"] == pid]
        for key in ("bytes", "messages"):
            assert process[f"io_uring_{key}"] == process[f"sent_{key}"] + process[f"received_{key}"], process
    for channel in summary["channels"]:
        for endpoint in channel["endpoints"]:
            for side in (endpoint["sent"], endpoint["received"]):
                assert side is None or (side["io_uring_bytes"], side["io_uring_messages"]) == \
                    (side["bytes"], side["messages"]), endpoint
    assert sum(p["io_uring_bytes"] for p in summary["processes"] if p["pid"] in pids) == \
        sum(e[d]["bytes"] for c in truth["channels"] for e in c["endpoints"] for d in ("sent", "received"))
    assert summary["health"]["uncovered_calls"] == 0, summary["health"]


@cases([(f, m, s) for f in FAMILIES for m, s in PLAIN_AND_MORE])
def test_attached_before_the_work(stage, words, mode, shape):
    workload = stage.workload(*words, "--uring", mode, *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    compare_share(summary, truth, workload.pids)


@cases([(f, "plain", "8-processes") for f in FAMILIES] +
       [(f, m, "8") for f in (("pipe",), ("unix", "stream"), ("inet", "tcp4"), ("inet", "open4")) for m in MODES[1:]])
def test_attached_in_the_middle(stage, words, mode, shape):
    workload = stage.workload(*words, "--uring", mode, *shape, "--phases", 2)
    workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    compare_share(summary, truth, workload.pids)


@cases([(f, m, "8-processes") for f in (("pipe",), ("unix", "stream"), ("inet", "open4")) for m in MODES[:3]])
def test_from_the_first_instruction(stage, tmp_path, words, mode, shape):
    output = tmp_path / "data"
    name, *variant = words
    ipctrace = stage.ipctrace("-o", output, "--", BUILD / "workloads" / name, *variant, "--uring", mode, "--now",
                              *shape, attached=False)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    ready, truth = ipctrace.objects()
    compare(summary_of(output.read_text()), truth, [ready["pid"], ready["child"]])


@pytest.mark.parametrize("family", [("pipe",), ("unix", "stream"), ("inet", "tcp4"), ("unix", "dgram")], ids="-".join)
@pytest.mark.parametrize("mode", MODES)
def test_32_threads(stage, family, mode):
    workload = stage.workload(*family, "--uring", mode, "--threads", 16, "--shared", "--processes")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("family", [("pipe",), ("unix", "stream"), ("inet", "tcp4")], ids="-".join)
@pytest.mark.parametrize("end", [0, 1], ids=["first", "second"])
def test_one_end_traced(stage, family, end):
    workload = stage.workload(*family, "--uring", "plain", *SHAPES["8-processes"])
    ours = workload.pids[end]
    ipctrace = stage.ipctrace("-p", ours)
    truth = workload.work()
    compare(ipctrace.finish(), truth, [ours])


@cases([(("uring", v), m, s) for v in ("edges", "splice", "eventfd")
        for m, s in (("plain", "1"), ("plain", "8"), ("async", "8"), ("sqpoll", "8"), ("defer", "8"))])
def test_requests_of_all_kinds(stage, words, mode, shape):
    workload = stage.workload(*words, "--uring", mode, *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    compare_share(summary, truth, workload.pids)


SHOT_MODES = (("plain", "1"), ("plain", "8"), ("sqpoll", "8"), ("fixed", "8"), ("defer", "8"))


@cases([(("uring_shots", v), m, s) for v in ("shots", "zerocopy") for m, s in SHOT_MODES])
def test_requests_that_complete_many_times(stage, words, mode, shape):
    workload = stage.workload(*words, "--uring", mode, *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    process, = [p for p in summary["processes"] if p["pid"] == workload.pid]
    expected = sum(e["received" if "shots" in words else "sent"]["bytes"]
                   for c in truth["channels"] for e in c["endpoints"])
    assert process["io_uring_bytes"] == expected > 0
    assert summary["health"]["uncovered_calls"] == 0


@cases([(("uring_shots", "parked"), m, s) for m, s in SHOT_MODES])
def test_requests_in_flight_at_the_attach(stage, words, mode, shape):
    workload = stage.workload(*words, "--uring", mode, *shape, "--phases", 2)
    workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    assert summary["health"]["straddling_calls"] == len(truth["channels"]), summary["health"]
    assert summary["health"]["uncovered_calls"] == 0


def test_requests_that_succeed_in_silence(stage):
    """The kernel does not tell of them: they are counted as not covered. Their failures are told."""
    workload = stage.workload("uring", "skipped")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare_channels(summary, truth, workload.pids)
    assert summary["health"]["uncovered_calls"] == 2


@pytest.mark.parametrize("variant", ["skipped", "eventfd"])
def test_text_tells_requests_that_are_not_followed(stage, variant):
    workload = stage.workload("uring", variant)
    ipctrace = stage.ipctrace("-p", workload.pid, json_output=False)
    workload.work()
    ipctrace.signal(signal.SIGINT)
    assert ipctrace.wait() == 0
    told = re.search("uncovered|not covered|not followed|do not follow", ipctrace.stdout(), re.IGNORECASE)
    assert bool(told) == (variant == "skipped"), ipctrace.stdout()
