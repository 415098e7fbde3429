# SPDX-License-Identifier: GPL-2.0
"""pytest plugin of the guest: one line a test on the second serial port, as soon as it is known.

Tests marked `host` need what the guest has not (exact timing, a redis server, a terminal
multiplexer); they are deselected here, since they run on the machine itself.
"""
import os

import pytest

_out = open(os.environ["VM_RESULTS"], "w", buffering=1)
_reported = set()


def _report(name, status, reason=""):
    _out.write("\t".join((name, status, " ".join(reason.split())[:200])) + "\n")


def _name(nodeid):
    return nodeid.rpartition("/")[2].replace(".py::", "::").replace("\t", " ")


def pytest_configure(config):
    config.addinivalue_line("markers", "host: needs the machine itself, not run in a virtual machine")


def pytest_collection_modifyitems(config, items):
    dropped = [item for item in items if item.get_closest_marker("host")]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if not item.get_closest_marker("host")]


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
    if exitstatus not in (0, 1, 5):
        _report("pytest", "FAIL", f"exit status {int(exitstatus)}")
