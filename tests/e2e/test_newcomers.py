# SPDX-License-Identifier: GPL-2.0
"""Who comes to a target's channel by its name or address is counted from its first call, though not a target."""
import os
import subprocess
import sys

import pytest

from harness import IPCTRACE, TIMEOUT_S, compare_health, summary_of, wait_until

SERVER = """
import os, socket, sys
family, type, address = getattr(socket, sys.argv[1]), getattr(socket, sys.argv[2]), eval(sys.argv[3])
server = socket.socket(family, type)
listening = sys.argv[4] == "before"
server.bind(address)
if listening:
    server.listen()
print(server.getsockname() if family == socket.AF_UNIX else server.getsockname()[1], flush=True)
sys.stdin.readline()
if not listening:
    server.listen()
    print("listening", flush=True)
for turn in range(3):
    connection = server.accept()[0]
    while data := connection.recv(4096):
        connection.sendall(data)
    connection.close()
"""

CLIENT = """
import socket, sys
client = socket.socket(getattr(socket, sys.argv[1]), getattr(socket, sys.argv[2]))
client.connect(eval(sys.argv[3]))
for size in (7, 101, 997):
    client.sendall(b"x" * size)
    left = size
    while left:
        left -= len(client.recv(left))
"""

MESSAGES, BYTES = 3, 7 + 101 + 997


@pytest.mark.parametrize("listens", ["before", "after"])
@pytest.mark.parametrize("family, type, address, kind", [
    ("AF_UNIX", "SOCK_STREAM", "{path}/socket", "unix-stream"),
    ("AF_UNIX", "SOCK_SEQPACKET", "{path}/socket", "unix-seqpacket"),
    ("AF_UNIX", "SOCK_STREAM", "\0ipctrace-{name}", "unix-stream"),
    ("AF_INET", "SOCK_STREAM", None, "tcp"),
    ("AF_INET6", "SOCK_STREAM", None, "tcp"),
], ids=["unix-stream", "unix-seqpacket", "abstract", "tcp4", "tcp6"])
def test_clients_of_a_server(stage, tmp_path, family, type, address, kind, listens):
    host = "::1" if family == "AF_INET6" else "127.0.0.1"
    place = repr((host, 0)) if address is None else repr(address.format(path=tmp_path, name=tmp_path.name))
    server = subprocess.Popen([sys.executable, "-c", SERVER, family, type, place, listens],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        ipctrace = stage.ipctrace("-p", server.pid)
        server.stdin.write("\n")
        server.stdin.flush()
        if listens == "after":
            server.stdout.readline()
        if address is None:
            place = repr((host, int(port)))
        clients = []
        for _ in range(3):
            client = subprocess.Popen([sys.executable, "-c", CLIENT, family, type, place])
            clients.append(client.pid)
            assert client.wait(20) == 0
        assert server.wait(20) == 0
        summary = ipctrace.finish()
    finally:
        server.kill()
        server.wait()
    ends = {e["pid"]: (c, e) for c in summary["channels"] if c["kind"] == kind for e in c["endpoints"]}
    for pid in clients:
        channel, end = ends[pid]
        assert [end[key] for key in ("sent_messages", "sent_bytes", "received_bytes")] == [MESSAGES, BYTES, BYTES]
        mine, = [e for e in channel["endpoints"] if e["pid"] == server.pid]
        assert [mine[key] for key in ("sent_bytes", "received_bytes")] == [BYTES, BYTES]
        edges = {(e["from_pid"], e["to_pid"]): e["bytes"] for e in summary["edges"] if e["channel"] == channel["id"]}
        assert edges == {(pid, server.pid): BYTES, (server.pid, pid): BYTES}
    compare_health(summary)


READER = """
import sys
with open(sys.argv[1], "rb", buffering=0) as fifo:
    print("open", flush=True)
    sys.stdin.readline()
    while fifo.read(65536):
        pass
"""


def test_writers_of_a_fifo(stage, tmp_path):
    """The shell's first write is its first call on the FIFO."""
    path = tmp_path / "fifo"
    subprocess.run(["mkfifo", path], check=True)
    reader = subprocess.Popen([sys.executable, "-c", READER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    first = open(path, "wb", buffering=0)
    try:
        reader.stdout.readline()
        ipctrace = stage.ipctrace("-p", reader.pid)
        pids = []
        for number in range(3):
            writer = subprocess.Popen(["sh", "-c", f'exec >"$0"; echo {"x" * number}', path])
            pids.append(writer.pid)
            assert writer.wait(20) == 0
        reader.stdin.write("\n")
        reader.stdin.flush()
        first.close()
        wait_until(lambda: reader.poll() is not None, "the reader")
        summary = ipctrace.finish()
    finally:
        first.close()
        reader.kill()
        reader.wait()
    channel, = [c for c in summary["channels"] if c["kind"] == "fifo"]
    sent = {e["pid"]: e["sent_bytes"] for e in channel["endpoints"] if e["sent_bytes"]}
    assert sent == {pid: number + 1 for number, pid in enumerate(pids)}
    assert {(e["from_pid"], e["bytes"]) for e in summary["edges"] if e["channel"] == channel["id"]} == set(sent.items())
    compare_health(summary)


ELSEWHERE = """
import socket, sys
def talk(host, port):
    server = socket.create_server((host, int(port)))
    client = socket.create_connection(server.getsockname())
    client.sendall(b"x" * 777)
    left = 777
    peer = server.accept()[0]
    while left:
        left -= len(peer.recv(left))
talk(sys.argv[1], sys.argv[2])
"""

LISTENS = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
if sys.argv[1] == "closed":
    sys.stdin.readline()
    server.close()
    print("closed", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("listener, host", [("open", "127.0.0.2"), ("closed", "127.0.0.1")],
                         ids=["another address", "closed since"])
def test_others_at_the_same_port(stage, listener, host):
    """Whoever connects to another socket than the target's is nobody's witness."""
    server = subprocess.Popen([sys.executable, "-c", LISTENS, listener], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    try:
        port = server.stdout.readline().strip()
        ipctrace = stage.ipctrace("-p", server.pid)
        if listener == "closed":
            server.stdin.write("\n")
            server.stdin.flush()
            server.stdout.readline()
        subprocess.run([sys.executable, "-c", ELSEWHERE, host, port], check=True, timeout=20)
        summary = ipctrace.finish()
    finally:
        server.kill()
        server.wait()
    assert [c for c in summary["channels"] if c["kind"] == "tcp" and any(e["calls"] for e in c["endpoints"])] == []
    assert [e for e in summary["edges"] if e["channel"].startswith("tcp")] == []


def test_who_holds_what_a_command_inherits(tmp_path):
    """We are at the other ends of its pipes: witnesses from its first byte on."""
    output = tmp_path / "json"
    with subprocess.Popen([IPCTRACE, "--json", "-o", output, "--", "sh", "-c", "printf 1234567; read -r line"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as ipctrace:
        assert os.read(ipctrace.stdout.fileno(), 100) == b"1234567"
        ipctrace.stdin.write(b"12345678901\n")
        ipctrace.stdin.close()
        assert ipctrace.wait(TIMEOUT_S) == 0
    summary = summary_of(output.read_text())
    shell, = [p["pid"] for p in summary["processes"] if p["comm"] == "sh"]
    edges = sorted((e["from_pid"], e["to_pid"], e["bytes"]) for e in summary["edges"])
    assert edges == sorted([(shell, os.getpid(), 7), (os.getpid(), shell, 12)])
    assert summary["health"]["late_witnesses"] == 0
