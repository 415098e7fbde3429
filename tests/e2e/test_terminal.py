# SPDX-License-Identifier: GPL-2.0
"""The live view on a real terminal: refreshed in place, within its size, left as it was."""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import pytest

from harness import IPCTRACE, wait_until

VIEWS = "processes,channels,locks,waits,hist"
TITLE = re.compile(r"(PROCESSES|CHANNELS|LOCKS|WAITS|HISTOGRAMS)\b")
MORE = re.compile(r"\((\d+) (idle )?more\)")
ESCAPE = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78]|\][^\x07]*\x07)")


class Terminal:
    """ipctrace on a pseudo terminal of a given size."""

    def __init__(self, columns, rows, *arguments, **environment):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [IPCTRACE, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave
        self.output = b""

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.output += os.read(self.master, 65536)
        return self.output.decode(errors="replace")

    def await_screens(self, count):
        """A screen is drawn whole once and then only where it changes: counts bursts of output."""
        wait_until(lambda: "COMMAND" in self.read(), "the first screen")
        for _ in range(count - 1):
            before = len(self.output)
            wait_until(lambda: self.read() and len(self.output) > before, "the next screen")

    def press(self, keys):
        os.write(self.master, keys)

    def wait(self, timeout_s=10):
        end = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < end, "ipctrace does not end"
            self.read()
            time.sleep(0.01)
        self.read()
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    opened = []

    def new(*arguments, **environment):
        opened.append(Terminal(*arguments, **environment))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


@pytest.fixture
def steady(stage):
    workload = stage.workload("steady", 6000)
    workload.begin()
    return workload


def width_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


@pytest.fixture
def tmux(tmp_path):
    """What a person sees: runs a command line on a terminal of a given size, returns a way to look at it."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    socket = str(tmp_path / "tmux")
    environment = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm-256color")

    def call(*arguments):
        return subprocess.run(["tmux", "-S", socket, *arguments], capture_output=True, text=True,
                              env=environment, check=True, timeout=10).stdout

    def run(columns, rows, command):
        call("-f", "/dev/null", "start-server", ";", "set-option", "-g", "status", "off", ";",
             "new-session", "-d", "-x", str(columns), "-y", str(rows), f"{command}; sleep 20")
        return lambda: call("capture-pane", "-p")

    yield run
    call("kill-server")


@pytest.mark.parametrize("columns, rows", [(20, 24), (80, 24), (200, 50), (1, 1), (10, 3)])
def test_every_size(terminal, steady, columns, rows):
    screen = terminal(columns, rows, "-p", steady.pid, "-v", VIEWS, 0.1, 5)
    assert screen.wait() == 0
    assert screen.read()


def sections_of(lines):
    """What stands below each title."""
    sections, current = {}, None
    for line in lines:
        title = TITLE.match(line)
        if title:
            current = sections.setdefault(title.group(1), [])
        elif not line or line.startswith(("health:", "q quit")):
            current = None
        elif current is not None and not line.startswith("(-:"):
            current.append(line)
    return sections


@pytest.mark.parametrize("views", ["processes,channels,locks", VIEWS])
@pytest.mark.parametrize("columns, rows", [(20, 10), (30, 6), (40, 12), (20, 24), (80, 24), (200, 50)])
def test_rows_on_every_size(stage, tmux, steady, columns, rows, views):
    """A view that is shown shows a row if it has one, and tells how many it does not show."""
    workloads = [steady, stage.workload("pipe", "--processes"), stage.workload("unix", "stream"),
                 stage.workload("fifo")]
    pids = ",".join(str(pid) for workload in workloads for pid in workload.pids)
    summary = stage.ipctrace("-p", pids, 0.1, 2)
    assert summary.wait() == 0
    summary = summary.objects()[-1]
    expected = {"PROCESSES": pids.count(",") + 1, "CHANNELS": len(summary["channels"])}
    assert expected["CHANNELS"] >= 4

    screen = tmux(columns, rows, f"{IPCTRACE} -p {pids} -v {views} 0.2")
    wait_until(lambda: "q quit" in screen(), "a screen")
    time.sleep(0.5)
    lines = screen().splitlines()
    assert all(width_of(line) <= columns for line in lines)
    sections = sections_of(lines)
    assert "CHANNELS" in sections, lines
    for title, (header, *body) in ((t, s) for t, s in sections.items() if s):
        more = MORE.fullmatch(body[-1]) if body else None
        shown = len(body) - bool(more)
        assert shown > 0, (title, header, lines)
        if title in expected:
            assert shown + (int(more.group(1)) if more else 0) == expected[title], (title, lines)
    for title in expected:
        assert sections.get(title) != [], (title, lines)


def test_ctrl_c(terminal, steady):
    screen = terminal(80, 24, "-p", steady.pid, 0.2)
    screen.await_screens(3)
    screen.press(b"\x03")
    assert screen.wait() == 0
    last = screen.read().rsplit("COMMAND", 1)[1]
    assert "steady" in last and "health" in last, "no final summary"
    assert termios.tcgetattr(screen.slave) == screen.before, "the terminal's modes have changed"


def test_refreshed_in_place(terminal, steady):
    """The cursor moves; between screens nothing scrolls."""
    screen = terminal(80, 24, "-p", steady.pid, 0.1)
    screen.await_screens(5)
    text = screen.read()
    assert text.count("COMMAND") == 1
    assert re.search(r"\x1b\[[0-9;]*[HJ]", text)
    assert "\n" * 24 not in text.replace("\r", "")


def test_resized(terminal, steady):
    """It lives through every size, the impossible ones too, and fills the last one again."""
    screen = terminal(120, 40, "-p", steady.pid, 0.1)
    screen.await_screens(1)
    for columns, rows in ((20, 5), (200, 60), (2, 2), (1, 1), (80, 24)):
        screen.read()
        before = len(screen.output)
        screen.resize(columns, rows)
        os.killpg(screen.process.pid, signal.SIGWINCH)
        time.sleep(0.25)
        assert screen.process.poll() is None
    wait_until(lambda: screen.read() and b"COMMAND" in screen.output[before:], "the screen at its new size")
    screen.press(b"\x03")
    assert screen.wait() == 0


def test_no_colour(terminal, steady):
    for arguments, environment in ((["--no-color"], {}), ([], {"NO_COLOR": "1"})):
        screen = terminal(80, 24, "-p", steady.pid, 0.1, 3, *arguments, **environment)
        assert screen.wait() == 0
        assert not re.search(r"\x1b\[[0-9;]*3[0-7][0-9;]*m", screen.read())


def test_terminal_that_can_do_nothing(terminal, steady):
    screen = terminal(80, 24, "-p", steady.pid, 0.1, 3, TERM="dumb")
    assert screen.wait() == 0
    assert "COMMAND" in screen.read()
    screen = terminal(80, 24, "-p", steady.pid, 0.1, 3, TERM="no-such-terminal")
    assert screen.wait() in (0, 1)


def test_terminal_that_goes_away(terminal, steady):
    """Hung up: it ends, and soon."""
    screen = terminal(80, 24, "-p", steady.pid, 0.1)
    wait_until(lambda: "COMMAND" in screen.read(), "a screen")
    os.killpg(screen.process.pid, signal.SIGHUP)
    screen.wait(5)


@pytest.mark.parametrize("columns", [20, 80, 132])
def test_captured_screen(steady, tmux, columns):
    """No line is cut by the terminal, columns line up."""
    capture = tmux(columns, 24, f"{IPCTRACE} -p {steady.pid} 0.2")
    row_of = re.compile(rf"^\s*{steady.pid}\b.*", re.MULTILINE)
    # tmux may be asked while a screen is half drawn.
    whole = ["PID"] if columns < 80 else ["PID", "SENDERS -> RECEIVERS"]
    screen = wait_until(lambda: next((text for text in [capture()] if row_of.search(text) and
                                      all(part in text for part in whole)), ""), "a screen", 5)
    lines = screen.splitlines()
    assert all(width_of(line) <= columns for line in lines)
    header = next(line for line in lines if "PID" in line)
    row = row_of.search(screen).group()
    end = header.index("PID") + 3
    assert row[:end].strip() == str(steady.pid), (header, row)
    if columns >= 80:
        assert "COMMAND" in header and "steady" in row
        assert any("SENDERS -> RECEIVERS" in line for line in lines)


def test_plain_tables_when_not_a_terminal(stage, steady):
    ipctrace = stage.ipctrace("-p", steady.pid, 0.1, 3, json_output=False)
    assert ipctrace.wait() == 0
    text = ipctrace.stdout()
    assert not ESCAPE.search(text)
    assert text.count("COMMAND") == 4  # three intervals and the summary


def test_no_line_ends_in_blanks(stage, steady):
    ipctrace = stage.ipctrace("-p", steady.pid, 0.1, 2, json_output=False)
    assert ipctrace.wait() == 0
    for line in ipctrace.stdout().splitlines():
        assert line == line.rstrip(), "blanks at the end of a line"
