# SPDX-License-Identifier: GPL-2.0
"""Who delivered how much to whom: several processes at both ends of one channel."""
import json
import signal
import subprocess

import pytest

from harness import IPCTRACE, TIMEOUT_S, wait_until

KINDS = ("pipe", "unix-dgram", "mqueue")
SIZE = 67
MESSAGES = 1009


WAIT = """import os, signal, socket, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
def say(*words):
    print(*words, flush=True)
    signal.sigwait([signal.SIGUSR1])
"""


class Script:
    """A Python program that goes on whenever it is told to; what it says is a line of numbers."""

    def __init__(self, stage, text):
        self.program = stage.program("/usr/bin/python3", "-c", WAIT + text)
        self.pid = self.program.pid
        self.said = 0

    def hear(self, timeout_s=TIMEOUT_S):
        """What it says next."""
        self.said += 1
        wait_until(lambda: len(self.program.lines()) >= self.said, "the program", timeout_s)
        return [int(word) for word in self.program.lines()[self.said - 1].split()]

    def go_on(self):
        self.program.signal(signal.SIGUSR1)


class Crowd:
    def __init__(self, stage, kind, writers, readers, *ahead):
        self.workload = stage.workload("crowd", kind, writers, readers, MESSAGES, *ahead)
        ready = json.loads(self.workload.lines()[0])
        self.writers, self.readers = ready["writers"], ready["readers"]

    def truth(self):
        truth = self.workload.work()
        return truth["id"], {(f or None, t): n for f, t, n in truth["edges"]}


