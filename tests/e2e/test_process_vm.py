# SPDX-License-Identifier: GPL-2.0
"""process_vm_readv and process_vm_writev: whose memory. (That the figures are exact: test_exact.)"""
from harness import compare, edges_of, find_channel


def test_the_owner_of_the_memory_is_at_the_other_end(stage):
    workload = stage.workload("process_vm", "--threads", 3)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    compare(summary, truth, workload.pids)
    expected, = [c for c in truth["channels"] if c["id"] != f"process-vm:[{workload.pid}]"]
    mine, = expected["endpoints"]
    channel = find_channel(summary, expected)
    owner, = [e for e in channel["endpoints"] if e["pid"] != workload.pid]
    assert channel["id"] == f"process-vm:[{owner['pid']}]"
    assert channel["name"] == f"process_vm({owner['pid']})"
    assert (owner["comm"], owner["role"], owner["sent_bytes"]) == ("process_vm", "both", None)
    given, gave = edges_of(summary, channel)
    sent, received = ([mine[d]["bytes"], mine[d]["messages"]] for d in ("sent", "received"))
    assert given == {owner["pid"]: sent, workload.pid: received}
    assert gave == {workload.pid: sent, owner["pid"]: received}


def test_a_process_works_on_itself(stage):
    workload = stage.workload("process_vm")
    ipctrace = stage.attach(workload)
    truth = workload.work()
    summary = ipctrace.finish()
    own, = [c for c in truth["channels"] if c["id"] == f"process-vm:[{workload.pid}]"]
    mine, = own["endpoints"]
    given, gave = edges_of(summary, own)
    both = [mine["sent"][k] + mine["received"][k] for k in ("bytes", "messages")]
    assert given == gave == {workload.pid: both}


def test_32_threads(stage):
    workload = stage.workload("process_vm", "--threads", 32)
    ipctrace = stage.attach(workload)
    truth = workload.work()
    compare(ipctrace.finish(), truth, workload.pids)
