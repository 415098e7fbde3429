# SPDX-License-Identifier: GPL-2.0
"""What the tool is for, on real programs: a pipeline of the shell, redis, Python's threads."""
import re
import shutil
import socket
import subprocess
import sys

import pytest

from harness import compare_health, run, summary_of, wait_until

BYTES = 10_000_000



def test_pipeline(tmp_path):
    done = run("--json", "-o", tmp_path / "data", "--", "sh", "-c",
               f"head -c {BYTES} /dev/zero | cat | wc -c")
    assert (done.returncode, done.stdout.strip()) == (0, str(BYTES)), done.stderr
    summary = summary_of((tmp_path / "data").read_text())
    processes = {p["comm"]: p for p in summary["processes"]}
    assert {"head", "cat", "wc"} <= set(processes)
    pipes = [c for c in summary["channels"] if c["kind"] == "pipe" and
             sum(e["sent_bytes"] or 0 for e in c["endpoints"]) >= BYTES]
    ends = []
    for pipe in pipes:
        busy = {e["comm"]: e for e in pipe["endpoints"] if e["calls"]}
        ends.append(tuple(sorted(busy)))
        assert sum(e["sent_bytes"] for e in busy.values()) == BYTES
        assert sum(e["received_bytes"] for e in busy.values()) == BYTES
        for comm, endpoint in busy.items():
            assert endpoint["pid"] == processes[comm]["pid"]
    assert sorted(ends) == [("cat", "head"), ("cat", "wc")]
    roles = {(e["comm"], e["role"]) for pipe in pipes for e in pipe["endpoints"] if e["calls"]}
    assert roles == {("head", "writer"), ("cat", "reader"), ("cat", "writer"), ("wc", "reader")}
    assert processes["cat"]["sent_bytes"] == processes["cat"]["received_bytes"] == BYTES
    compare_health(summary)


def test_pipeline_as_a_person_sees_it(tmp_path):
    done = run("-o", tmp_path / "text", "--", "sh", "-c", f"head -c {BYTES} /dev/zero | cat | wc -c")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "text").read_text()
    assert re.search(r"head\(\d+\) -> cat\(\d+\)", text), text
    assert re.search(r"cat\(\d+\) -> wc\(\d+\)", text), text


