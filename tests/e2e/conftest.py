# SPDX-License-Identifier: GPL-2.0
"""Fixtures: a built ipctrace, and programs that are gone when their test has ended."""
import functools
import os
import pathlib
import re
import shutil
import subprocess

import pytest

pytest.register_assert_rewrite("harness")

import harness  # noqa: E402


def selected(items, file):
    """Those whose FILE::TEST[CASE] one of the regular expressions in the file finds."""
    lines = pathlib.Path(file).read_text(encoding="utf-8").splitlines()
    patterns = [re.compile(line) for line in lines if line and not line.startswith("#")]
    names = {item: item.nodeid.rpartition("/")[2].replace(".py::", "::") for item in items}
    return [item for item in items if any(pattern.search(names[item]) for pattern in patterns)]


def times_last(test):
    """The test, which fails for different times only when nothing else is wrong."""
    @functools.wraps(test)
    def run(**fixtures):
        harness.different_times.clear()
        test(**fixtures)
        if harness.different_times:
            raise harness.TimesDiffer(harness.different_times[0])
    return run


def pytest_collection_modifyitems(config, items):
    for item in items:
        item.obj = times_last(item.obj)
    if "IPCTRACE_SELECTION" in os.environ:
        keep = selected(items, os.environ["IPCTRACE_SELECTION"])
        config.hook.pytest_deselected(items=[item for item in items if item not in keep])
        items[:] = keep
    if os.geteuid() == 0:
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason="needs root: BPF programs are loaded"))


@pytest.fixture(scope="session", autouse=True)
def built():
    if os.geteuid() == 0 and "IPCTRACE_BUILD" not in os.environ:
        subprocess.run(["make", "-s", "-C", str(harness.ROOT), "all", "workloads"], check=True)


class Stage:
    """Starts programs in directories of their own below the test's temporary one."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.programs = []

    def _keep(self, kind, *arguments, **options):
        directory = self.directory / str(len(self.programs))
        program = kind.__new__(kind)
        self.programs.append(program)
        program.__init__(directory, *arguments, **options)
        return program

    def workload(self, name, *arguments, **options):
        return self._keep(harness.Workload, name, *arguments, **options)

    def ipctrace(self, *arguments, **options):
        return self._keep(harness.Ipctrace, *arguments, **options)

    def program(self, *arguments, **options):
        return self._keep(harness.Program, arguments, **options)

    def attach(self, workload, *arguments):
        return self.ipctrace("-p", ",".join(map(str, workload.pids)), *arguments)

    def close(self):
        for program in reversed(self.programs):
            if hasattr(program, "process"):
                program.stop()


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def public_copy(tmp_path_factory):
    """The program where another user may execute it."""
    directory = tmp_path_factory.mktemp("public")
    for parent in [directory, *directory.parents]:
        if parent.stat().st_uid == os.getuid() and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    return shutil.copy(harness.IPCTRACE, directory)
