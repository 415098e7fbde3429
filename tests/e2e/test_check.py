# SPDX-License-Identifier: GPL-2.0
"""ipctrace check: what this kernel and this user allow, and the private pipe that proves it."""
import re
import shutil
import subprocess

import pytest

import harness
from harness import IPCTRACE, run

MECHANISMS = ("pipe", "fifo", "unix-stream", "unix-dgram", "unix-seqpacket", "tcp", "udp", "mqueue",
              "eventfd", "pty", "sysv-msg", "sysv-sem", "sysv-shm", "shm", "futex")


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


def check_with(public_copy, capabilities):
    """39 and 38 are CAP_BPF and CAP_PERFMON, which not every setpriv knows by name."""
    chosen = "-all," + ",".join("+" + c for c in capabilities)
    return subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps", chosen,
                           "--ambient-caps", chosen, "--bounding-set", chosen, public_copy, "check"],
                          capture_output=True, text=True, timeout=harness.TIMEOUT_S)


def test_capabilities_in_place_of_root(public_copy):
    """What README says; kernels before 6.2, and those that need trace events, take more, and say so."""
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed")
    done = check_with(public_copy, ["cap_39", "cap_38", "sys_ptrace"])
    needs_events = "needs tracefs" in done.stdout
    if needs_events or re.search("loads without probe reads +no", done.stdout):
        assert done.returncode == 1 and "CAP_SYS_ADMIN" in done.stderr, done.stderr
        assert not needs_events or "CAP_DAC_READ_SEARCH" in done.stderr, done.stderr
        done = check_with(public_copy, ["cap_39", "cap_38", "sys_ptrace", "dac_read_search", "sys_admin"])
    assert done.returncode == 0, done.stderr


def test_without_tracefs():
    """Where the programs hang on trace events, one line says what to mount; elsewhere nobody needs it."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    script = "umount -l /sys/kernel/tracing 2>/dev/null; mount -t tmpfs none /sys/kernel/debug 2>/dev/null; " \
        f"exec {IPCTRACE} check"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True,
                          timeout=harness.TIMEOUT_S)
    if "needs tracefs" in done.stdout:
        assert done.returncode == 1 and "mount -t tracefs" in done.stderr, done.stderr
    else:
        assert done.returncode == 0, done.stderr
