# SPDX-License-Identifier: GPL-2.0
"""System V message queues: sleeps and what ends them, names, capacities, IPC namespaces."""
import time

import pytest

from harness import BUILD, compare, compare_health, endpoint_figures
from scripts import busy_channels, figures_of, start_script, summary_and_truth, total


def binary_of(size):
    binary = BUILD / ("workloads32" if size == 32 else "workloads") / "sysv_msg_sleep"
    if not binary.exists():
        pytest.skip("no 32-bit workloads: the compiler cannot make them (gcc-multilib)")
    return binary


bits = pytest.mark.parametrize("bits", [64, 32])


@bits
def test_what_ends_a_sleep(stage, bits):
    """Handlers, stops, removal; the first phase is the past of which the tracer knows nothing."""
    workload = stage.workload("sysv_msg_sleep", "--phases", 2, binary=binary_of(bits))
    workload.work()
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)


@bits
def test_asleep_at_the_attach(stage, bits):
    workload = stage.workload("sysv_msg_sleep", "straddle", binary=binary_of(bits))
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    channel, = busy_channels(summary, "sysv-msg")
    assert (channel["id"], channel["name"]) == (truth["channels"][0]["id"], truth["channels"][0]["name"])
    assert figures_of([channel]) == [1, 47, 1, 47]
    endpoint, = channel["endpoints"]
    assert (endpoint["calls"], endpoint["errors"]) == (2, 0)
    assert endpoint["blocked_ns"] < 10**9
    assert summary["health"]["straddling_calls"] >= 1
    compare_health(summary)


QUEUES = """
CLONE_NEWIPC, IPC_CREAT, IPC_RMID, IPC_SET, IPC_STAT = 0x8000000, 0o1000, 0, 1, 2
class Message(ctypes.Structure):
    _fields_ = [("type", ctypes.c_long), ("text", ctypes.c_char * 64)]
libc.msgrcv.restype = ctypes.c_ssize_t
libc.msgrcv.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long, ctypes.c_int]
libc.msgsnd.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
def own_namespace():
    assert libc.unshare(CLONE_NEWIPC) == 0
    return os.stat("/proc/self/ns/ipc").st_ino
def new_queue(key):
    queue = libc.msgget(key, IPC_CREAT | 0o600)
    assert queue >= 0
    return queue
def limits():
    return int(open("/proc/sys/kernel/msgmnb").read())
def send(queue, size):
    assert libc.msgsnd(queue, ctypes.byref(Message(1)), size, 0) == 0
def receive(queue):
    return libc.msgrcv(queue, ctypes.byref(Message()), 64, 0, 0)
"""

MANY = QUEUES + """
namespace, keys = own_namespace(), [0x7b, 0, 0x7fffffff, -2] + [0] * 296
queues = [new_queue(key) for key in keys]
for number, queue in enumerate(queues):
    send(queue, number % 61)
for queue in queues[:150]:
    libc.msgctl(queue, IPC_RMID, None)
again = [new_queue(0) for _ in range(150)]
for queue in again:
    send(queue, 61)
tell(namespace=namespace, queues=list(zip(queues, keys)), again=again, bytes=limits())
"""


def test_many_queues_by_key_and_id(stage):
    """More than one level of the kernel's tree; places are used again, numbers are not."""
    summary, truth = summary_and_truth(stage, MANY)
    seen = {c["id"]: (c["name"], c["capacity_bytes"], figures_of([c])[:2])
            for c in busy_channels(summary, "sysv-msg")}
    expected = {}
    for number, (queue, key) in enumerate(truth["queues"]):
        name = f"key {key & 0xffffffff:#x} id {queue}" if key else f"id {queue}"
        expected[f"sysv-msg:[{truth['namespace']}:{queue}]"] = (name, truth["bytes"], [1, number % 61])
    for queue in truth["again"]:
        expected[f"sysv-msg:[{truth['namespace']}:{queue}]"] = (f"id {queue}", truth["bytes"], [1, 61])
    assert len(expected) == 450
    assert seen == expected
    compare_health(summary)


TWO_NAMESPACES = QUEUES + """
truth = []
for size in (17, 19):
    namespace, queue = own_namespace(), new_queue(0x51)
    send(queue, size)
    truth.append([namespace, queue, size])
    last = queue
tell(truth=truth)
"""


def test_same_number_in_two_namespaces(stage):
    summary, truth = summary_and_truth(stage, TWO_NAMESPACES)
    first, second = truth["truth"]
    assert first[0] != second[0] and first[1] == second[1]
    seen = {c["id"]: (c["name"], figures_of([c])) for c in busy_channels(summary, "sysv-msg")}
    assert seen == {f"sysv-msg:[{namespace}:{queue}]": (f"key 0x51 id {queue}", [1, size, 0, 0])
                    for namespace, queue, size in truth["truth"]}


CAPACITY = QUEUES + """
class Status(ctypes.Structure): # struct msqid_ds, 64 bits
    _fields_ = [("permissions", ctypes.c_char * 48), ("times", ctypes.c_long * 3), ("bytes", ctypes.c_ulong),
                ("messages", ctypes.c_ulong), ("limit", ctypes.c_ulong), ("rest", ctypes.c_char * 64)]
own_namespace()
queue, status = new_queue(0), Status()
assert libc.msgctl(queue, IPC_STAT, ctypes.byref(status)) == 0
default, status.limit = status.limit, 7919
assert libc.msgctl(queue, IPC_SET, ctypes.byref(status)) == 0
send(queue, 11)
assert receive(queue) == 11
tell(default=default)
"""


def test_capacity_is_the_queues_own(stage):
    summary, truth = summary_and_truth(stage, CAPACITY)
    channel, = busy_channels(summary, "sysv-msg")
    assert truth["default"] != 7919
    assert channel["capacity_bytes"] == 7919
    assert figures_of([channel]) == [1, 11, 1, 11]


ASLEEP = QUEUES + """
namespace, queue = own_namespace(), new_queue(0x29)
tell(namespace=namespace, queue=queue)
await_file(sys.argv[1])
receive(queue)
"""


def test_who_sleeps_at_a_queue_is_shown(stage):
    """Before any of its calls has ended: it is the one that people look for."""
    go = stage.directory / "go"
    program, truth = start_script(stage, ASLEEP, go)
    ipctrace = stage.ipctrace("-p", program.pid)
    go.touch()
    time.sleep(0.3)
    summary = ipctrace.finish()
    channel, = [c for c in summary["channels"] if c["kind"] == "sysv-msg"]
    assert channel["name"] == f"key 0x29 id {truth['queue']}"
    endpoint, = channel["endpoints"]
    assert (endpoint["pid"], endpoint["role"]) == (program.pid, "reader")
    assert not any(endpoint_figures(endpoint))


def test_a_peer_in_another_process(stage):
    """Both ends are traced: who writes and who reads."""
    workload = stage.workload("sysv_msg", "--processes")
    ipctrace = stage.attach(workload)
    workload.work()
    channel, = busy_channels(ipctrace.finish(), "sysv-msg")
    roles = {e["pid"]: e["role"] for e in channel["endpoints"]}
    assert roles == {workload.pid: "writer", workload.child: "reader"}


@pytest.mark.parametrize("kind,calls", [("sysv-msg", 2), ("pipe", 0)])
def test_only_what_is_asked_for(stage, kind, calls):
    script = QUEUES + "own_namespace(); queue = new_queue(0); send(queue, 3); receive(queue); tell(done=True)"
    summary, _ = summary_and_truth(stage, script, options=("-k", kind))
    assert total(busy_channels(summary, "sysv-msg"), "calls") == calls
