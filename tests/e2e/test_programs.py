# SPDX-License-Identifier: GPL-2.0
"""Programs that we did not write, which talk in every way there is: each way by name, with the bytes it moved."""
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from harness import compare_health, run, summary_of, wait_until

BYTES = 10_000_000
WAYS = pathlib.Path(__file__).with_name("python_ways.py")


def traced(tmp_path, *command, options=()):
    """What the command printed, and the summary."""
    done = run("--json", *options, "-o", tmp_path / "data", "--", *command, timeout_s=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, summary_of((tmp_path / "data").read_text())


def bytes_of(channel, pid):
    mine = [e for e in channel["endpoints"] if e["pid"] == pid]
    return [sum(e["sent_bytes"] or 0 for e in mine), sum(e["received_bytes"] or 0 for e in mine)]


def found(summary, expected):
    """By its name and, where that is not its own, the inode number of the descriptor."""
    channel, = [c for c in summary["channels"] if c["kind"] == expected["kind"] and expected["name"] in c["name"] and
                (c["kind"] != "unix-stream" or expected["id"] in re.findall(r"\d+", c["id"]))]
    return channel


def delivered(summary, channel):
    """Bytes by (from, to), as names of commands."""
    sums = {}
    for edge in summary["edges"]:
        if edge["channel"] == channel["id"]:
            pair = (edge["from_comm"], edge["to_comm"])
            sums[pair] = sums.get(pair, 0) + edge["bytes"]
    return sums


def test_python_in_every_way(tmp_path):
    """
    multiprocessing's Pipe, Queue, Manager and ShareableList, subprocess, socketpair and XML-RPC. The script counts
    what it hands to the kernel itself, by the inode number of each descriptor.
    """
    out, summary = traced(tmp_path, sys.executable, WAYS)
    truth = json.loads(out)
    assert {t["way"] for t in truth["channels"]} == {
        "Pipe", "Queue", "Manager", "subprocess stdin", "subprocess stdout", "socketpair", "XML-RPC"}
    for expected in truth["channels"]:
        channel = found(summary, expected)
        sent, received = bytes_of(channel, truth["pid"])
        assert [sent, received] == [expected["sent"], expected["received"]], expected["way"]
        others = [e for e in channel["endpoints"] if e["pid"] != truth["pid"]]
        assert sum(e["received_bytes"] or 0 for e in others) == sent or expected["way"] == "socketpair"
        assert sum(e["sent_bytes"] or 0 for e in others) == received or expected["way"] == "socketpair"
    shared, = [c for c in summary["channels"] if c["kind"] == "shm" and truth["shared"] in c["name"]]
    assert len({e["pid"] for e in shared["endpoints"]}) == 2
    compare_health(summary)


def test_pipeline_of_five(tmp_path):
    out, summary = traced(tmp_path, "sh", "-c", f"head -c {BYTES} /dev/zero | cat | tr '\\0' x | tee /dev/null | wc -c")
    assert out.strip() == str(BYTES)
    pairs = [delivered(summary, c) for c in summary["channels"] if c["kind"] == "pipe"]
    for pair in (("head", "cat"), ("cat", "tr"), ("tr", "tee"), ("tee", "wc")):
        assert {pair: BYTES} in pairs
    compare_health(summary)


MAKEFILE = """
all: 1 2 3 4 5 6 7 8
.PHONY: all 1 2 3 4 5 6 7 8
1 2 3 4 5 6 7 8:
	+@$(MAKE) --no-print-directory -f inner parts
"""
INNER = """
parts: a b c
.PHONY: parts a b c
a b c:
	@sleep 0.02
"""


def test_job_server_of_make(tmp_path):
    """make -j4 puts three tokens into a pipe; who wants to run a job more takes one, and gives it back."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "inner").write_text(INNER)
    _, summary = traced(tmp_path, "make", "-j4", "-C", tmp_path)
    server = max((c for c in summary["channels"] if c["kind"] in ("pipe", "fifo")),
                 key=lambda c: sum(e["sent_messages"] or 0 for e in c["endpoints"]))
    sent = sum(e["sent_bytes"] or 0 for e in server["endpoints"])
    received = sum(e["received_bytes"] or 0 for e in server["endpoints"])
    assert {e["comm"] for e in server["endpoints"] if e["calls"]} == {"make"}
    assert sent == received >= 3
    assert sum(delivered(summary, server).values()) == sent
    compare_health(summary)


class Postgres:
    """A private server on a unix socket, as a user who is not root."""

    def __init__(self, stage, directory):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not programs:
            pytest.skip("PostgreSQL is not installed")
        self.programs = pathlib.Path(programs[-1])
        self.directory = directory / "pg"
        self.directory.mkdir(mode=0o700)
        shutil.chown(self.directory, "nobody")
        for parent in directory.parents:
            if parent.stat().st_uid == os.getuid() and parent.name.startswith("pytest"):
                parent.chmod(0o755)
        directory.chmod(0o755)
        self.call("initdb", "-D", self.directory / "data", "-N", "-A", "trust", "-U", "postgres")
        self.server = stage.program(*self.as_nobody("postgres", "-D", self.directory / "data", "-k", self.directory,
                                                    "-c", "listen_addresses=", "-c", "fsync=off"))
        self.socket = self.directory / ".s.PGSQL.5432"
        wait_until(self.is_ready, "PostgreSQL")
        self.pgbench("-i", "-q", "-s", 1)

    def is_ready(self):
        return subprocess.run([self.programs / "pg_isready", "-q", "-h", self.directory], check=False).returncode == 0

    def has_no_clients(self):
        """No process of the server is one for a client, as its title would say."""
        titles = []
        for child in pathlib.Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split():
            try:
                titles.append(pathlib.Path(f"/proc/{child}/cmdline").read_bytes())
            except (FileNotFoundError, ProcessLookupError):
                pass
        return not any(b"[local]" in title for title in titles)

    def as_nobody(self, program, *arguments):
        return ["setpriv", "--reuid", "nobody", "--clear-groups", self.programs / program, *arguments]

    def call(self, *command):
        done = subprocess.run([str(word) for word in self.as_nobody(*command)], cwd="/", timeout=60, check=False,
                              text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pgbench(self, *arguments):
        return self.call("pgbench", "-h", self.directory, "-U", "postgres", *arguments, "postgres")


def test_postgresql_with_pgbench(stage, tmp_path):
    """Only the server is a target; pgbench, at the other end of its sockets, is a witness."""
    clients, transactions = 3, 101
    postgres = Postgres(stage, tmp_path)
    wait_until(postgres.has_no_clients, "the end of the preparations")
    ipctrace = stage.ipctrace("-p", postgres.server.pid, "-f")
    postgres.pgbench("-n", "-S", "-c", clients, "-t", transactions)
    wait_until(postgres.has_no_clients, "the last messages to be read")
    summary = ipctrace.finish()
    connections = [c for c in summary["channels"] if c["kind"] == "unix-stream" and str(postgres.socket) in c["name"]
                   and {"postgres", "pgbench"} <= {e["comm"] for e in c["endpoints"]}]
    busy = [c for c in connections if sum(e["calls"] for e in c["endpoints"] if e["comm"] == "pgbench") > transactions]
    assert len(busy) == clients
    for channel in connections:
        server, = [e for e in channel["endpoints"] if e["comm"] == "postgres"]
        client, = [e for e in channel["endpoints"] if e["comm"] == "pgbench"]
        assert (server["received_bytes"], server["sent_bytes"]) == (client["sent_bytes"], client["received_bytes"])
        assert delivered(summary, channel) == {("pgbench", "postgres"): client["sent_bytes"],
                                               ("postgres", "pgbench"): client["received_bytes"]}
    compare_health(summary)
