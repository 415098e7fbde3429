#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One run that prints what tracing costs: ipctrace, two empty programs (the floor), bpftrace, perf trace and
# strace on the same loads. Under 8 minutes; as root. Options: scripts/bench.sh --help
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH=${PATH:-/usr/bin}:/usr/sbin:/sbin LC_ALL=C.UTF-8
case " $* " in *" -h "* | *" --help "*) exec /usr/bin/python3 tests/bench/bench.py --help ;; esac
if [ "$(id -u)" != 0 ]; then
	echo "bench: needs root; try sudo $0" >&2
	exit 1
fi
scripts/dependencies.sh build bench || echo "going on with what is there" >&2
make -s -j"$(nproc)" all benches || exit 1
# perf and bpftrace need tracefs: mounted for this run alone where it is not.
exec unshare --mount /bin/bash -c '
	[ -d /sys/kernel/tracing/events ] || mount -t tracefs nodev /sys/kernel/tracing
	exec /usr/bin/python3 tests/bench/bench.py "$@"' bench "$@"
