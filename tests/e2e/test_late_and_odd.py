# SPDX-License-Identifier: GPL-2.0
"""
What comes late: peers that have gone before they are seen, sockets that change their peer or end
without one, names that are taken during the run.
"""
import re
import signal
import time

import pytest

from harness import wait_until
from scripts import busy_channels, figures_of, start_script, summary_and_truth, total

INTERVAL_S = 0.1

CLIENTS_THAT_LEAVE = """
kind, own_process, path = getattr(socket, sys.argv[1]), sys.argv[2] == "child", sys.argv[3]
listener = socket.socket(socket.AF_UNIX, kind)
listener.bind(path)
listener.listen(5)
clients = []
for size in (101, 211, 307):
    pid = os.fork() if own_process else 0
    if not pid:
        client = socket.socket(socket.AF_UNIX, kind)
        client.connect(path)
        client.send(b"x" * size)
        client.close()
        if own_process:
            os._exit(0)
    else:
        os.waitpid(pid, 0)
    clients.append([pid or os.getpid(), size])
    server, _ = listener.accept()
    assert len(server.recv(1000)) == size
    server.close()
tell(server=os.getpid(), clients=clients)
"""


@pytest.mark.parametrize("client", ["self", "child"])
@pytest.mark.parametrize("kind, socket_kind",
                         [("unix-stream", "SOCK_STREAM"), ("unix-seqpacket", "SOCK_SEQPACKET")])
def test_clients_gone_before_they_are_accepted(stage, kind, socket_kind, client):
    """The end that sent does not exist any more when the other one is first seen."""
    path = stage.directory / "socket"
    summary, truth = summary_and_truth(stage, CLIENTS_THAT_LEAVE, socket_kind, client, path)
    channels = sorted(busy_channels(summary, kind), key=lambda c: total([c], "sent_bytes"))
    assert len(channels) == 3, channels
    for channel, (pid, size) in zip(channels, truth["clients"]):
        ends = {e["pid"]: [e["role"], e["sent_messages"], e["sent_bytes"],
                           e["received_messages"], e["received_bytes"]] for e in channel["endpoints"]}
        if client == "self":
            assert ends == {pid: ["both", 1, size, 1, size]}, channel
        else:
            assert ends == {pid: ["writer", 1, size, 0, 0],
                            truth["server"]: ["reader", 0, 0, 1, size]}, channel


UDP_CONNECTED_LATER = """
receivers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for receiver in receivers:
    receiver.bind(("127.0.0.1", 0))
first, second = receivers[0], receivers[0 if sys.argv[1] == "same" else 1]
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"x" * 7, first.getsockname())
first.recv(100)
sender.connect(second.getsockname())
for _ in range(5):
    sender.send(b"y" * 11)
    second.recv(100)
tell(ports=[first.getsockname()[1], second.getsockname()[1]])
"""


def udp_channel(summary, port):
    found = [c for c in busy_channels(summary, "udp") if re.search(rf":{port}\b", c["name"])]
    assert len(found) == 1, (port, found)
    return found


@pytest.mark.parametrize("peer", ["same", "other"])
def test_udp_socket_that_is_connected_later(stage, peer):
    summary, truth = summary_and_truth(stage, UDP_CONNECTED_LATER, peer)
    assert "?" not in [c["name"] for c in summary["channels"]]
    first, second = (udp_channel(summary, port) for port in truth["ports"])
    if peer == "same":
        assert figures_of(first) == [6, 62, 6, 62], first
    else:
        assert figures_of(first) == [1, 7, 1, 7], first
        assert figures_of(second) == [5, 55, 5, 55], second
    assert figures_of(busy_channels(summary, "udp")) == [6, 62, 6, 62]


UNIX_RECONNECTED = """
names = ["late-a-%d" % os.getpid(), "late-b-%d" % os.getpid()]
receivers = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in names]
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for name, receiver in zip(names, receivers):
    receiver.bind("\\0" + name)
for name, receiver, count, size in zip(names, receivers, (2, 5), (7, 11)):
    sender.connect("\\0" + name)
    for _ in range(count):
        sender.send(b"x" * size)
        receiver.recv(100)
tell(names=names)
"""


def test_unix_datagram_socket_that_changes_its_peer(stage):
    summary, truth = summary_and_truth(stage, UNIX_RECONNECTED)
    channels = busy_channels(summary, "unix-dgram")
    first, second = ([c for c in channels if name in c["name"]] for name in truth["names"])
    assert len(first) == len(second) == 1, channels
    assert figures_of(first) == [2, 14, 2, 14], channels
    assert figures_of(second) == [5, 55, 5, 55], channels
    assert figures_of(channels) == [7, 69, 7, 69], channels


