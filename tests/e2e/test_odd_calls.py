# SPDX-License-Identifier: GPL-2.0
"""Calls that are no message, calls that are not followed, and figures that are exact or unknown."""
import errno

import pytest

from scripts import busy_channels, figures_of, summary_and_truth, total, trace_script

QUEUE_READ = """
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
name = b"late-%d" % os.getpid()
librt = ctypes.CDLL("librt.so.1", use_errno=True)
queue = librt.mq_open(b"/" + name, os.O_CREAT | os.O_RDWR, 0o600, None)
assert queue >= 0
descriptor, mounted = queue, True
if sys.argv[1] == "file":
    mounted = not (libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) or
                   libc.mount(b"mqueue", sys.argv[2].encode(), b"mqueue", 0, None))
    if mounted:
        descriptor = os.open(sys.argv[2].encode() + b"/" + name, os.O_RDONLY)
buffer = ctypes.create_string_buffer(8192)
librt.mq_send(queue, b"hello", 5, 0)
status = [os.read(descriptor, 200).decode() for _ in range(2)]
assert librt.mq_receive(queue, buffer, 8192, None) == 5
librt.mq_unlink(b"/" + name)
tell(mounted=mounted, status=status)
"""


@pytest.mark.parametrize("descriptor", ["queue", "file"])
def test_status_text_of_a_queue_is_no_message(stage, descriptor):
    """read() on a queue tells its state (QSIZE:...) and takes no message out of it."""
    directory = stage.directory / "mqueue"
    directory.mkdir()
    summary, truth = summary_and_truth(stage, QUEUE_READ, descriptor, directory)
    if not truth["mounted"]:
        pytest.skip("mqueue file systems cannot be mounted here")
    assert truth["status"][0].startswith("QSIZE:5 ")
    channels = busy_channels(summary, "mqueue")
    assert len(channels) == 1, channels
    assert figures_of(channels) == [1, 5, 1, 5], channels
    assert total(channels, "calls") == 2, channels


TRYLOCK_PI = """
SYS_FUTEX, FUTEX_TRYLOCK_PI = {"x86_64": 202, "aarch64": 98}[os.uname().machine], 8
def trylock(word):
    result = libc.syscall(SYS_FUTEX, ctypes.byref(word), FUTEX_TRYLOCK_PI, 0, None, None, 0)
    return ctypes.get_errno() if result < 0 else 0
end = threading.Event()
other = threading.Thread(target=end.wait)
other.start()
words = [ctypes.c_uint32(other.native_id), ctypes.c_uint32(threading.get_native_id())]
results = [[trylock(word) for _ in range(count)] for word, count in zip(words, (5, 3))]
end.set()
other.join()
tell(results=results, addresses=[ctypes.addressof(word) for word in words])
"""


def test_trylock_of_a_held_pi_mutex(stage):
    """Held by another thread: EAGAIN; by the caller: EDEADLK. Neither is a wait."""
    summary, truth = summary_and_truth(stage, TRYLOCK_PI)
    assert truth["results"] == [[errno.EAGAIN] * 5, [errno.EDEADLK] * 3]
    for address, expected in zip(truth["addresses"], ((5, 0), (0, 3))):
        found = [lock for lock in summary["locks"] if int(lock["address"], 16) == address]
        assert len(found) == 1, (hex(address), summary["locks"])
        lock = found[0]
        assert (lock["would_block"], lock["errors"]) == expected, lock
        assert (lock["waits"], lock["wait_ns"], lock["timeouts"]) == (0, 0, 0), lock


SPLICE_THAT_WAITS_TWICE = """
import fcntl
first, second = os.pipe(), os.pipe()
page = fcntl.fcntl(second[1], fcntl.F_SETPIPE_SZ, 4096)
os.write(second[1], b"x" * page)
moved = []
mover = threading.Thread(target=lambda: moved.append(os.splice(first[0], second[1], 101)))
mover.start()
time.sleep(0.2)
os.write(first[1], b"y" * 41)
time.sleep(0.4)
os.read(second[0], page)
mover.join()
tell(moved=moved, room=page)
"""


def test_sleep_of_a_splice_belongs_to_the_end_that_it_waits_for(stage):
    """First for something to read, then for room: both in one call, and neither time counts twice."""
    summary, truth = summary_and_truth(stage, SPLICE_THAT_WAITS_TWICE)
    assert truth["moved"] == [41]
    pipes = sorted(busy_channels(summary, "pipe"), key=lambda c: total([c], "sent_bytes"))
    assert figures_of(pipes[:1]) == [1, 41, 1, 41], pipes
    assert figures_of(pipes[1:]) == [2, truth["room"] + 41, 1, truth["room"]], pipes
    for pipe, direction, seconds in zip(pipes, ("received", "sent"), (0.2, 0.4)):
        endpoint, = pipe["endpoints"]
        assert abs(endpoint[direction]["blocked_ns"] / 1e9 - seconds) < 0.05, endpoint
        assert endpoint["blocked_ns"] == endpoint[direction]["blocked_ns"], endpoint
    waits = {w["on"]: w for w in summary["waits"] if w["on"] in [p["id"] for p in pipes]}
    assert {w["count"] for w in waits.values()} == {1} and len(waits) == 2, waits


TWO_SIZES = """
reader, writer = os.pipe()
for size in (1664, 65536, 1664, 65536, 1664):
    os.write(writer, b"x" * size)
    assert len(os.read(reader, 1 << 17)) == size
tell(done=True)
"""


def test_smallest_and_largest_size_are_exact(stage):
    """Percentiles come from the buckets of a histogram; the extremes do not."""
    summary, _ = summary_and_truth(stage, TWO_SIZES)
    channel, = busy_channels(summary, "pipe")
    endpoint, = channel["endpoints"]
    for direction in ("sent", "received"):
        figures = endpoint[direction]
        assert (figures["calls"], figures["messages"], figures["bytes"]) == (5, 5, 136064), figures
        assert (figures["would_block"], figures["errors"]) == (0, 0), figures
        sizes = figures["sizes"]
        assert (sizes["count"], sizes["min_bytes"], sizes["max_bytes"]) == (5, 1664, 65536), sizes


def test_only_what_is_not_measured_is_unknown(stage):
    """A figure of health that is measured is a number, and 0 in a clean run; the others are null."""
    workload = stage.workload("pipe")
    ipctrace = stage.attach(workload)
    workload.work()
    health = ipctrace.finish()["health"]
    assert {key for key, value in health.items() if value is None} == \
        {"bpf_cpu_ns"}, health
    assert not any(value for key, value in health.items() if key != "user_cpu_ns"), health
