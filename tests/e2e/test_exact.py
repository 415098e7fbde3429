# SPDX-License-Identifier: GPL-2.0
"""Every figure of every mechanism against the truth, difference 0, however the tracer came."""
import subprocess

import pytest

import harness
from harness import BUILD, compare, compare_channel, compare_health, endpoint_figures, summary_of

MECHANISMS = [
    ("pipe",), ("fifo",),
    ("unix", "stream"), ("unix", "dgram"), ("unix", "seqpacket"),
    ("unix", "listen"), ("unix", "bound"), ("unix", "joined"),
    ("inet", "tcp4"), ("inet", "tcp6"), ("inet", "udp4"), ("inet", "udp6"),
    ("inet", "open4"), ("inet", "open6"),
    ("mqueue",), ("eventfd",), ("pty",), ("sysv_msg",), ("sysv_sem",), ("futex",),
    ("signal",), ("process_vm",),
    ("splice", "pipe"), ("splice", "unix"), ("splice", "tcp"), ("splice", "full"),
    ("netlink", "user"), ("netlink", "joined"), ("netlink", "kernel"),
    ("vsock", "stream"), ("vsock", "seqpacket"),
]
SHAPES = {
    "1": (),
    "8": ("--threads", 8),
    "8-shared": ("--threads", 8, "--shared"),
    "8-processes": ("--threads", 8, "--processes"),
    "32": ("--threads", 32),
}

mechanism = pytest.mark.parametrize("mechanism", MECHANISMS, ids="-".join)


def shapes(*names):
    return pytest.mark.parametrize("shape", [SHAPES[n] for n in names], ids=names)


