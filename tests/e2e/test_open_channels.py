# SPDX-License-Identifier: GPL-2.0
"""Channels that were open before the start are known, with both ends, before a byte moves."""
import os
import pty
import signal
import socket

import pytest

from harness import endpoint_figures, wait_until

SOCKETS = [("unix", "stream"), ("unix", "dgram"), ("unix", "seqpacket"), ("unix", "listen"),
           ("inet", "tcp4"), ("inet", "tcp6"), ("inet", "udp4"), ("inet", "udp6")]


def idle_summary(stage, pids):
    return stage.ipctrace("-p", ",".join(map(str, pids))).finish()


def roles(channel):
    return {e["pid"]: (e["comm"], e["role"]) for e in channel["endpoints"]}


def channel_of(summary, kind):
    channel, = [c for c in summary["channels"] if c["kind"] == kind]
    return channel


@pytest.mark.parametrize("kind", ["pipe", "fifo", "mqueue"])
@pytest.mark.parametrize("traced", ["both", "first", "second"])
def test_writer_and_reader(stage, kind, traced):
    workload = stage.workload(kind, "--processes")
    pids = {"both": workload.pids, "first": workload.pids[:1], "second": workload.pids[1:]}[traced]
    channel = channel_of(idle_summary(stage, pids), kind)
    assert roles(channel) == {workload.pid: (kind, "writer"), workload.child: (kind, "reader")}
    for endpoint in channel["endpoints"]:
        figures = endpoint_figures(endpoint)
        if endpoint["pid"] in pids:
            assert figures == [0] * len(figures)
        else:
            assert figures == [None] * len(figures)


@pytest.mark.parametrize("kind", ["eventfd", "pty"])
@pytest.mark.parametrize("traced", ["both", "first", "second"])
def test_both_ends_of_what_goes_both_ways(stage, kind, traced):
    workload = stage.workload(kind, "--processes", "--shared")
    pids = {"both": workload.pids, "first": workload.pids[:1], "second": workload.pids[1:]}[traced]
    channel = channel_of(idle_summary(stage, pids), kind)
    assert roles(channel) == {workload.pid: (kind, "both"), workload.child: (kind, "both")}
    for endpoint in channel["endpoints"]:
        if endpoint["pid"] not in pids:
            assert set(endpoint_figures(endpoint)) == {None}


def test_a_terminal_is_known_by_its_device(stage):
    """Master and slave are one channel; a program that only has it for its output is at the slave's end."""
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    program = stage.program("sleep", "60", pass_fds=[slave])
    device = os.fstat(slave).st_dev
    os.close(slave)
    channel = channel_of(idle_summary(stage, [program.pid]), "pty")
    os.close(master)
    assert (channel["name"], channel["id"]) == (name, f"pty:[{device}:{name.rpartition('/')[2]}]")
    assert {e["pid"] for e in channel["endpoints"]} == {program.pid, os.getpid()}


KINDS = {"stream": "unix-stream", "dgram": "unix-dgram", "seqpacket": "unix-seqpacket",
         "listen": "unix-stream", "tcp4": "tcp", "tcp6": "tcp", "udp4": "udp", "udp6": "udp"}


@pytest.mark.parametrize("mechanism", SOCKETS, ids="-".join)
@pytest.mark.parametrize("traced", ["both", "first", "second"])
def test_both_ends_of_a_connection(stage, mechanism, traced):
    workload = stage.workload(*mechanism, "--processes")
    pids = {"both": workload.pids, "first": workload.pids[:1], "second": workload.pids[1:]}[traced]
    channel = channel_of(idle_summary(stage, pids), KINDS[mechanism[1]])
    comm = mechanism[0]
    assert roles(channel) == {workload.pid: (comm, "both"), workload.child: (comm, "both")}
    for endpoint in channel["endpoints"]:
        if endpoint["pid"] not in pids:
            assert set(endpoint_figures(endpoint)) == {None}


def test_a_peer_that_is_not_traced_is_a_known_process(stage):
    """Its name and parent are known, its figures are not."""
    workload = stage.workload("pipe", "--processes")
    summary = idle_summary(stage, [workload.child])
    target, = [p for p in summary["processes"] if p["pid"] == workload.child]
    assert target["ppid"] == workload.pid
    for process in summary["processes"]:
        if process["pid"] == workload.pid:
            assert process["comm"] == "pipe"
            assert process["sent_bytes"] is None and process["blocked_ns"] is None


def test_pipe_of_a_shell(stage):
    """The usual case: sleep | sleep, traced from one side only."""
    shell = stage.program("sh", "-c", "exec 3>&1; sleep 30 | sleep 31", start_new_session=True)
    try:
        def children():
            with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as file:
                pids = [int(p) for p in file.read().split()]
            names = [open(f"/proc/{p}/comm", encoding="ascii").read().strip() for p in pids]
            return pids if names == ["sleep", "sleep"] else None

        left, right = wait_until(children, "the pipeline")
        summary = stage.ipctrace("-p", right).finish()
        assert roles(channel_of(summary, "pipe")) == {left: ("sleep", "writer"), right: ("sleep", "reader")}
    finally:
        os.killpg(shell.pid, signal.SIGKILL)


def test_capacity(stage):
    workload = stage.workload("pipe")
    channel = channel_of(idle_summary(stage, [workload.pid]), "pipe")
    assert channel["capacity_bytes"] == 65536


def test_unix_socket_names(stage, tmp_path):
    """A listener's path and an abstract name, at both ends of a connection and for datagrams."""
    abstract = f"ipctrace-test-{os.getpid()}"
    for address, name in ((str(tmp_path / "socket"), str(tmp_path / "socket")),
                          ("\0" + abstract, abstract)):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(address)
        server, _ = listener.accept()
        program = stage.program("sleep", "60", pass_fds=[client.fileno()])
        client.close()
        ipctrace = stage.ipctrace("-p", program.pid)
        summary = ipctrace.finish()
        channel = channel_of(summary, "unix-stream")
        assert name in channel["name"]
        assert {e["pid"] for e in channel["endpoints"]} == {program.pid, os.getpid()}
        program.stop()
        server.close()
        listener.close()
