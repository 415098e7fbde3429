# SPDX-License-Identifier: GPL-2.0
"""pytest plugin of the guest: chooses the tests (see `selection` beside this file) and says the
result of each on the second serial port, as soon as it is known.

Counts are compared as on the machine. Under emulation a wake-up takes as long as it likes: of times it is only
asked that long sleeps are seen for at least half of their length, and at most one and a half.
"""
import os
import pathlib
import re
import sys

import pytest

_out = open(os.environ["VM_RESULTS"], "w", buffering=1)
_reported = set()


def _report(name, status, reason=""):
    _out.write("\t".join((name, status, " ".join(reason.split())[:200])) + "\n")


def _name(nodeid):
    return nodeid.rpartition("/")[2].replace(".py::", "::")


def _patterns():
    lines = pathlib.Path(__file__).with_name("selection").read_text().splitlines()
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


def pytest_collection_modifyitems(config, items):
    # The harness is imported by now; its tolerances are looked up at each comparison.
    sys.modules["harness"].BLOCKED_NS_PER_CALL = 60_000_000_000
    sys.modules["harness"].BLOCKED_SHARE = 0.5
    if os.environ.get("VM_CHOSEN"):
        return
    patterns = _patterns()
    keep = [item for item in items if any(pattern.search(_name(item.nodeid)) for pattern in patterns)]
    config.hook.pytest_deselected(items=[item for item in items if item not in keep])
    items[:] = keep


def pytest_runtest_logreport(report):
    if report.nodeid in _reported or (report.passed and report.when != "call"):
        return
    _reported.add(report.nodeid)
    if report.passed:
        _report(_name(report.nodeid), "ok")
    elif report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _report(_name(report.nodeid), "skip", reason.removeprefix("Skipped: "))
    else:
        crash = getattr(report.longrepr, "reprcrash", None)
        _report(_name(report.nodeid), "FAIL", crash.message if crash else str(report.longrepr))


def pytest_collectreport(report):
    if report.failed:
        _report("collect " + report.nodeid, "FAIL", str(report.longrepr))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if exitstatus not in (0, 1):
        _report("pytest", "FAIL", f"exit status {int(exitstatus)}")
