# SPDX-License-Identifier: GPL-2.0
"""TCP and UDP between network namespaces of this host, and the same address in two of them."""
import shutil

import pytest

from harness import compare_health
from scripts import busy_channels, summary_and_truth

# The first process gets the address ending in 1, its child, in a namespace of its own, the one ending in 2.
TWO_NAMESPACES = """
import subprocess
CLONE_NEWNET = 0x40000000
v6 = sys.argv[1] == "v6"
prefix, bits = ("fd99:7::", "64 nodad") if v6 else ("10.99.7.", "24")
family = socket.AF_INET6 if v6 else socket.AF_INET
def ip(command):
    subprocess.run(["ip", *command.split()], check=True)
def set_up(number):
    ip(f"addr add {prefix}{number}/{bits} dev veth{number}")
    ip(f"link set veth{number} up")
    ip("link set lo up")
to_child, to_parent = os.pipe(), os.pipe()
def tell_child(): os.write(to_child[1], b"x")
def await_child(): assert os.read(to_parent[0], 1)
def tell_parent(): os.write(to_parent[1], b"x")
def await_parent(): assert os.read(to_child[0], 1)
assert libc.unshare(CLONE_NEWNET) == 0
child = os.fork()
os.close(to_child[0] if child else to_child[1]) # whoever waits for one that has failed does not wait for ever
os.close(to_parent[1] if child else to_parent[0])
if child:
    await_child()
    ip(f"link add veth1 type veth peer name veth2 netns {child}")
    set_up(1)
    tell_child()
    await_child()
else:
    assert libc.unshare(CLONE_NEWNET) == 0
    tell_parent()
    await_parent()
    set_up(2)
    tell_parent()
def end():
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
def bound(kind, address, port):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s
"""

needs_ip = pytest.mark.skipif(not shutil.which("ip"), reason="ip (iproute2) is missing")
families = pytest.mark.parametrize("family", ["v4", "v6"])


def ends_of(channel):
    return {e["pid"]: (e["sent_messages"], e["sent_bytes"], e["received_messages"], e["received_bytes"])
            for e in channel["endpoints"]}


def name_of(family, *ends):
    return " <-> ".join(f"[fd99:7::{n}]:{port}" if family == "v6" else f"10.99.7.{n}:{port}" for n, port in ends)


TCP = TWO_NAMESPACES + """
if child:
    await_child()
    s = bound(socket.SOCK_STREAM, prefix + "1", 4001)
    s.connect((prefix + "2", 4002))
    s.send(b"x" * 1009)
    assert len(s.recv(2003, socket.MSG_WAITALL)) == 2003
else:
    listener = bound(socket.SOCK_STREAM, prefix + "2", 4002)
    listener.listen()
    tell_parent()
    s, _ = listener.accept()
    assert len(s.recv(1009, socket.MSG_WAITALL)) == 1009
    s.send(b"y" * 2003)
end()
tell(pids=[os.getpid(), child])
"""


@needs_ip
@families
def test_tcp_has_both_ends(stage, family):
    summary, truth = summary_and_truth(stage, TCP, family)
    channel, = busy_channels(summary, "tcp")
    parent, child = truth["pids"]
    assert channel["name"] == name_of(family, (1, 4001), (2, 4002))
    assert ends_of(channel) == {parent: (1, 1009, 1, 2003), child: (1, 2003, 1, 1009)}
    compare_health(summary)


UDP = TWO_NAMESPACES + """
connected = sys.argv[2] == "connected"
mine, its = ("1", "2") if child else ("2", "1")
s = bound(socket.SOCK_DGRAM, prefix + mine, 4000 + int(mine))
if connected:
    s.connect((prefix + its, 4000 + int(its)))
(tell_child if child else tell_parent)()
(await_child if child else await_parent)()
for size in (7, 0, 11):
    if not child:
        assert len(s.recv(100)) == size
    elif connected:
        s.send(b"x" * size)
    else:
        s.sendto(b"x" * size, (prefix + "2", 4002))
end()
tell(pids=[os.getpid(), child])
"""


@needs_ip
@families
@pytest.mark.parametrize("how", ["connected", "open"])
def test_udp_has_both_ends(stage, family, how):
    summary, truth = summary_and_truth(stage, UDP, family, how)
    channel, = busy_channels(summary, "udp")
    parent, child = truth["pids"]
    if how == "connected":
        assert channel["name"] == name_of(family, (1, 4001), (2, 4002))
    else:
        assert channel["name"] == name_of(family, (2, 4002))
    assert ends_of(channel) == {parent: (3, 18, 0, 0), child: (0, 0, 3, 18)}


SAME_ADDRESS = TWO_NAMESPACES + """
loopback, kind = "::1" if v6 else "127.0.0.1", getattr(socket, sys.argv[2])
one, other = bound(kind, loopback, 4001), bound(kind, loopback, 4002)
if kind == socket.SOCK_STREAM:
    other.listen()
one.connect((loopback, 4002))
if kind == socket.SOCK_STREAM:
    other, _ = other.accept()
else:
    other.connect((loopback, 4001))
size = 101 if child else 211
one.send(b"x" * size)
assert len(other.recv(1000)) == size
end()
tell(pids=[os.getpid(), child])
"""


@needs_ip
@families
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_same_addresses_in_two_namespaces(stage, family, kind):
    """Two connections, not one."""
    summary, truth = summary_and_truth(stage, SAME_ADDRESS, family,
                                       {"tcp": "SOCK_STREAM", "udp": "SOCK_DGRAM"}[kind])
    channels = busy_channels(summary, kind)
    host = "[::1]" if family == "v6" else "127.0.0.1"
    assert [c["name"] for c in channels] == [f"{host}:4001 <-> {host}:4002"] * 2
    assert len({c["id"] for c in channels}) == 2
    ends = [ends_of(c) for c in channels]
    for pid, size in zip(truth["pids"], (101, 211)):
        assert {pid: (1, size, 1, size)} in ends
