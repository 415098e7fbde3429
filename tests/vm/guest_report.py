# SPDX-License-Identifier: GPL-2.0
"""pytest plugin of the guest: says the result of each test on the second serial port, as soon as it is known.

Counts are compared as on the machine. Under emulation a wake-up takes as long as it likes: of times it is only
asked that long sleeps are seen for at least half of their length, and at most one and a half.
"""
import os
import sys

import pytest

_out = open(os.environ["VM_RESULTS"], "w", buffering=1)
_reported = set()


def _report(name, status, reason=""):
    _out.write("\t".join((name, status, " ".join(reason.split())[:200])) + "\n")


def _name(nodeid):
    return nodeid.rpartition("/")[2].replace(".py::", "::")


def pytest_collection_modifyitems():
    # The harness is imported by now; its tolerances are looked up at each comparison.
    sys.modules["harness"].BLOCKED_NS_PER_CALL = 60_000_000_000
    sys.modules["harness"].BLOCKED_SHARE = 0.5


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
