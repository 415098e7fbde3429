#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs every test: installs what is missing, builds with warnings as errors, clang-tidy and cppcheck,
# compiles for ARM, unit tests (cmocka), also with sanitizers, end-to-end tests (pytest, as root); with
# --all also these with a sanitized ipctrace, and the other kernels (scripts/vm-test.sh).
# Ends with the one line "N passed, N failed, N skipped" over everything. Exit status 1 when anything
# failed, and when the machine let none of the end-to-end tests run although it is root's.
#
#   scripts/test.sh [--all] [-- PYTEST-ARGUMENT...]
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH=${PATH:-/usr/bin}:/usr/sbin:/sbin LC_ALL=C.UTF-8
all=
while [ $# -gt 0 ]; do
	case $1 in
	--all) all=1 ;;
	--) shift; break ;;
	-h | --help) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) echo "test: no option $1; try --help" >&2; exit 2 ;;
	esac
	shift
done

python=/usr/bin/python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
reasons=$work/skipped
touch "$reasons"

heading() {
	printf '\n== %s\n' "$*"
}
# count PASSED FAILED SKIPPED
count() {
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}
finish() {
	if [ -s "$reasons" ]; then
		heading "skipped"
		sort "$reasons" | uniq -c | sort -rn
	fi
	echo
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}
# stop WHAT: nothing after it could be right.
stop() {
	echo "FAIL: $1"
	count 0 1 0
	finish
}

# step NAME THERE TARGET: one test is one target of make, if the command THERE is found or the file exists.
step() {
	local name=$1 there=$2 target=$3
	if ! command -v "$there" >/dev/null && [ ! -e "$there" ]; then
		echo "$name: skipped: no $there"
		echo "$name: no $there" >>"$reasons"
		count 0 0 1
	elif make -k -s -j"$(nproc)" WERROR=1 "$target" </dev/null; then
		echo "$name: passed"
		count 1 0 0
	else
		echo "FAIL: $name (make $target)"
		count 0 1 0
	fi
}

unit_tests() {
	local program
	for program in "$1"/tests/test_*; do
		case $program in
		*.d) ;;
		*) [ -x "$program" ] && unit "$program" ;;
		esac
	done
}

# cmocka's TAP lines: a program that ends otherwise than its lines say has crashed, which is a failure of its own.
unit() {
	local program=$1 name status output=$work/unit good bad ignored
	name=$(basename "$program")
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$program" >"$output" 2>"$output.err" </dev/null
	status=$?
	good=$(grep -c '^ok ' "$output")
	ignored=$(grep -ci '^\(not \)\?ok .*# skip' "$output")
	bad=$(($(grep -c '^not ok ' "$output") - $(grep -ci '^not ok .*# skip' "$output")))
	good=$((good - $(grep -ci '^ok .*# skip' "$output")))
	if [ "$status" != 0 ] && [ "$bad" = 0 ] || [ $((good + bad + ignored)) = 0 ]; then
		bad=$((bad + 1))
		echo "FAIL: $name: exit status $status after $good tests"
	fi
	count "$good" "$bad" "$ignored"
	grep -i '^\(not \)\?ok .*# skip' "$output" | sed "s/^.*# *skip[a-z]* */unit $name: /I" >>"$reasons"
	echo "$name: $good passed, $bad failed, $ignored skipped"
	[ "$bad" = 0 ] || cat "$output" "$output.err"
}

# junit FILE: "passed failed skipped", and the reasons of the skipped ones.
junit() {
	$python - "$1" "$reasons" <<'PY'
import sys
import xml.etree.ElementTree as tree
passed = failed = skipped = 0
with open(sys.argv[2], "a") as reasons:
    for case in tree.parse(sys.argv[1]).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
            reasons.write("e2e: " + " ".join(case.find("skipped").get("message", "no reason").split()) + "\n")
        else:
            passed += 1
print(passed, failed, skipped)
PY
}

# Bytes, messages and edges must be right the first time. Where only a measured time differs, as when a hypervisor has
# taken a CPU away from the workload that measures, too, a test may try twice more (shown as R).
again=()
! $python -c 'import pytest_rerunfailures' 2>/dev/null || again=(--reruns 2 --only-rerun TimesDiffer)

