# SPDX-License-Identifier: GPL-2.0
"""
Talks to its children in all the ways of Python's library, and prints what went through each descriptor of its own,
as it handed it to the kernel: {"pid", "shared", "channels": [{"way", "kind", "id", "name", "sent", "received"}]}
"""
import http.client
import json
import multiprocessing
import multiprocessing.connection
import os
import socket
import subprocess
import xmlrpc.client
import xmlrpc.server
from multiprocessing import managers, shared_memory

totals = {}  # inode number: [sent, received]


def count(descriptor, direction, size):
    totals.setdefault(os.fstat(descriptor).st_ino, [0, 0])[direction] += size


def counting(direction, function):
    """A write or read of a Connection that counts what it has moved."""
    def move(descriptor, *arguments):
        done = function(descriptor, *arguments)
        count(descriptor, direction, done if direction == 0 else len(done))
        return done
    return move


Connection = multiprocessing.connection.Connection
Connection._send.__defaults__ = (counting(0, os.write),)
Connection._recv.__defaults__ = (counting(1, os.read),)


def id_of(descriptor):
    return os.fstat(descriptor).st_ino


channels = []


def told(way, kind, inode, name):
    sent, received = totals[inode]
    channels.append({"way": way, "kind": kind, "id": str(inode), "name": name, "sent": sent, "received": received})


def echo(connection):
    while (data := connection.recv_bytes()) != b"end":
        connection.send_bytes(data[::-1])


def use_pipe():
    mine, other = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(other,))
    child.start()
    other.close()
    for size in (1, 997, 100003):
        mine.send_bytes(b"x" * size)
        assert len(mine.recv_bytes()) == size
    mine.send_bytes(b"end")
    child.join()
    told("Pipe", "unix-stream", id_of(mine.fileno()), "")


def consume(queue):
    while queue.get() is not None:
        pass


def use_queue():
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=consume, args=(queue,))
    child.start()
    for number in range(101):
        queue.put("x" * number)
    queue.put(None)
    child.join()
    inode = id_of(queue._writer.fileno())
    queue.close()
    queue.join_thread()
    told("Queue", "pipe", inode, f"pipe:[{inode}]")


def use_manager():
    with managers.SyncManager() as manager:
        numbers = manager.dict()
        for number in range(53):
            numbers[number] = "x" * number
        assert len(numbers) == 53
        connection = numbers._tls.connection
        told("Manager", "unix-stream", id_of(connection.fileno()), manager.address)


def read_shared(name, connection):
    numbers = shared_memory.ShareableList(name=name)
    connection.send(sum(numbers))
    connection.recv()
    numbers.shm.close()


def use_shared_list():
    numbers = shared_memory.ShareableList(range(100))
    mine, other = multiprocessing.Pipe()
    child = multiprocessing.Process(target=read_shared, args=(numbers.shm.name, other))
    child.start()
    assert mine.recv() == sum(range(100))
    mine.send(None)
    child.join()
    name = numbers.shm.name
    numbers.shm.close()
    numbers.shm.unlink()
    return name


def use_subprocess():
    size = 30011  # less than a pipe holds
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    inodes = [id_of(child.stdin.fileno()), id_of(child.stdout.fileno())]
    out, _ = child.communicate(b"x" * size)
    totals[inodes[0]] = [size, 0]
    totals[inodes[1]] = [0, len(out)]
    told("subprocess stdin", "pipe", inodes[0], f"pipe:[{inodes[0]}]")
    told("subprocess stdout", "pipe", inodes[1], f"pipe:[{inodes[1]}]")


def use_socketpair():
    """Both ends are ours."""
    one, other = socket.socketpair()
    for size in (1, 4099):
        one.sendall(b"x" * size)
        assert len(other.recv(size, socket.MSG_WAITALL)) == size
    inode = min(id_of(one.fileno()), id_of(other.fileno()))
    totals[inode] = [4100, 4100]
    told("socketpair", "unix-stream", inode, "")


def serve(connection):
    server = xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
    server.register_function(lambda text: text[::-1], "turn")
    connection.send(server.server_address[1])
    server.handle_request()


class CountingSocket:
    """What http.client does with the socket of a connection."""

    def __init__(self, sock):
        self.sock = sock

    def sendall(self, data):
        self.sock.sendall(data)
        count(self.sock.fileno(), 0, len(data))

    def makefile(self, mode):
        return CountingReader(self.sock.makefile(mode, buffering=0))

    def __getattr__(self, name):
        return getattr(self.sock, name)


class CountingReader:
    def __new__(cls, raw):
        inner = raw.readinto

        class Raw(type(raw)):
            def readinto(self, buffer):
                size = inner(buffer)
                count(raw.fileno(), 1, size or 0)
                return size

        import io
        reader = Raw(raw._sock, "rb")
        return io.BufferedReader(reader)


class Transport(xmlrpc.client.Transport):
    def make_connection(self, host):
        connection = super().make_connection(host)
        connect = connection.connect

        def counting_connect():
            connect()
            self.inode = id_of(connection.sock.fileno())
            self.port = connection.sock.getsockname()[1]
            connection.sock = CountingSocket(connection.sock)

        connection.connect = counting_connect
        return connection


def use_xml_rpc():
    mine, other = multiprocessing.Pipe()
    child = multiprocessing.Process(target=serve, args=(other,))
    child.start()
    transport = Transport()
    with xmlrpc.client.ServerProxy(f"http://127.0.0.1:{mine.recv()}", transport=transport) as proxy:
        assert proxy.turn("x" * 5003 + "y") == "y" + "x" * 5003
    child.join()
    told("XML-RPC", "tcp", transport.inode, f"127.0.0.1:{transport.port}")


def main():
    use_pipe()
    use_queue()
    use_manager()
    shared = use_shared_list()
    use_subprocess()
    use_socketpair()
    use_xml_rpc()
    print(json.dumps({"pid": os.getpid(), "shared": shared, "channels": channels}))


if __name__ == "__main__":
    main()
