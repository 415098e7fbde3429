# SPDX-License-Identifier: GPL-2.0
"""Measures what ipctrace and other tracers cost the processes that they trace, and those that they do not.

Started by scripts/bench.sh. Two subjects (tests/bench/subject.c) run all the time; a tracer is
attached to the first alone, each of the first's loads is run and times itself, then two loads of
the second, and the tracer is taken off again. That is a round; rounds of all tracers are
interleaved in changing order, and what is shown is the smallest figure of all rounds, since all
noise only adds.
"""
import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, "build")
ATTACH_SECONDS = 20
# The loads' processes have the last CPU, the tracers' own the others.
CPUS = sorted(os.sched_getaffinity(0))
SUBJECT_CPU, TRACER_CPUS = CPUS[-1], set(CPUS[:-1]) or set(CPUS)

# row, the subject's name for it, whether its process is traced, what is counted, calls an operation
ROWS = [
    ("pipe write+read 64 B, one thread", "pipe", True, "call", 2),
    ("pipe ping-pong, two processes", "pipe_pingpong", True, "call", 4),
    ("unix stream ping-pong, two processes", "unix_pingpong", True, "call", 4),
    ("pipe stream 64 KiB, two processes", "stream", True, "call", 2),
    ("mutex, 4 threads", "mutex", True, "lock", 1),
    ("not traced: getppid", "getppid", False, "call", 1),
    ("not traced: pipe write+read 64 B", "pipe", False, "call", 2),
]


class Subject:
    def __init__(self):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "bench/subject"), str(SUBJECT_CPU)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pids = self.process.stdout.readline().split()

    def measure(self, row, window_ms, windows):
        self.process.stdin.write(f"{row} {window_ms} {windows}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"bench: the subject has ended in {row}")
        return float(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait(5)


class Tracer:
    """One column: a command, how it tells that it is attached, and how it is ended."""

    def __init__(self, name, command, attached=None, pipe_end=False, slow=False, needs=None):
        self.name, self.command, self.attached = name, command, attached
        self.pipe_end, self.slow = pipe_end, slow
        self.needs = needs or command[0]
        self.missing = None if shutil.which(self.needs) else "not installed"

    def start(self, pids):
        words = {"P": pids[0], "C": pids[1]}
        self.process = subprocess.Popen(
            [re.sub(r"\{(\w)\}", lambda match: words[match.group(1)], word) for word in self.command],
            stdin=subprocess.PIPE if self.pipe_end else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            preexec_fn=lambda: os.sched_setaffinity(0, TRACER_CPUS))
        self.said, self.is_attached = [], threading.Event()
        self.reader = threading.Thread(target=self._listen)
        self.reader.start()
        if not self._wait():
            self.stop()
            raise RuntimeError(f"{self.name}: not attached: {' '.join(''.join(self.said[-3:]).split())[:200]}")
        time.sleep(0.05)

    def _listen(self):
        for line in self.process.stdout:
            if len(self.said) < 200:
                self.said.append(line)
            if self.attached and re.search(self.attached, line):
                self.is_attached.set()

    def _wait(self):
        """A tracer that says nothing (perf) is attached once its events are open and it sleeps."""
        deadline = time.monotonic() + ATTACH_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_attached.wait(0.02):
                return True
            if not self.attached and self._has_events():
                time.sleep(0.5)
                return self.process.poll() is None
        return False

    def _has_events(self):
        folder = f"/proc/{self.process.pid}/fd"
        try:
            return any("perf_event" in os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder))
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            if self.pipe_end:
                self.process.stdin.close()
            else:
                self.process.send_signal(2)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()
        time.sleep(0.05)


def tracers():
    empty = os.path.join(BUILD, "bench/empty")
    ipctrace = os.path.join(BUILD, "ipctrace")
    script = os.path.join(TREE, "tests/bench/equivalent.bt")
    return [
        Tracer("empty", [empty], "attached", pipe_end=True),
        Tracer("ipctrace", [ipctrace, "-p", "{P},{C}", "-q"], r"ipctrace: tracing"),
        Tracer("bpftrace", ["bpftrace", script, "{P}", "{C}"], "attached"),
        Tracer("perf trace -s", ["perf", "trace", "-s", "-p", "{P},{C}"], slow=True),
        # It attaches to the threads of {P} and to {C}, and says so for each.
        Tracer("strace -c -f", ["strace", "-c", "-f", "-p", "{P}", "-p", "{C}"], r"Process {C} attached", slow=True),
    ]


def measure_round(subjects, tracer, options):
    """Nanoseconds an operation for each row, with this tracer attached (None: with none)."""
    traced, other = subjects
    if tracer:
        if tracer.attached:
            tracer.attached = tracer.attached.replace("{C}", traced.pids[1])
        tracer.start(traced.pids)
    try:
        return [(traced if is_traced else other).measure(name, options.window, options.windows)
                for _, name, is_traced, _, _ in ROWS]
    finally:
        if tracer:
            tracer.stop()


def measure_all(options, columns):
    best = {}
    subjects = Subject(), Subject()
    notes = {column.name: column.missing for column in columns if column.missing}
    deadline = time.monotonic() + options.seconds
    done = 0
    for turn in range(options.rounds):
        order = [None] + columns
        order = order[turn % len(order):] + order[:turn % len(order)]
        for tracer in order:
            name = tracer.name if tracer else "untraced"
            if name in notes or (tracer and tracer.slow and turn >= options.slow_rounds):
                continue
            if time.monotonic() > deadline:
                break
            try:
                figures = measure_round(subjects, tracer, options)
            except RuntimeError as error:
                notes[name] = str(error)
                continue
            best[name] = [min(pair) for pair in zip(best.get(name, figures), figures)]
        else:
            done = turn + 1
            print(f"round {done} of {options.rounds}", file=sys.stderr)
            continue
        break
    for subject in subjects:
        subject.end()
    return best, notes, done


def per_unit(best, column, row):
    figures = best.get(column)
    return figures[row] / ROWS[row][4] if figures else None


def added(best, column, row):
    """What the tracer adds to one call (or lock) of a row, in nanoseconds."""
    figure, base = per_unit(best, column, row), per_unit(best, "untraced", row)
    return None if figure is None or base is None else figure - base


def times_floor(best, row):
    mine, floor = added(best, "ipctrace", row), added(best, "empty", row)
    return mine / floor if mine is not None and floor and floor > 0 else None


def cell(best, notes, column, row):
    extra, base = added(best, column, row), per_unit(best, "untraced", row)
    if extra is None:
        return "missing" if notes.get(column) == "not installed" else "failed"
    text = f"{extra:+,.0f} ({(base + extra) / base:,.2f}x)"
    # Where the floor is lost in the noise (a block of 64 KiB takes 20 us) a multiple of it says nothing.
    if column == "ipctrace" and times_floor(best, row) is not None and added(best, "empty", row) > 0.03 * base:
        text += f" = {times_floor(best, row):.1f} floors"
    return text


def table(best, notes, columns):
    yield ["ns added (x untraced)", "untraced, ns"] + [
        {"empty": "two empty programs"}.get(column.name, column.name) for column in columns]
    for index, (title, _, _, unit, _) in enumerate(ROWS):
        base = per_unit(best, "untraced", index)
        yield [f"{title}, a {unit}", f"{base:,.0f}" if base is not None else "-"] + [
            cell(best, notes, column.name, index) for column in columns]


def print_table(lines, markdown):
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    for number, line in enumerate(lines):
        cells = [text.ljust(width) if place == 0 else text.rjust(width)
                 for place, (text, width) in enumerate(zip(line, widths))]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells).rstrip())
        if markdown and number == 0:
            print("| " + " | ".join("-" * width if place == 0 else "-" * (width - 1) + ":"
                                    for place, width in enumerate(widths)) + " |")


