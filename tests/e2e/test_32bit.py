# SPDX-License-Identifier: GPL-2.0
"""The same workloads as 32-bit programs: other numbers, other layouts, multiplexers (socketcall, ipc)."""
import pytest

from harness import BUILD, compare
from test_exact import EDGES, MECHANISMS, shapes


@pytest.fixture
def workload_32(stage):
    def start(name, *arguments):
        binary = BUILD / "workloads32" / name
        if not binary.exists():
            pytest.skip("no 32-bit workloads: the compiler cannot make them (gcc-multilib)")
        return stage.workload(name, *arguments, binary=binary)
    return start


def attach_and_compare(stage, workload):
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@pytest.mark.parametrize("mechanism", MECHANISMS + EDGES + [("restart",), ("splice_odd", "restart")], ids="-".join)
@shapes("1")
def test_one_thread(stage, workload_32, mechanism, shape):
    attach_and_compare(stage, workload_32(*mechanism, *shape))


@pytest.mark.parametrize("mechanism", [("pipe",), ("unix", "stream"), ("inet", "open4"), ("sysv_msg",),
                                       ("sysv_sem",), ("futex",), ("splice", "pipe")], ids="-".join)
@shapes("8-processes")
def test_in_the_middle(stage, workload_32, mechanism, shape):
    workload = workload_32(*mechanism, *shape, "--phases", 2)
    workload.work()
    attach_and_compare(stage, workload)


@pytest.mark.parametrize("mechanism", MECHANISMS, ids="-".join)
@shapes("32")
def test_32_threads(stage, workload_32, mechanism, shape):
    attach_and_compare(stage, workload_32(*mechanism, *shape))