class Redis:
    """A private redis-server on a unix socket, and a client that counts its own bytes."""

    REQUEST = b"*1\r\n$4\r\nINFO\r\n"

    def __init__(self, stage, directory):
        self.path = str(directory / "redis.sock")
        self.server = stage.program("redis-server", "--port", 0, "--unixsocket", self.path, "--save", "",
                                    "--appendonly", "no", "--dir", directory)
        self.client = socket.socket(socket.AF_UNIX)

        def connected():
            assert self.server.running(), self.server.stdout()
            return self.client.connect_ex(self.path) == 0

        wait_until(connected, "redis-server")
        self.client.settimeout(10)

    def info(self):
        """The figures of INFO, and the length of its reply."""
        self.client.sendall(self.REQUEST)
        reply = b""
        while b"\r\n" not in reply:
            reply += self.client.recv(65536)
        head, _, rest = reply.partition(b"\r\n")
        length = len(head) + 2 + int(head[1:]) + 2
        while len(reply) < length:
            reply += self.client.recv(65536)
        assert len(reply) == length
        figures = dict(re.findall(r"(total_net_\w+_bytes):(\d+)", reply.decode()))
        return int(figures["total_net_input_bytes"]), int(figures["total_net_output_bytes"]), length

    def load(self, requests):
        subprocess.run(["redis-benchmark", "-s", self.path, "-n", str(requests), "-c", "7", "-P", "3",
                        "-t", "set,get,lrange_100", "-d", "211", "-q"], check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("interval", [1, 0.1])
def test_redis_to_the_byte(stage, tmp_path, interval):
    """
    INFO counts its own request but not yet its own reply. So between two of them the server has
    received the load and the second request, and sent the first reply and the load's.
    """
    for program in ("redis-server", "redis-benchmark"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    redis = Redis(stage, tmp_path)
    ipctrace = stage.ipctrace("-p", redis.server.pid, interval)
    input_before, output_before, _ = redis.info()
    redis.load(2003)
    input_after, output_after, reply_length = redis.info()
    summary = ipctrace.finish()
    mine = [e for c in summary["channels"] if c["kind"] == "unix-stream"
            for e in c["endpoints"] if e["pid"] == redis.server.pid]
    received, sent = (sum(e[key] for e in mine) for key in ("received_bytes", "sent_bytes"))
    assert received == input_after - input_before + len(redis.REQUEST)
    assert sent == output_after - output_before + reply_length
    compare_health(summary)
    assert all(redis.path in c["name"] for c in summary["channels"] if c["kind"] == "unix-stream")


PYTHON = """
import sys, threading
stop = False
def work():
    n = 0
    while not stop:
        n += 1
threads = [threading.Thread(target=work, name=f"busy-{i}") for i in range(4)]
for t in threads: t.start()
print(*[t.native_id for t in threads], flush=True)
sys.stdin.read()
stop = True
for t in threads: t.join()
"""


def test_python_threads(stage, tmp_path):
    """Four busy threads queue for one lock: its waits are seen, and the waits of each thread."""
    process = subprocess.Popen([sys.executable, "-c", PYTHON], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        tids = {int(t) for t in process.stdout.readline().split()}
        ipctrace = stage.ipctrace("-p", process.pid, "-d", 1, 0.25)
        assert ipctrace.wait() == 0
    finally:
        process.stdin.close()
        process.wait(10)
    summary = ipctrace.summary()
    target, = [p for p in summary["processes"] if p["pid"] == process.pid]
    assert target["threads"] == 5
    waits = {}
    for wait in summary["waits"]:
        if wait["tid"] in tids:
            waits[wait["tid"]] = waits.get(wait["tid"], 0) + wait["blocked_ns"] + wait["runqueue_ns"]
    assert set(waits) == tids
    duration_ns = summary["duration_ns"]
    # Each of the four runs a quarter of the time and waits for the rest of it.
    assert 2.4 * duration_ns < sum(waits.values()) < 3.3 * duration_ns
    assert target["lock_wait_ns"] == sum(x["wait_ns"] for x in summary["locks"])
    busiest = summary["locks"][0]
    assert busiest["waits"] > 100 and busiest["timeouts"] > 0
    assert busiest["max_waiters"] in (3, 4)
    compare_health(summary)


def test_python_threads_as_a_person_sees_them(stage):
    process = subprocess.Popen([sys.executable, "-c", PYTHON], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()
        ipctrace = stage.ipctrace("-p", process.pid, "-d", 0.6, "-v", "locks,waits", json_output=False)
        assert ipctrace.wait() == 0
    finally:
        process.stdin.close()
        process.wait(10)
    text = ipctrace.stdout()
    assert "WAITS" in text and "TID" in text and "python3" in text


SENDS_A_FILE = """
import os, socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
def send():
    with server.accept()[0] as connection, open(sys.argv[1], "rb") as file:
        connection.sendfile(file)
sender = threading.Thread(target=send)
sender.start()
size = 0
with socket.create_connection(server.getsockname()) as client:
    while data := client.recv(65536):
        size += len(data)
sender.join()
print(size)
"""


def test_python_sends_a_file(tmp_path):
    """socket.sendfile() of Python's library, which is sendfile(2)."""
    file = tmp_path / "file"
    file.write_bytes(b"x" * BYTES)
    done = run("--json", "-o", tmp_path / "data", "--", sys.executable, "-c", SENDS_A_FILE, file)
    assert (done.returncode, done.stdout.strip()) == (0, str(BYTES)), done.stderr
    summary = summary_of((tmp_path / "data").read_text())
    connection, = [c for c in summary["channels"] if c["kind"] == "tcp" and
                   any(e["calls"] for e in c["endpoints"])]
    endpoint, = [e for e in connection["endpoints"] if e["calls"]]
    assert (endpoint["sent_bytes"], endpoint["received_bytes"]) == (BYTES, BYTES)
    assert summary["health"]["uncovered_calls"] == 0
    compare_health(summary)


def test_busybox_copies_a_file(tmp_path):
    """Its cat moves a file with sendfile(2)."""
    if not shutil.which("busybox"):
        pytest.skip("busybox is not installed")
    file = tmp_path / "file"
    file.write_bytes(b"x" * BYTES)
    done = run("--json", "-o", tmp_path / "data", "--", "sh", "-c", f"busybox cat {file} | wc -c")
    assert (done.returncode, done.stdout.strip()) == (0, str(BYTES)), done.stderr
    summary = summary_of((tmp_path / "data").read_text())
    pipe, = [c for c in summary["channels"] if any(e["sent_bytes"] == BYTES for e in c["endpoints"])]
    ends = {e["comm"]: (e["sent_bytes"], e["received_bytes"]) for e in pipe["endpoints"] if e["calls"]}
    assert ends == {"busybox": (BYTES, 0), "wc": (0, BYTES)} or ends == {"cat": (BYTES, 0), "wc": (0, BYTES)}
    compare_health(summary)
