# SPDX-License-Identifier: GPL-2.0
"""Signals: who, whom, which, and what became of them. (That the figures are exact: test_exact.)"""
import os

import pytest

from harness import compare, compare_channels, compare_health, find_channel, summary_of
from test_exact import SHAPES, shapes

FATES = ("sent", "delivered", "ignored", "merged", "no_room", "errors")


def fates(entries):
    return {e["number"]: {k: e[k] for k in FATES} for e in entries if any(e[k] for k in FATES)}


def compare_signals(summary, truth, pids):
    """What became of the signals of each number, at every end that is one of PIDS."""
    expected = {}
    for entry in truth["signals"]:
        if entry["pid"] in pids:
            expected.setdefault((entry["channel"], entry["pid"]), []).append(entry)
    for (id_, pid), entries in expected.items():
        if not fates(entries):
            continue
        channel = find_channel(summary, {"id": id_, "name": ""})
        assert channel is not None, id_
        endpoint, = [e for e in channel["endpoints"] if e["pid"] == pid]
        assert fates(endpoint["signals"]) == fates(entries), (id_, pid)


def ends(truth):
    return {e["pid"] for c in truth["channels"] for e in c["endpoints"]}


@shapes(*SHAPES)
def test_which(stage, shape):
    workload = stage.workload("signal", *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    compare_signals(summary, truth, workload.pids)


def test_32_threads(stage):
    workload = stage.workload("signal", "--threads", 32)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    compare_signals(summary, truth, workload.pids)


@shapes("8-processes")
def test_only_the_sender_is_traced(stage, shape):
    workload = stage.workload("signal", *shape)
    ipctrace = stage.ipctrace("-p", workload.pid)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, [workload.pid])
    compare_signals(summary, truth, [workload.pid])
    channel, = [c for c in summary["channels"] if c["kind"] == "signal"]
    assert channel["name"] == f"signal({workload.child})"
    receiver, = [e for e in channel["endpoints"] if e["pid"] == workload.child]
    assert (receiver["role"], receiver["comm"], receiver["received_messages"], receiver["signals"]) == \
        ("reader", "signal", None, None)


@shapes("8-processes")
def test_only_the_receiver_is_traced(stage, shape):
    """What comes from strangers is known as well."""
    workload = stage.workload("signal", *shape)
    ipctrace = stage.ipctrace("-p", workload.child)
    truth = workload.work()
    summary = ipctrace.finish()
    compare_health(summary)
    compare_channels(summary, truth)
    compare_signals(summary, truth, workload.pids)
    assert [p["pid"] for p in summary["processes"]] == [workload.child]
    channel, = [c for c in summary["channels"] if c["kind"] == "signal"]
    sender, = [e for e in channel["endpoints"] if e["pid"] == workload.pid]
    assert (sender["role"], sender["comm"]) == ("writer", "signal")


@shapes("1", "8")
def test_every_fate(stage, shape):
    workload = stage.workload("signal_edges", *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    compare_signals(summary, truth, workload.pids)


@pytest.mark.parametrize("follow", [True, False], ids=["followed", "alone"])
def test_signals_that_end_processes(stage, follow):
    workload = stage.workload("signal_edges", "children")
    ipctrace = stage.attach(workload, *(["-f"] if follow else []))
    truth = workload.work()
    summary = ipctrace.finish()
    pids = ends(truth) if follow else [workload.pid]
    assert len(ends(truth)) == 1 + 7
    compare(summary, truth, pids)
    compare_signals(summary, truth, pids)


def test_numbers_of_another_namespace(stage, tmp_path):
    """The numbers that a container knows are followed to the processes that they are there."""
    output = tmp_path / "data"
    script = "sleep 30 & sleep 0.3; kill -USR1 $!; kill -USR1 9999; wait"
    ipctrace = stage.ipctrace("-o", output, "-k", "signal", "--", "unshare", "--fork", "--pid", "sh", "-c", script,
                              attached=False)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    summary = summary_of(output.read_text())
    shell, = [p["pid"] for p in summary["processes"] if p["comm"] == "sh"]
    killed, = [c for c in summary["channels"] if c["name"].startswith("sleep(")]
    pid, = [p["pid"] for p in summary["processes"] if killed["name"] == f"sleep({p['pid']})"]
    assert killed["id"] == f"signal:[{pid}]"
    assert {(e["pid"], e["role"], e["sent_messages"], e["received_messages"]) for e in killed["endpoints"]} == \
        {(shell, "writer", 1, 0), (pid, "reader", 0, 1)}
    missing, = [c for c in summary["channels"] if c["name"] == "no process 9999"]
    assert missing["id"].startswith("signal:[missing 9999 in ")
    assert [(e["pid"], e["errors"]) for e in missing["endpoints"]] == [(shell, 1)]


def test_one_thread_of_several(stage):
    """Of a process of which one thread is traced: what that sends, and whatever the process is sent."""
    workload = stage.workload("signal", "--threads", 2)
    ipctrace = stage.ipctrace("-t", max(map(int, os.listdir(f"/proc/{workload.pid}/task"))))
    truth = workload.work()
    summary = ipctrace.finish()
    channel, = truth["channels"]
    mine, = channel["endpoints"]
    endpoint, = find_channel(summary, channel)["endpoints"]
    assert endpoint["sent_messages"] == mine["sent"]["messages"]
    assert endpoint["received_messages"] == mine["received"]["messages"] / 2
