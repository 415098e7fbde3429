#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# From a fresh clone to ipctrace at work: installs what is missing, builds, traces a pipeline from its first
# instruction, then attaches to a running Python program whose threads share a lock and a socket.
set -u
if [ "$(id -u)" != 0 ]; then
	echo "quickstart: needs root to trace and to install packages; try sudo $0" >&2
	exit 1
fi
cd "$(dirname "$0")/.." || exit 1
export PATH=${PATH:-/usr/bin}:/usr/sbin:/sbin

# show COMMAND: as one types it, then what it does.
show() {
	printf '\n$ sudo %s\n' "$1"
	bash -c "$1"
}

echo "== packages and build"
scripts/dependencies.sh build || exit 1
make -s -j"$(nproc)" || exit 1

echo
echo "== what this machine allows"
show 'build/ipctrace check' || exit 1

echo
echo "== a pipeline, traced from its first instruction: who wrote how much to whom, who slept"
show "build/ipctrace 10 -- sh -c 'head -c 20000000 /dev/urandom | gzip -1 | wc -c'" || exit 1

echo
echo "== a running program: four threads, one lock, one socket"
python=$(command -v /usr/bin/python3 || command -v python3)
if [ -z "$python" ]; then
	echo "(no python3 here: left out)"
else
	"$python" -c '
import socket, threading, time
here, there = socket.socketpair()
lock = threading.Lock()
def echo():
    while data := there.recv(4096):
        there.sendall(data)
def work():
    while True:
        with lock:
            here.sendall(b"x" * 200)
            here.recv(4096)
            time.sleep(0.0005)
threading.Thread(target=echo, daemon=True).start()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(30)
' >/dev/null &
	program=$!
	trap 'kill $program 2>/dev/null' EXIT
	sleep 0.5
	show "build/ipctrace -p $program -v processes,channels,locks,hist -n 2 -d 2 10" || exit 1
	kill $program
	wait $program 2>/dev/null
fi

cat <<'END'

== next
  sudo build/ipctrace -p PID                live tables of a process, Ctrl-C for the sum
  sudo build/ipctrace -p PID -f             its children too
  sudo build/ipctrace -c redis-server       every process of that name
  sudo build/ipctrace --json -o FILE -- COMMAND
                                            figures for a script, the command's output left alone
  build/ipctrace --help                     everything else
  sudo scripts/test.sh                      every test
  sudo scripts/bench.sh                     what tracing costs here
END