# end_to_end NAME PYTEST-ARGUMENT...: the results are in NAME.xml.
end_to_end() {
	local report=$work/$1.xml status sums
	shift
	timeout --kill-after=10 2400 $python -m pytest -q -raR -p no:cacheprovider "${again[@]}" --junitxml="$report" tests/e2e "$@" </dev/null
	status=$?
	sums=$(junit "$report" 2>/dev/null) || sums="0 0 0"
	# shellcheck disable=SC2086 # three numbers
	set -- $sums
	count "$@"
	if [ $status != 0 ] && [ "$2" = 0 ] || [ $(($1 + $2 + $3)) = 0 ]; then
		echo "FAIL: pytest: exit status $status after $(($1 + $2 + $3)) tests"
		count 0 1 0
	elif [ "$1" = 0 ] && [ "$2" = 0 ] && build/ipctrace check >/dev/null 2>&1; then
		echo "FAIL: every end-to-end test was skipped although this machine can trace"
		count 0 1 0
	fi
}

# A sanitizer's report is a failure, even where a test does not look at how ipctrace ended.
end_to_end_sanitized() {
	local reports=$work/reports report
	# Tests let other users run ipctrace too.
	chmod 711 "$work"
	mkdir -m 1777 "$reports"
	ASAN_OPTIONS=detect_leaks=1:log_path=$reports/asan UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan \
		LSAN_OPTIONS=print_suppressions=0:suppressions=$PWD/tests/leaks IPCTRACE_SANITIZED=1 \
		IPCTRACE_SELECTION=$PWD/tests/sanitized IPCTRACE_BUILD=$PWD/build/sanitize end_to_end sanitized "$@"
	for report in "$reports"/*; do
		[ -e "$report" ] || continue
		echo "FAIL: $(basename "$report")"
		cat "$report"
		count 0 1 0
	done
}

other_kernels() {
	local output=$work/vm status sums
	timeout 3600 scripts/vm-test.sh </dev/null | tee "$output"
	status=${PIPESTATUS[0]}
	sums=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$output" | tail -1 | tr -dc '0-9 ')
	# shellcheck disable=SC2086 # three numbers
	set -- ${sums:-0 0 0}
	count "$@"
	if [ "$status" != 0 ] && [ "$2" = 0 ]; then
		echo "FAIL: vm-test: exit status $status"
		count 0 1 0
	fi
	sed -n 's/^vm \([^ ]*\) \([^ ]*\) skip/vm \1 \2:/p' "$output" >>"$reasons"
}

# What README says of each mechanism, against what the tests have found.
mechanism_table() {
	local results=("$work/e2e.xml")
	[ ! -e "$work/vm" ] || results+=("$work/vm")
	if $python tests/mechanism_table.py "${results[@]}"; then
		echo "passed"
		count 1 0 0
	else
		echo "FAIL: tests/mechanism_table.py"
		count 0 1 0
	fi
}

heading "packages"
scripts/dependencies.sh build test analyze ${all:+vm} || echo "going on with what is there"
heading "build"
make -s -j"$(nproc)" WERROR=1 all unit workloads || stop "build"

heading "analysis"
step clang-tidy clang-tidy tidy
step cppcheck cppcheck cppcheck
step "compiles for arm64" /usr/aarch64-linux-gnu/include/stdio.h arm64

heading "unit tests"
unit_tests build

heading "unit tests, with sanitizers"
if make -s -j"$(nproc)" WERROR=1 SANITIZE=1 all unit workloads; then
	unit_tests build/sanitize
else
	echo "FAIL: build with sanitizers"
	count 0 1 0
fi

heading "end-to-end tests"
if [ "$(id -u)" = 0 ]; then
	end_to_end e2e "$@"
else
	echo "skipped: needs root; try sudo scripts/test.sh"
	echo "e2e: needs root" >>"$reasons"
	count 0 0 1
fi

if [ -n "$all" ]; then
	heading "end-to-end tests, with sanitizers"
	[ "$(id -u)" != 0 ] || end_to_end_sanitized "$@"
	heading "other kernels"
	other_kernels
fi
if [ "$(id -u)" = 0 ] && [ $# = 0 ]; then
	heading "table of mechanisms"
	mechanism_table
fi
finish
