# SPDX-License-Identifier: GPL-2.0
"""Netlink and vsock: who is at the ends, what they are called, many threads."""
import pytest

from harness import compare, endpoint_figures, find_channel
from scripts import busy_channels, figures_of, summary_and_truth


@pytest.mark.parametrize("mechanism", [("netlink", "user"), ("netlink", "kernel"), ("vsock", "stream"),
                                       ("vsock", "seqpacket")], ids="-".join)
def test_32_threads(stage, mechanism):
    workload = stage.workload(*mechanism, "--threads", 32, "--shared", "--processes")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("traced", ["both", "first", "second"])
@pytest.mark.parametrize("variant", ["stream", "seqpacket"])
def test_both_ends_of_a_vsock_connection(stage, variant, traced):
    """Before a byte moves, by context and port, although one end does not know its own context."""
    workload = stage.workload("vsock", variant, "--processes")
    pids = {"both": workload.pids, "first": workload.pids[:1], "second": workload.pids[1:]}[traced]
    summary = stage.ipctrace("-p", ",".join(map(str, pids))).finish()
    channel, = [c for c in summary["channels"] if c["kind"] == "vsock"]
    name, = [c["name"] for c in workload.work()["channels"]]
    assert channel["name"] in (name, " <-> ".join(reversed(name.split(" <-> "))))
    assert {e["pid"]: (e["comm"], e["role"]) for e in channel["endpoints"]} == \
        {workload.pid: ("vsock", "both"), workload.child: ("vsock", "both")}
    for endpoint in channel["endpoints"]:
        if endpoint["pid"] not in pids:
            assert set(endpoint_figures(endpoint)) == {None}


@pytest.mark.parametrize("variant", ["user", "joined"])
def test_netlink_between_processes(stage, variant):
    """The channel is the receiving socket: one writes, the other reads."""
    workload = stage.workload("netlink", variant, "--processes")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    channel = find_channel(ipctrace.finish(), truth["channels"][0])
    busy = {e["pid"]: (e["sent_messages"] > 0, e["received_messages"] > 0)
            for e in channel["endpoints"] if any(endpoint_figures(e))}
    assert busy == {workload.pid: (True, False), workload.child: (False, True)}


NETLINK_LATE = """
import struct
AF_NETLINK, ROUTE = 16, 0
ports = []
for early in (False, True):
    client = socket.socket(AF_NETLINK, socket.SOCK_RAW, ROUTE)
    if early: # used before it has a port
        client.setblocking(False)
        try:
            client.recv(10)
        except BlockingIOError:
            pass
        client.setblocking(True)
    request = struct.pack("IHHII BxHiII", 32, 18, 1, 0, 0, 0, 0, 1, 0, 0)
    client.send(request)
    assert len(client.recv(65536)) > 100
    ports.append(client.getsockname()[0])
tell(ports=ports)
"""


def test_netlink_port_that_comes_with_the_first_message(stage):
    summary, truth = summary_and_truth(stage, NETLINK_LATE)
    channels = busy_channels(summary, "netlink")
    assert sorted(c["name"] for c in channels) == sorted(f"ROUTE port {port}" for port in truth["ports"])
    for channel in channels:
        assert figures_of([channel])[:3] == [1, 32, 1]


def test_only_what_is_asked_for(stage):
    summary, _ = summary_and_truth(stage, NETLINK_LATE, options=("-k", "vsock"))
    assert summary["channels"] == []


@pytest.mark.parametrize("mechanism", [("netlink", "user"), ("vsock", "stream"), ("vsock", "seqpacket")],
                         ids="-".join)
def test_edges(stage, mechanism):
    workload = stage.workload(*mechanism, "--processes")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    channel = find_channel(summary, truth["channels"][0])
    seen = {(e["from_pid"], e["to_pid"]): e["bytes"] for e in summary["edges"] if e["channel"] == channel["id"]}
    ends = {e["pid"]: e for e in truth["channels"][0]["endpoints"]}
    expected = {(workload.pid, workload.child): ends[workload.child]["received"]["bytes"]}
    if mechanism[0] == "vsock": # both ways
        expected[(workload.child, workload.pid)] = ends[workload.pid]["received"]["bytes"]
    assert seen == expected
