# SPDX-License-Identifier: GPL-2.0
"""ipctrace check: what this kernel and this user allow, and the private pipe that proves it."""
import shutil
import subprocess

import pytest

from harness import IPCTRACE, run

MECHANISMS = ("pipe", "fifo", "unix-stream", "unix-dgram", "unix-seqpacket", "tcp", "udp", "mqueue",
              "eventfd", "pty", "sysv-msg", "sysv-sem", "futex")


def test_all_is_well():
    done = run("check")
    assert done.returncode == 0, done.stderr
    for name in MECHANISMS:
        assert name in done.stdout, f"{name} is not mentioned"
    covered, _, not_covered = done.stdout.partition("not covered")
    for call in ("splice", "tee", "vmsplice", "sendfile"):
        assert f" {call}" in covered and f" {call}" not in not_covered, done.stdout
    assert "self-test" in done.stdout.lower()
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_without_btf():
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    done = subprocess.run(["unshare", "-m", "sh", "-c",
                           f"mount -t tmpfs none /sys/kernel/btf && exec {IPCTRACE} check"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "BTF" in done.stdout + done.stderr


def test_not_root(public_copy):
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed")
    done = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                           public_copy, "check"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "CAP_BPF" in done.stdout + done.stderr