def edges_of(summary, channel):
    edges = [e for e in summary["edges"] if e["channel"] == channel]
    assert all(e["bytes"] == SIZE * e["messages"] for e in edges if e["messages"] is not None), edges
    assert all(e["bytes"] % SIZE == 0 for e in edges), edges
    return {(e["from_pid"], e["to_pid"]): e["bytes"] // SIZE for e in edges}


def sums(edges, end):
    result = {}
    for pair, messages in edges.items():
        result[pair[end]] = result.get(pair[end], 0) + messages
    return result


def losses(summary):
    return {name: figure for name, figure in summary["health"].items() if figure}


def pids_option(*pids):
    return "-p", ",".join(str(p) for p in pids)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("writers,readers", [(1, 1), (1, 4), (4, 1), (8, 1), (1, 8)])
def test_one_at_one_end(stage, kind, writers, readers):
    crowd = Crowd(stage, kind, writers, readers)
    ipctrace = stage.ipctrace(*pids_option(*crowd.writers, *crowd.readers))
    channel, truth = crowd.truth()
    summary = ipctrace.finish()
    assert edges_of(summary, channel) == truth, losses(summary)
    assert summary["health"]["missed_runs"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_several_at_both_ends(stage, kind):
    """All sums are exact; where calls overlap, a message in a thousand may be put down to somebody else."""
    crowd = Crowd(stage, kind, 4, 4)
    ipctrace = stage.ipctrace(*pids_option(*crowd.writers, *crowd.readers))
    channel, truth = crowd.truth()
    summary = ipctrace.finish()
    edges = edges_of(summary, channel)
    assert [sums(edges, 0), sums(edges, 1)] == [sums(truth, 0), sums(truth, 1)], losses(summary)
    wrong = sum(max(0, n - truth.get(pair, 0)) for pair, n in edges.items())
    ambiguous = summary["health"]["ambiguous_deliveries"]
    assert wrong <= max(ambiguous, 4 * MESSAGES // 1000), (wrong, ambiguous)


@pytest.mark.parametrize("kind", KINDS)
def test_messages_sent_before_the_start(stage, kind):
    """They are nobody's: the sender is unknown, and nobody else is taken for it."""
    crowd = Crowd(stage, kind, 2, 1, "ahead")
    ipctrace = stage.ipctrace(*pids_option(*crowd.writers, *crowd.readers))
    channel, truth = crowd.truth()
    assert edges_of(ipctrace.finish(), channel) == truth


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["writer", "reader"])
def test_one_target_among_witnesses(stage, kind, end):
    """The others are no targets; they share its channel, so all edges are there."""
    crowd = Crowd(stage, kind, 2, 1) if end == "reader" else Crowd(stage, kind, 1, 2)
    ipctrace = stage.ipctrace("-p", crowd.readers[0] if end == "reader" else crowd.writers[0])
    channel, truth = crowd.truth()
    summary = ipctrace.finish()
    assert edges_of(summary, channel) == truth
    assert [p["pid"] for p in summary["processes"]] == [crowd.readers[0] if end == "reader" else crowd.writers[0]]


SENDS_TOO_MUCH = """
import threading
to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
to.bind(("127.0.0.1", 0))
step = [os.pipe() for _ in range(3)]
senders = []
for count in (500, 100):
    go, done = step[len(senders)], step[2]
    senders.append(os.fork())
    if not senders[-1]:
        by = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(1 if count == 500 else count):
            os.read(go[0], 1)
            for _ in range(count if count == 500 else 1):
                by.sendto(b"x" * 31, to.getsockname())
            os.write(done[1], b".")
        signal.pause()
say(*senders)
os.write(step[0][1], b".")
os.read(step[2][0], 1)
to.setblocking(False)
taken = 0
try:
    while to.recv(100):
        taken += 1
except BlockingIOError:
    to.setblocking(True)
time.sleep(1.2)  # what was sent a moment ago might still come
for _ in range(100):
    if _ == 0:
        threading.Timer(1.4, os.write, (step[1][1], b".")).start()
    else:
        os.write(step[1][1], b".")
    to.recv(100)
    os.read(step[2][0], 1)
say(taken)
for pid in senders:
    os.kill(pid, signal.SIGKILL)
"""


def test_datagrams_that_the_kernel_drops(stage):
    """They are not delivered, and do not stand before what is sent later by others."""
    script = Script(stage, SENDS_TOO_MUCH)
    first, second = script.hear()
    ipctrace = stage.ipctrace("-p", f"{script.pid},{first},{second}")
    script.go_on()
    taken, = script.hear()
    summary = ipctrace.finish()
    script.go_on()
    script.program.wait()
    assert 0 < taken < 500
    edges = {e["from_pid"]: e["messages"] for e in summary["edges"] if e["channel"].startswith("udp:")}
    assert edges == {first: taken, second: 100}


def test_view_and_csv(tmp_path):
    command = ["--", "sh", "-c", "head -c 100000 /dev/zero | cat >/dev/null"]
    text = subprocess.run([IPCTRACE, "-v", "edges", "-o", tmp_path / "text", *command], check=True,
                          stderr=subprocess.DEVNULL) and (tmp_path / "text").read_text()
    row = [line for line in text.splitlines() if "pipe" in line][-1]  # of the whole run
    assert row.split()[0] == "100KB" and "head(" in row and "cat(" in row, text
    subprocess.run([IPCTRACE, "-v", "edges", "-s", "messages", "--csv", "-o", tmp_path / "csv", *command],
                   check=True, stderr=subprocess.DEVNULL)
    lines = (tmp_path / "csv").read_text().splitlines()
    row = dict(zip(lines[0].split(","), lines[-1].split(",")))
    assert row["bytes"] == "100000" and row["kind"] == "pipe", row


SLOW_READERS = """
r, w = os.pipe()
children = []
def child(work):
    pid = os.fork()
    if pid == 0:
        signal.sigwait([signal.SIGUSR1])
        work()
        os._exit(0)
    children.append(pid)
def read():
    os.close(w)
    while os.read(r, 65536):
        time.sleep(0.1)
def write():
    time.sleep(2.5)
    for _ in range(10):
        os.write(w, b"y" * 1000)
child(read)
child(read)
child(write)
say(*children)
for pid in children:
    os.kill(pid, signal.SIGUSR1)
os.write(w, b"x" * 1500000)
os.waitpid(children[2], 0)
os.close(w)
for pid in children[:2]:
    os.waitpid(pid, 0)
say()
"""


def test_one_long_write_to_several_slow_readers(stage):
    """Their reads end long before the write; what another sends later is that one's."""
    script = Script(stage, SLOW_READERS)
    pids = script.hear()
    ipctrace = stage.ipctrace("-p", ",".join(str(pid) for pid in (script.pid, *pids)))
    script.go_on()
    script.hear()
    summary = ipctrace.finish()
    edges = {(e["from_pid"], e["to_pid"]): e["bytes"] for e in summary["edges"] if e["channel"].startswith("pipe:")}
    assert sums(edges, 0) == {script.pid: 1500000, pids[2]: 10000}
    assert set(sums(edges, 1)) <= set(pids[:2])
    assert summary["health"]["merged_deliveries"] == 0 and summary["health"]["lost_deliveries"] == 0


TALKS_TO_ITSELF = """
say()
for _ in range(%d):
    for fd in os.pipe():
        os.close(fd)
r, w = os.pipe()
for _ in range(101):
    os.write(w, b"x" * 13)
    os.read(r, 13)
say()
"""


@pytest.mark.parametrize("unused", [0, 200000])
def test_a_process_that_talks_to_itself(stage, unused):
    """Also when it has had many pipes: channels that are not used take no room."""
    script = Script(stage, TALKS_TO_ITSELF % unused)
    script.hear()
    ipctrace = stage.ipctrace("-p", script.pid)
    script.go_on()
    script.hear(120)
    summary = ipctrace.finish()
    edge, = [e for e in summary["edges"] if e["channel"].startswith("pipe:")]
    assert (edge["from_pid"], edge["to_pid"], edge["messages"], edge["bytes"]) == (script.pid, script.pid, 101, 1313)
    assert summary["health"]["map_full"] == 0
