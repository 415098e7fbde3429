# SPDX-License-Identifier: GPL-2.0
"""Bad input: one clear line and the right status, or a correct table; never a crash or a leftover."""
import csv
import io
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from harness import IPCTRACE, SANITIZED, compare, run, summary_of, wait_until


def ipctrace_processes():
    """Every process that runs our program, by its executable."""
    found = set()
    for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if os.readlink(path) == IPCTRACE:
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True)
def no_leftover():
    before = ipctrace_processes()
    yield
    wait_until(lambda: not ipctrace_processes() - before, "leftover processes to end", 2)


def refused(status, *arguments, says=(), **options):
    done = run(*arguments, timeout_s=10, **options)
    assert done.returncode == status, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("ipctrace: ") and done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.isprintable() or done.stderr[:-1].isprintable()
    for word in says:
        assert word in done.stderr, done.stderr
    return done


def unused_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("arguments, says", [
    ((), ("target",)),
    (("-p", "0"), ("0",)),
    (("-p", "abc"), ("abc",)),
    (("-p", ""), ()),
    (("-p", "-5"), ("-5",)),
    (("-p", "1,"), ()),
    (("-p", ",1"), ()),
    (("-p", "1x"), ("1x",)),
    (("-p", "0x10"), ("0x10",)),
    (("-p", "99999999999999999999"), ("99999999999999999999",)),
    (("-p", "4294967297"), ("4294967297",)),
    (("-p", "1.5"), ("1.5",)),
    (("-p", " 1"), ()),
    (("-p",), ("-p",)),
    (("-t", "0"), ("0",)),
    (("-t", "abc"), ("abc",)),
    (("-p", "1", "-a"), ("--pid", "--all")),
    (("-p", "1", "-t", "1"), ("--pid", "--tid")),
    (("-p", "1", "-c", "sh"), ("--pid", "--comm")),
    (("-a", "--", "true"), ("--all",)),
    (("-p", "1", "--", "true"), ("--pid",)),
    (("-c", ""), ()),
    (("-a", "-u", "nobody"), ("--user",)),
    (("--", ), ()),
    (("-a", "-1"), ("-1",)),
    (("-a", "0"), ("0",)),
    (("-a", "-0.5"), ("-0.5",)),
    (("-a", "abc"), ("abc",)),
    (("-a", "nan"), ("nan",)),
    (("-a", "inf"), ("inf",)),
    (("-a", "1e400"), ("1e400",)),
    (("-a", "1", "0"), ("0",)),
    (("-a", "1", "-3"), ("-3",)),
    (("-a", "1", "2.5"), ("2.5",)),
    (("-a", "1", "2", "3"), ("3",)),
    (("-a", "-d", "0"), ("0",)),
    (("-a", "-d", "-1"), ("-1",)),
    (("-a", "-d", "x"), ("x",)),
    (("-a", "-v", "nothing"), ("nothing", "channels")),
    (("-a", "-v", "channels,"), ()),
    (("-a", "-k", "pigeon"), ("pigeon", "unix-stream")),
    (("-a", "-s", "beauty"), ("beauty", "sent_bytes")),
    (("-a", "-n", "0"), ("0",)),
    (("-a", "-n", "-2"), ("-2",)),
    (("-a", "-n", "x"), ("x",)),
    (("-a", "--json", "--csv"), ("--json", "--csv")),
    (("-a", "--csv", "-v", "channels,locks"), ("--csv",)),
    (("--nonsense",), ("nonsense",)),
    (("-Z",), ("Z",)),
    (("record", "-a"), ("record",)),
    (("report",), ("report",)),
    (("export", "--to", "csv"), ("export",)),
    (("-a", "--\033[31m\n"), ()),
    (("-p", "\033[2J\n7"), ()),
], ids=lambda value: " ".join(value).encode("unicode_escape").decode() if isinstance(value, tuple) else None)
def test_wrong_usage(arguments, says):
    refused(2, *arguments, says=says)


def test_unknown_pid():
    pid = unused_pid()
    refused(1, "-p", pid, says=[str(pid)])
    refused(1, "-t", pid, says=[str(pid)])
    refused(1, "-p", f"{os.getpid()},{pid}", says=[str(pid)])


def test_pid_that_is_a_thread(stage):
    """Says which process it belongs to, and which option takes it."""
    workload = stage.workload("pipe")
    tid = max(int(t) for t in os.listdir(f"/proc/{workload.pid}/task"))
    done = run("-p", tid)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert str(workload.pid) in done.stderr and f"-t {tid}" in done.stderr


def test_kernel_thread():
    done = run("-p", 2)
    if pathlib.Path("/proc/2/comm").read_text(encoding="ascii").strip() != "kthreadd":
        pytest.skip("process 2 is no kernel thread here (a container)")
    assert done.returncode in (1, 2) and "kernel thread" in done.stderr


def test_zombie(stage):
    shell = stage.program("sh", "-c", "sleep 0.01 & exec sleep 30")

    def zombie():
        with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as file:
            children = file.read().split()
        if not children:
            return None
        with open(f"/proc/{children[0]}/stat", encoding="ascii") as file:
            return children[0] if ") Z " in file.read() else None

    refused(1, "-p", wait_until(zombie, "a zombie"))


def test_pid_1():
    """A process like any other, where the kernel lets BPF programs see it."""
    done = run("-p", 1, "-d", 0.2, "--json")
    if done.returncode:
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and "process 1 " in done.stderr
    else:
        assert 1 in [p["pid"] for p in summary_of(done.stdout)["processes"]]


