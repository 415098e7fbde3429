# SPDX-License-Identifier: GPL-2.0
"""
What arrives late or looks odd: peers that have gone before they are seen, sockets that change their
peer, results of 0 that are no message, descriptors that are no channel, calls that are not followed.
The workloads are small Python scripts that print what they did as one JSON object.
"""
import errno
import json
import re
import sys
import time

import pytest

from harness import endpoint_figures, summary_of, wait_until

INTERVAL_S = 0.1

PRELUDE = """
import ctypes, json, os, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def tell(**truth):
    os.write(1, json.dumps(truth).encode() + b"\\n")
def await_file(path):
    while not os.path.exists(path):
        time.sleep(0.01)
"""


def script_of(stage, text):
    path = stage.directory / "script.py"
    path.write_text(PRELUDE + text)
    return path


def trace_script(stage, text, *arguments, json_output=True):
    """Runs TEXT as the traced command; returns ipctrace's data and what the script told."""
    data = stage.directory / "data"
    ipctrace = stage.ipctrace("-o", data, "--", sys.executable, script_of(stage, text), *arguments,
                              attached=False, json_output=json_output)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    told = [json.loads(line) for line in ipctrace.lines()]
    assert len(told) == 1, ipctrace.stdout()
    return data.read_text(), told[0]


def summary_and_truth(stage, text, *arguments):
    data, truth = trace_script(stage, text, *arguments)
    return summary_of(data), truth


def start_script(stage, text, *arguments):
    """Runs TEXT untraced, up to the first thing it tells."""
    program = stage.program(sys.executable, script_of(stage, text), *arguments)
    line = wait_until(program.lines, "the script to tell")[0]
    return program, json.loads(line)


def busy_channels(summary, kind):
    return [c for c in summary["channels"]
            if c["kind"] == kind and any(any(endpoint_figures(e)) for e in c["endpoints"])]


def total(channels, key):
    return sum(e[key] for c in channels for e in c["endpoints"])


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
@pytest.mark.parametrize("kind, socket_kind", [("unix-stream", "SOCK_STREAM"), ("unix-seqpacket", "SOCK_SEQPACKET")])
def test_clients_gone_before_they_are_accepted(stage, kind, socket_kind, client):
    """The end that sent does not exist any more when the other one is first seen."""
    summary, truth = summary_and_truth(stage, CLIENTS_THAT_LEAVE, socket_kind, client, stage.directory / "socket")
    channels = sorted(busy_channels(summary, kind), key=lambda c: total([c], "sent_bytes"))
    assert len(channels) == 3, channels
    for channel, (pid, size) in zip(channels, truth["clients"]):
        ends = {e["pid"]: [e["role"], e["sent_messages"], e["sent_bytes"], e["received_messages"], e["received_bytes"]]
                for e in channel["endpoints"]}
        if client == "self":
            assert ends == {pid: ["both", 1, size, 1, size]}, channel
        else:
            assert ends == {pid: ["writer", 1, size, 0, 0], truth["server"]: ["reader", 0, 0, 1, size]}, channel


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


def figures_of(channels):
    return [total(channels, key) for key in ("sent_messages", "sent_bytes", "received_messages", "received_bytes")]


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


QUEUE_READ = """
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
name = b"late-%d" % os.getpid()
librt = ctypes.CDLL("librt.so.1", use_errno=True)
queue = librt.mq_open(b"/" + name, os.O_CREAT | os.O_RDWR, 0o600, None)
assert queue >= 0
descriptor, mounted = queue, True
if sys.argv[1] == "file":
    mounted = not (libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) or
                   libc.mount(b"mqueue", sys.argv[2].encode(), b"mqueue", 0, None))
    if mounted:
        descriptor = os.open(sys.argv[2].encode() + b"/" + name, os.O_RDONLY)
buffer = ctypes.create_string_buffer(8192)
librt.mq_send(queue, b"hello", 5, 0)
status = [os.read(descriptor, 200).decode() for _ in range(2)]
assert librt.mq_receive(queue, buffer, 8192, None) == 5
librt.mq_unlink(b"/" + name)
tell(mounted=mounted, status=status)
"""


