# SPDX-License-Identifier: GPL-2.0
"""Workloads that are a few lines of Python: a test has them beside it; they print what they did as JSON."""
import json
import sys

from harness import endpoint_figures, summary_of, wait_until

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


def trace_script(stage, text, *arguments, json_output=True, options=()):
    """Runs TEXT as the traced command; returns ipctrace's data and what the script told."""
    data = stage.directory / "data"
    ipctrace = stage.ipctrace(*options, "-o", data, "--", sys.executable, script_of(stage, text), *arguments,
                              attached=False, json_output=json_output)
    assert ipctrace.wait() == 0, ipctrace.stderr()
    told = [json.loads(line) for line in ipctrace.lines()]
    assert len(told) == 1, ipctrace.stdout()
    return data.read_text(), told[0]


def summary_and_truth(stage, text, *arguments, options=()):
    data, truth = trace_script(stage, text, *arguments, options=options)
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


def figures_of(channels):
    keys = ("sent_messages", "sent_bytes", "received_messages", "received_bytes")
    return [total(channels, key) for key in keys]
