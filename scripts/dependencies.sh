#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs what is missing of the Debian packages that a task needs; says nothing and asks no network
# where everything is there.
#
#   scripts/dependencies.sh [build] [test] [vm] [analyze] [bench]      default: build
#
# Exit status 0: all there. 1: some are missing and could not be installed (named on stderr).
set -u
declare -A packages=(
	[build]="gcc make libc6-dev linux-libc-dev pkg-config clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev
		libncurses-dev libcap-dev uthash-dev"
	[test]="gcc-multilib libcmocka-dev python3 python3-pytest python3-pytest-rerunfailures redis-server redis-tools postgresql tmux strace procps util-linux libcap2-bin"
	[vm]="qemu-system-x86 busybox-static cpio python3 python3-pytest"
	[analyze]="clang clang-tidy cppcheck libc6-dev-arm64-cross"
	[bench]="python3 bpftrace strace linux-perf"
)

wanted=
for group in "${@:-build}"; do
	if [ -z "${packages[$group]:-}" ]; then
		echo "dependencies: no group $group; there are ${!packages[*]}" >&2
		exit 2
	fi
	wanted+=" ${packages[$group]}"
done

# A package counts as there too when another one provides it (pkgconf as pkg-config).
missing() {
	local package there
	there=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}, ${Provides}\n' 2>/dev/null |
		sed -n 's/^ii *//p' | tr -s ', ' '[\n*]' | sort -u)
	for package in $(tr -s ' \t\n' '\n' <<<"$wanted" | sort -u); do
		grep -qxF -- "$package" <<<"$there" || echo -n "$package "
	done
}

if ! command -v dpkg-query >/dev/null; then
	echo "dependencies: not a Debian system; needed are:$wanted" >&2
	exit 0
fi
absent=$(missing)
[ -n "$absent" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "dependencies: needs root to install $absent" >&2
	exit 1
fi
echo "installing: $absent"

# A server package must not start its service here: the usual way to say so, taken back at the end.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ] && printf '#!/bin/sh\nexit 101\n' 2>/dev/null >$policy; then
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
log=$(mktemp)
install() {
	# shellcheck disable=SC2086 # the packages are words
	DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq --no-install-recommends $absent >"$log" 2>&1 </dev/null
}
if ! install; then
	timeout 300 apt-get update -qq >>"$log" 2>&1 </dev/null
	install || tail -5 "$log" >&2
fi
rm -f "$log"
absent=$(missing)
[ -z "$absent" ] || { echo "dependencies: could not install $absent" >&2; exit 1; }