LIMITS = [
    ("pipe write+read 64 B, traced", 0, 5.0),
    ("getppid, not traced", 5, 1.25),
    ("pipe write+read 64 B, not traced", 6, 1.6),
]


def check_limits(best):
    """Prints one line a limit; true when all hold. A limit that was not measured does not."""
    fine = True
    for title, row, limit in LIMITS:
        ratio = times_floor(best, row)
        holds = ratio is not None and ratio <= limit
        fine = fine and holds
        shown = "not measured" if ratio is None else f"{ratio:.2f} x what two empty programs add"
        print(f"limit {title}: {shown}, at most {limit:g}: {'pass' if holds else 'FAIL'}")
    return fine


def version_of(command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return None
    return (output.stdout or output.stderr).splitlines()[0].strip()


def machine():
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    return f"Linux {platform.release()}, {os.cpu_count()} CPUs ({model})"


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="bench.sh", description="What tracing costs, as a table.")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds (9)")
    parser.add_argument("--slow-rounds", type=int, default=3, help="of them with perf trace and strace (3)")
    parser.add_argument("--window", type=int, default=20, help="milliseconds of a timing (20)")
    parser.add_argument("--windows", type=int, default=10, help="timings a row and round (10)")
    parser.add_argument("--seconds", type=int, default=420, help="start no round's part later than this (420)")
    parser.add_argument("--only", metavar="LIST", help="columns: empty,ipctrace,bpftrace,perf,strace")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.add_argument("--json", metavar="FILE", help="the figures as JSON too")
    parser.add_argument("--check", action="store_true", help="exit status 1 when a limit does not hold")
    options = parser.parse_args(arguments)
    if min(options.rounds, options.slow_rounds, options.window, options.windows) < 1:
        parser.error("numbers start at 1")
    return options


def main():
    options = options_of(sys.argv[1:])
    columns = tracers()
    if options.only:
        wanted = options.only.split(",")
        columns = [column for column in columns if column.name.split()[0] in wanted]
    best, notes, done = measure_all(options, columns)
    for command in ("bpftrace", "perf", "strace"):
        if shutil.which(command) is None:
            notes.setdefault(command, "not installed")
    print(f"{datetime.date.today()}, {machine()}; smallest of {done} interleaved rounds"
          f" ({min(done, options.slow_rounds)} for perf and strace).")
    versions = [version_of(command) for command in (["bpftrace", "--version"], ["perf", "--version"], ["strace", "-V"])]
    print("; ".join(version for version in versions if version) + ".\n")
    print_table(table(best, notes, columns), options.markdown)
    print()
    for name, note in notes.items():
        print(f"{name}: {note}")
    fine = check_limits(best)
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"rounds": done, "rows": [row[0] for row in ROWS], "calls": [row[4] for row in ROWS],
                       "ns_an_operation": best, "notes": notes}, out, indent=1)
    return 0 if fine or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