END_BY_SHUTDOWN = """
if sys.argv[1] == "unix-dgram":
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
else:
    reader, writer = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    reader.bind(("127.0.0.1", 0))
    writer.connect(reader.getsockname())
    reader.connect(writer.getsockname())
results = []
for size in (7, 0, 0, 11):
    writer.send(b"x" * size)
    results.append(len(reader.recv(100)))
if sys.argv[2] == "blocked":
    thread = threading.Thread(target=lambda: results.append(len(reader.recv(100))))
    thread.start()
    time.sleep(0.3)
    reader.shutdown(socket.SHUT_RD)
    thread.join()
else:
    reader.shutdown(socket.SHUT_RD)
    results.append(len(reader.recv(100)))
tell(results=results)
"""


@pytest.mark.parametrize("when", ["blocked", "at-once"])
@pytest.mark.parametrize("kind", ["unix-dgram", "udp"])
def test_end_of_a_datagram_socket_is_no_datagram(stage, kind, when):
    """Both return 0: an empty datagram is a message, what shutdown() ends is none."""
    summary, truth = summary_and_truth(stage, END_BY_SHUTDOWN, kind, when)
    assert truth["results"] == [7, 0, 0, 11, 0]
    channels = busy_channels(summary, kind)
    assert figures_of(channels) == [4, 18, 4, 18], channels
    assert (total(channels, "calls"), total(channels, "errors")) == (9, 0), channels


PEER_THAT_CLOSES = """
when, path, go, end = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
listener.listen(5)
def connected():
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(path)
    return client
early = connected() if when == "before" else None
child = os.fork()
if not child:
    await_file(go)
    client = early or connected()
    for _ in range(7):
        client.send(b"x" * 13)
        time.sleep(0.1)
    client.close()
    await_file(end)
    os._exit(0)
if early:
    early.close()
    server, _ = listener.accept()
tell(server=os.getpid(), client=child)
if not early:
    server, _ = listener.accept()
while server.recv(13):
    pass
tell(end=True)
await_file(end)
os.waitpid(child, 0)
"""


@pytest.mark.parametrize("when", ["before", "after"], ids=["connected-before", "connected-after"])
def test_untraced_peer_that_closes_is_still_named(stage, when):
    """What was once known of the other end stays in the summary."""
    go, end = stage.directory / "go", stage.directory / "end"
    program, truth = start_script(stage, PEER_THAT_CLOSES, when, stage.directory / "socket", go, end)
    try:
        ipctrace = stage.ipctrace("-p", truth["server"], INTERVAL_S)
        go.touch()
        wait_until(lambda: len(program.lines()) == 2, "the end of the connection")
        time.sleep(5 * INTERVAL_S)
        summary = ipctrace.finish()
    finally:
        end.touch()
    program.wait()
    channel, = busy_channels(summary, "unix-stream")
    by_pid = {e["pid"]: e for e in channel["endpoints"]}
    assert set(by_pid) == {truth["server"], truth["client"]}, channel
    server = by_pid[truth["server"]]
    assert (server["received_messages"], server["received_bytes"]) == (7, 91)
    assert by_pid[truth["client"]]["role"] in ("writer", "both")


NAME_TAKEN_LATER = """
PR_SET_NAME = 15
name, go, work = sys.argv[1:]
reader, writer = os.pipe()
tell(pid=os.getpid())
await_file(go)
libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
await_file(work)
for _ in range(307):
    os.write(writer, b"x" * 11)
    os.read(reader, 100)
"""


def test_name_that_a_process_takes_later(stage):
    go, work = stage.directory / "go", stage.directory / "work"
    program, truth = start_script(stage, NAME_TAKEN_LATER, "late-name", go, work)
    ipctrace = stage.ipctrace("-c", "late-name", INTERVAL_S)
    time.sleep(2 * INTERVAL_S)
    go.touch()
    time.sleep(5 * INTERVAL_S)
    work.touch()
    assert program.wait() == 0
    if ipctrace.running():
        ipctrace.signal(signal.SIGINT)
    assert ipctrace.wait() == 0
    summary = ipctrace.summary()
    process, = [p for p in summary["processes"] if p["pid"] == truth["pid"]]
    assert process["comm"] == "late-name"
    channels = busy_channels(summary, "pipe")
    assert figures_of(channels) == [307, 3377, 307, 3377], channels