@mechanism
@shapes("1", "8-shared", "8-processes", "32")
def test_attached_before_the_work(stage, mechanism, shape):
    workload = stage.workload(*mechanism, *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@mechanism
@shapes("1", "8-processes")
def test_attached_in_the_middle(stage, mechanism, shape):
    workload = stage.workload(*mechanism, *shape, "--phases", 2)
    before = workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    assert before != truth
    compare(ipctrace.finish(), truth, workload.pids)


@mechanism
@shapes("8-processes")
def test_from_the_first_instruction(stage, tmp_path, mechanism, shape):
    output = tmp_path / "data"
    name, *variant = mechanism
    ipctrace = stage.ipctrace("-o", output, "--", BUILD / "workloads" / name, *variant, "--now", *shape,
                              attached=False)
    status = ipctrace.wait()
    harness.skip_if(status, ipctrace.stderr())
    assert status == 0, ipctrace.stderr()
    ready, truth = ipctrace.objects()
    compare(summary_of(output.read_text()), truth, [ready["pid"], ready["child"]])


@pytest.mark.parametrize("mechanism", [("pipe",), ("unix", "stream"), ("mqueue",), ("sysv_msg",),
                                       ("sysv_sem",)], ids="-".join)
@shapes("8", "8-processes")
def test_threads_born_after_the_attach(stage, mechanism, shape):
    workload = stage.workload(*mechanism, *shape, "--late")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("mechanism", [("pipe",), ("unix", "stream"), ("inet", "tcp4"),
                                       ("inet", "open4"), ("mqueue",), ("eventfd",), ("pty",),
                                       ("sysv_msg",), ("sysv_sem",), ("futex",), ("splice", "pipe"),
                                       ("netlink", "user"), ("vsock", "stream")],
                         ids="-".join)
@pytest.mark.parametrize("end", [0, 1], ids=["first", "second"])
def test_one_end_traced(stage, mechanism, end):
    """The other end is not a target: its figures stay unknown, ours stay exact."""
    workload = stage.workload(*mechanism, *SHAPES["8-processes"])
    ours = workload.pids[end]
    ipctrace = stage.ipctrace("-p", ours)
    truth = workload.work()
    compare(ipctrace.finish(), truth, [ours])


EDGES = [("pipe", "edges"), ("unix", "edges-stream"), ("unix", "edges-dgram"),
         ("unix", "edges-seqpacket"), ("inet", "edges-tcp"), ("inet", "edges-udp"),
         ("inet", "refused"), ("mqueue", "edges"), ("eventfd", "edges"), ("pty", "edges"),
         ("sysv_msg", "edges"), ("sysv_sem", "edges"), ("splice_edges",),
         ("netlink", "edges"), ("vsock", "edges-stream"), ("vsock", "edges-seqpacket"),
         ("mqueue_odd", "priorities"), ("mqueue_odd", "notify"), ("mqueue_odd", "waits"),
         ("mqueue_odd", "depth"), ("passing",),
         ("cut", "tcp"), ("cut", "unix-stream"), ("cut", "unix-seqpacket"),
         ("signal_edges",), ("process_vm", "edges")]


@pytest.mark.parametrize("mechanism", EDGES, ids="-".join)
@shapes("1", "8")
def test_every_way_a_call_can_end(stage, mechanism, shape):
    workload = stage.workload(*mechanism, *shape)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("calls", [("restart",), ("splice_odd", "restart")], ids="-".join)
def test_restarted_calls(stage, calls):
    workload = stage.workload(*calls, "--phases", 2)
    workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_calls_in_flight_at_the_attach(stage):
    """They count, without a time of their own, and health says how many there were."""
    workload = stage.workload("straddle")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    endpoint, = [e for e in summary["channels"][0]["endpoints"] if e["pid"] == workload.pid]
    assert (endpoint["received_bytes"], endpoint["received_messages"]) == (47, 1)
    assert (endpoint["sent_bytes"], endpoint["calls"]) == (47, 2)
    assert endpoint["blocked_ns"] < 10**9
    lock, = [x for x in summary["locks"] if x["address"] == truth["locks"][0]["address"]]
    assert (lock["wakes"], lock["empty_wakes"], lock["woken_threads"]) == (1, 0, 1)
    assert lock["wait_ns"] < 10**9
    assert summary["health"]["straddling_calls"] >= 2
    compare_health(summary)


def test_splice_in_flight_at_the_attach(stage):
    workload = stage.workload("splice_odd", "asleep")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    for expected in truth["channels"]:
        channel, = [c for c in summary["channels"] if c["id"] == expected["id"]]
        endpoint, = [e for e in channel["endpoints"] if e["pid"] == workload.pid]
        assert endpoint_figures(endpoint) == [47, 47, 1, 1, 2, 0, 0], channel
        assert endpoint["blocked_ns"] < 10**9, channel
    assert summary["health"]["straddling_calls"] >= 1
    compare_health(summary)


def test_descriptor_reused_while_a_call_sleeps(stage):
    workload = stage.workload("reuse")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_descriptors_above_65536(stage):
    probe = subprocess.run([BUILD / "workloads" / "high_fd", "--now"], capture_output=True, text=True, check=False)
    if probe.returncode == 77:
        pytest.skip(probe.stderr.strip())
    workload = stage.workload("high_fd")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_9000_pipes(stage):
    workload = stage.workload("many_pipes")
    ipctrace = stage.attach(workload)
    pipes = dict(workload.work()["pipes"])
    summary = ipctrace.finish()
    seen = {c["id"]: [(e["pid"], e["sent_bytes"], e["received_bytes"]) for e in c["endpoints"]]
            for c in summary["channels"] if c["kind"] == "pipe"}
    assert len(pipes) == 9000
    assert seen == {id: [(workload.pid, size, size)] for id, size in pipes.items()}
    process, = [p for p in summary["processes"] if p["pid"] == workload.pid]
    assert process["sent_bytes"] == process["received_bytes"] == sum(pipes.values())
    compare_health(summary)


@pytest.mark.parametrize("variant", ["passed", "reopened"])
def test_eventfd_is_more_than_its_descriptor(stage, variant):
    workload = stage.workload("eventfd", variant)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_short_lived_threads(stage):
    workload = stage.workload("churn")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("follow", [True, False], ids=["followed", "alone"])
def test_short_lived_children(stage, follow):
    workload = stage.workload("churn", "forks")
    ipctrace = stage.attach(workload, *(["-f"] if follow else []))
    truth = workload.work()
    summary = ipctrace.finish()
    channel, = [c for c in summary["channels"] if c["id"] == truth["channels"][0]["id"]]
    others = [e for e in channel["endpoints"] if e["pid"] != workload.pid and e["sent_bytes"]]
    children = truth["children"]
    # Followed or not: they share their parent's pipe from birth.
    assert len(others) == children["count"]
    assert {(e["sent_bytes"], e["sent_messages"], e["calls"]) for e in others} == {(41, 1, 1)}
    assert sum(e["sent_bytes"] for e in others) == children["bytes"]
    assert {p["pid"] for p in summary["processes"]} == \
        {workload.pid, *(e["pid"] for e in others if follow)}
    compare_health(summary)


def test_blocked_time_of_long_sleeps(stage):
    """Every call sleeps 5 ms: within 2 % without any allowance for how it was woken."""
    workload = stage.workload("steady", 500)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    asleep_ns = truth["channels"][0]["endpoints"][0]["received"]["asleep_ns"]
    process, = [p for p in summary["processes"] if p["pid"] == workload.pid]
    assert abs(process["blocked_ns"] - asleep_ns) <= harness.BLOCKED_SHARE * asleep_ns