@pytest.mark.parametrize("descriptor", ["queue", "file"])
def test_status_text_of_a_queue_is_no_message(stage, descriptor):
    """read() on a queue tells its state (QSIZE:...) and takes no message out of it."""
    directory = stage.directory / "mqueue"
    directory.mkdir()
    summary, truth = summary_and_truth(stage, QUEUE_READ, descriptor, directory)
    if not truth["mounted"]:
        pytest.skip("mqueue file systems cannot be mounted here")
    assert truth["status"][0].startswith("QSIZE:5 ")
    channels = busy_channels(summary, "mqueue")
    assert len(channels) == 1, channels
    assert figures_of(channels) == [1, 5, 1, 5], channels
    assert total(channels, "calls") == 2, channels


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
    assert (by_pid[truth["server"]]["received_messages"], by_pid[truth["server"]]["received_bytes"]) == (7, 91)
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
        ipctrace.signal(2)
    assert ipctrace.wait() == 0
    summary = ipctrace.summary()
    process, = [p for p in summary["processes"] if p["pid"] == truth["pid"]]
    assert process["comm"] == "late-name"
    channels = busy_channels(summary, "pipe")
    assert figures_of(channels) == [307, 3377, 307, 3377], channels


TRYLOCK_PI = """
SYS_FUTEX, FUTEX_TRYLOCK_PI = {"x86_64": 202, "aarch64": 98}[os.uname().machine], 8
def trylock(word):
    result = libc.syscall(SYS_FUTEX, ctypes.byref(word), FUTEX_TRYLOCK_PI, 0, None, None, 0)
    return ctypes.get_errno() if result < 0 else 0
end = threading.Event()
other = threading.Thread(target=end.wait)
other.start()
words = [ctypes.c_uint32(other.native_id), ctypes.c_uint32(threading.get_native_id())]
results = [[trylock(word) for _ in range(count)] for word, count in zip(words, (5, 3))]
end.set()
other.join()
tell(results=results, addresses=[ctypes.addressof(word) for word in words])
"""


def test_trylock_of_a_held_pi_mutex(stage):
    """Held by another thread: EAGAIN; by the caller: EDEADLK. Neither is a wait."""
    summary, truth = summary_and_truth(stage, TRYLOCK_PI)
    assert truth["results"] == [[errno.EAGAIN] * 5, [errno.EDEADLK] * 3]
    for address, expected in zip(truth["addresses"], ((5, 0), (0, 3))):
        found = [lock for lock in summary["locks"] if int(lock["address"], 16) == address]
        assert len(found) == 1, (hex(address), summary["locks"])
        lock = found[0]
        assert (lock["would_block"], lock["errors"]) == expected, lock
        assert (lock["waits"], lock["wait_ns"], lock["timeouts"]) == (0, 0, 0), lock


SPLICE = """
first, second = os.pipe(), os.pipe()
os.write(first[1], b"x" * 101)
if sys.argv[1] == "splice":
    os.splice(first[0], second[1], 101)
    os.read(second[0], 101)
else:
    os.read(first[0], 101)
tell(done=True)
"""


@pytest.mark.parametrize("call", ["splice", "read"])
def test_calls_that_are_not_followed_are_told(stage, call):
    summary, _ = summary_and_truth(stage, SPLICE, call)
    uncovered = summary["health"]["uncovered_calls"]
    assert uncovered >= 1 if call == "splice" else uncovered == 0, uncovered


@pytest.mark.parametrize("call", ["splice", "read"])
def test_text_tells_calls_that_are_not_followed(stage, call):
    text, _ = trace_script(stage, SPLICE, call, json_output=False)
    told = re.search(r"uncovered|not covered|not followed|splice", text.replace("script.py", ""), re.IGNORECASE)
    assert bool(told) == (call == "splice"), text


TWO_SIZES = """
reader, writer = os.pipe()
for size in (1664, 65536, 1664, 65536, 1664):
    os.write(writer, b"x" * size)
    assert len(os.read(reader, 1 << 17)) == size
tell(done=True)
"""


def test_smallest_and_largest_size_are_exact(stage):
    """Percentiles come from the buckets of a histogram; the extremes do not."""
    summary, _ = summary_and_truth(stage, TWO_SIZES)
    channel, = busy_channels(summary, "pipe")
    endpoint, = channel["endpoints"]
    for direction in ("sent", "received"):
        figures = endpoint[direction]
        assert (figures["calls"], figures["messages"], figures["bytes"]) == (5, 5, 136064), figures
        assert (figures["would_block"], figures["errors"]) == (0, 0), figures
        sizes = figures["sizes"]
        assert (sizes["count"], sizes["min_bytes"], sizes["max_bytes"]) == (5, 1664, 65536), sizes


def test_only_what_is_not_measured_is_unknown(stage):
    """A figure of health that is measured is a number, and 0 in a clean run; the others are null."""
    workload = stage.workload("pipe")
    ipctrace = stage.attach(workload)
    workload.work()
    health = ipctrace.finish()["health"]
    assert {key for key, value in health.items() if value is None} == \
        {"merged_deliveries", "ambiguous_deliveries", "late_witnesses", "bpf_cpu_ns"}, health
    assert not any(value for key, value in health.items() if key != "user_cpu_ns"), health
