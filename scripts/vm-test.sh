#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Boots other kernels in qemu (software emulation) and runs the end-to-end tests there, the same with
# the same expectations as on the machine. What each kernel is and what is expected of it: tests/vm/kernels.
#
#   scripts/vm-test.sh [KERNEL...] [-- PYTEST-ARGUMENT...]      no KERNEL: all of the table
#   scripts/vm-test.sh 6.1 -- -k pipe                           one kernel, one test
#
# Prints a line "vm KERNEL TEST ok|FAIL|skip reason" for each test, then the kernel x test table, then
# "N passed, N failed, N skipped". A kernel that cannot be had or booted for want of qemu or network is
# skipped by name. Exit status 1 when a test failed. Settings: IPCTRACE_VM_CACHE (kernels),
# IPCTRACE_VM_SECONDS (at most, a kernel), IPCTRACE_VM_LOGS (keep consoles and results there).
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
vm=$here/tests/vm
cache=${IPCTRACE_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ipctrace-vm}
seconds=${IPCTRACE_VM_SECONDS:-1800}

kernels=()
pytest_arguments=()
while [ $# -gt 0 ]; do
	case $1 in
	--) shift; pytest_arguments=("$@"); break ;;
	-h | --help) sed -n '3,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) kernels+=("$1") ;;
	esac
	shift
done
known=$(awk '!/^#/ && NF { print $1 }' "$vm/kernels")
[ ${#kernels[@]} -gt 0 ] || mapfile -t kernels <<<"$known"
for kernel in "${kernels[@]}"; do
	if ! grep -qxF -- "$kernel" <<<"$known"; then
		echo "vm-test: no kernel $kernel; there are: ${known//$'\n'/ }" >&2
		exit 2
	fi
done
column() {
	awk -v name="$1" -v field="$2" '!/^#/ && $1 == name { print $field }' "$vm/kernels"
}

if [ -n "${IPCTRACE_VM_LOGS:-}" ]; then
	logs=$IPCTRACE_VM_LOGS
	mkdir -p "$logs"
	for kernel in "${kernels[@]}"; do rm -f "$logs/$kernel".*; done
else
	logs=$(mktemp -d)
fi
work=$(mktemp -d)
running=()
cleanup() {
	[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null
	rm -rf "$work"
	[ -n "${IPCTRACE_VM_LOGS:-}" ] || rm -rf "$logs"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# skipped KERNEL REASON
skipped() {
	printf 'kernel\tskip\t%s\n' "$2" >"$logs/$1.results"
}

# boot KERNEL: leaves its results, one a line, and the console's output in $logs.
boot() {
	local kernel=$1 results=$logs/$1.results console=$logs/$1.console initrd=$work/$1.cpio status
	cat "$work/initramfs.cpio" "$cache/$(column "$kernel" 2)/modules.cpio" >"$initrd" 2>/dev/null
	timeout --kill-after=5 "$seconds" qemu-system-x86_64 -M q35 -cpu max -m 1536 -smp 2 \
		-accel tcg,thread=single -display none -no-reboot -nodefaults \
		-chardev "file,id=console,path=$console" -serial chardev:console \
		-chardev "file,id=results,path=$results.raw" -serial chardev:results \
		-kernel "$cache/$(column "$kernel" 2)/vmlinuz" -initrd "$initrd" \
		-append "console=ttyS0 quiet panic=-1 vm_expect=$(column "$kernel" 3)" \
		</dev/null >"$logs/$kernel.qemu" 2>&1 &
	# shellcheck disable=SC2064 # this very process
	trap "kill $!" TERM
	wait $!
	status=$?
	tr -d '\r' <"$results.raw" 2>/dev/null | grep -av $'^end\t' >"$results"
	if ! grep -aq $'^end\t' "$results.raw" 2>/dev/null; then
		case $status in
		124 | 137) printf 'kernel\tFAIL\tnot finished within %s s\n' "$seconds" ;;
		*) printf 'kernel\tFAIL\tthe guest stopped before the tests ended (qemu: %s)\n' "$status" ;;
		esac >>"$results"
	fi
	rm -f "$results.raw"
}

reason=
for tool in qemu-system-x86_64 busybox cpio; do
	command -v $tool >/dev/null || reason="$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || reason="the matrix boots x86-64 kernels, this machine is $(uname -m)"
if [ -z "$reason" ] && { [ ! -x "$here/build/ipctrace" ] || [ ! -d "$here/build/workloads" ]; }; then
	echo "vm-test: build/ipctrace or build/workloads is missing; run make all workloads first" >&2
	exit 1
fi
if [ -z "$reason" ] && ! "$vm/build-initramfs.sh" "$work/initramfs.cpio" "${pytest_arguments[@]}" >"$logs/initramfs.log" 2>&1; then
	echo "vm-test: the initramfs cannot be made: $(tail -1 "$logs/initramfs.log")" >&2
	exit 1
fi

# As many guests at once as there are processors: each keeps one busy.
started=$(date +%s)
for kernel in "${kernels[@]}"; do
	if [ -n "$reason" ]; then
		skipped "$kernel" "$reason"
	elif ! why=$("$vm/fetch-kernel.sh" "$(column "$kernel" 2)" "$cache"); then
		skipped "$kernel" "${why:-no kernel}"
	else
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
		boot "$kernel" &
		running+=($!)
	fi
done
wait
running=()

for kernel in "${kernels[@]}"; do
	while IFS=$'\t' read -r name status why; do
		echo "vm $kernel $name $status${why:+ $why}"
	done <"$logs/$kernel.results"
	if grep -q $'\tFAIL\t' "$logs/$kernel.results"; then
		echo "--- console of $kernel (the end)"
		tail -n 200 "$logs/$kernel.console" "$logs/$kernel.qemu" 2>/dev/null | tr -d '\r'
		echo "---"
	fi
done
echo
versions=
for kernel in "${kernels[@]}"; do
	versions+=" $kernel=$(cat "$cache/$(column "$kernel" 2)/version" 2>/dev/null || echo none)"
done
echo "kernels:$versions; $(($(date +%s) - started)) s"
awk -F'\t' -v names="${kernels[*]}" -v logs="$logs" '
	BEGIN {
		kernels = split(names, kernel, " ")
		width = 4
		for (k = 1; k <= kernels; k++)
			while ((getline <(logs "/" kernel[k] ".results")) > 0) {
				if (!(($1) in seen)) {
					seen[$1] = 1
					test[++tests] = $1
					if (length($1) > width)
						width = length($1)
				}
				result[$1, k] = $2
				sum[$2]++
			}
		printf "%-*s", width, "test"
		for (k = 1; k <= kernels; k++)
			printf "  %-7s", kernel[k]
		print ""
		for (t = 1; t <= tests; t++) {
			printf "%-*s", width, test[t]
			for (k = 1; k <= kernels; k++)
				printf "  %-7s", ((test[t], k) in result) ? result[test[t], k] : "-"
			print ""
		}
		printf "%d passed, %d failed, %d skipped\n", sum["ok"], sum["FAIL"], sum["skip"]
		exit sum["FAIL"] > 0
	}'