def test_itself():
    """Through a shell that execs: the pid is known beforehand."""
    done = subprocess.run(["sh", "-c", f"exec {IPCTRACE} -p $$"], capture_output=True, text=True, timeout=10)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1 and "itself" in done.stderr


def test_pids_that_die_while_we_attach(stage):
    """Each run either traces it to its end or says that it is gone; it never hangs."""
    for milliseconds in (5, 20, 40, 60, 80, 100, 130, 160, 200, 250, 300):
        victim = stage.program("sleep", milliseconds / 1000)
        done = run("-p", victim.pid, "--json", timeout_s=10)
        if done.returncode == 0:
            assert '"type":"summary"' in done.stdout
        else:
            assert done.returncode == 1
            assert str(victim.pid) in done.stderr
            assert done.stdout == ""


def test_unknown_user(tmp_path):
    refused(1, "-u", "no-such-user", "--", "touch", tmp_path / "touched", says=["no-such-user"])
    assert not (tmp_path / "touched").exists()


def test_many_pids_one_of_them_gone(stage):
    alive = stage.program("sleep", "30")
    refused(1, "-p", f"{alive.pid},{unused_pid()}")


def test_names_with_control_characters(stage):
    """JSON gives them back as they are; text and CSV contain none."""
    workload = stage.workload("nasty", "--phases", 3)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    process, = [p for p in summary["processes"] if p["pid"] == workload.pid]
    assert process["comm"] == "a\033[31m\n\"b,\\\t"
    for line in ipctrace.stdout().splitlines():
        assert not any(ord(c) < 32 or ord(c) == 127 for c in line)

    for arguments in (["-v", "processes,channels,locks,waits,hist"], ["--csv", "-v", "channels"],
                      ["--csv", "-v", "processes"]):
        view = stage.ipctrace("-p", workload.pid, *arguments, json_output=False)
        if workload.answers < 4:
            workload.work()
        view.signal(signal.SIGINT)
        assert view.wait() == 0
        text = view.stdout()
        assert "[31m" in text or "channels" in arguments[-1]
        assert not any(ord(c) < 32 and c not in "\r\n" or ord(c) == 127 for c in text), repr(text)
        if "--csv" in arguments:
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
            assert rows and all(None not in row and None not in row.values() for row in rows)


def test_9000_pipes_as_text(stage):
    workload = stage.workload("many_pipes")
    ipctrace = stage.ipctrace("-p", workload.pid, json_output=False)
    workload.work()
    ipctrace.signal(signal.SIGINT)
    assert ipctrace.wait() == 0
    assert "many_pipes" in ipctrace.stdout()


@pytest.mark.parametrize("path", ["/sys/kernel/btf"])
def test_kernel_without_btf(path):
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    script = f"mount -t tmpfs none {path} && exec {IPCTRACE} -a -d 0.1"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and "BTF" in done.stderr, done.stderr


@pytest.mark.skipif(SANITIZED, reason="sanitizers themselves need /proc")
def test_no_proc():
    script = f"mount -t tmpfs none /proc && exec {IPCTRACE} -p 1 -d 0.1"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "/proc" in done.stderr, done.stderr


@pytest.mark.parametrize("arguments", [("-a",), ("-p", "1"), ("--", "true")], ids=" ".join)
def test_not_root(public_copy, arguments):
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed")
    done = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                           public_copy, *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert done.stderr == \
        "ipctrace: needs root (or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE); try sudo\n"


@pytest.mark.parametrize("arguments", [("-h",), ("--help",), ("-V",), ("--version",)], ids=" ".join)
def test_help_for_everybody(public_copy, arguments):
    done = subprocess.run(["setpriv", "--reuid", "nobody", "--clear-groups", public_copy, *arguments],
                          capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ipctrace " if "V" in arguments[0] or "version" in arguments[0]
                                  else "Usage: ipctrace")


def test_output_that_cannot_be_written(tmp_path):
    refused(1, "-a", "-d", "0.1", "-o", tmp_path / "no" / "such" / "file", says=["file"])
    refused(1, "-a", "-d", "0.1", "-o", tmp_path)


def test_command_is_not_run_when_the_usage_is_wrong(tmp_path):
    refused(2, "-v", "nothing", "--", "touch", tmp_path / "touched")
    refused(1, "-o", tmp_path / "no" / "file", "--", "touch", tmp_path / "touched")
    assert not (tmp_path / "touched").exists()


def test_killed_tracer_leaves_the_target_alone(stage):
    """SIGKILL gives it no chance to clean up: the kernel does."""
    workload = stage.workload("pipe", "--phases", 2)
    ipctrace = stage.attach(workload)
    ipctrace.signal(signal.SIGKILL)
    ipctrace.wait()
    workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


def test_two_tracers_at_once(stage):
    workload = stage.workload("pipe", "--threads", 8)
    first, second = stage.attach(workload), stage.attach(workload)
    truth = workload.work()
    compare(first.finish(), truth, workload.pids)
    compare(second.finish(), truth, workload.pids)


def test_closed_standard_descriptors(stage):
    workload = stage.workload("steady", 2000)
    workload.begin()
    for closed in ("<&-", ">&-", "2>&-"):
        done = subprocess.run(["sh", "-c", f"{IPCTRACE} -p {workload.pid} -d 0.2 0.1 {closed}"],
                              capture_output=True, timeout=10)
        assert done.returncode in (0, 1), closed
