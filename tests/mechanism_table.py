#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The table of mechanisms in README, from the results of tests.

    tests/mechanism_table.py [--write] RESULTS...    pytest's JUnit files, or the output of scripts/vm-test.sh

A cell has its word when a test of it has passed and none has failed; where all were skipped README's word
stays. Exit status 1 when README says something else (and is not to be written), or a cell has no test at all.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- from tests: tests/mechanism_table.py -->\n", "<!-- end -->\n"
COLUMNS = ("figures", "32-bit", "one -p", "edges", "io_uring")


def like(case, one=None, edges="exact", uring=None, one_word="exact"):
    """The row of a mechanism that the tests of all mechanisms cover, as CASE; edges are compared in them, too."""
    return {
        "figures": ("exact", rf"test_exact::test_(attached|every_way).*-({case})(-|\])"),
        "32-bit": ("exact", rf"test_32bit::test_one_thread\[1-({case})(-|\])"),
        "one -p": (one_word, one or rf"test_exact::test_one_end_traced\[.*-({case})\]"),
        "edges": (edges, rf"test_(exact::test_attached.*-({case})\]|edges::.*({case})\])") if edges else None,
        "io_uring": ("exact", rf"test_uring::test_(attached|requests).*-({uring})\]") if uring else None,
    }


ROWS = {
    "pipe": like("pipe", uring="pipe"),
    "fifo": like("fifo", one="test_newcomers::test_writers|test_open_channels::.*-fifo", uring="fifo"),
    "unix-stream": like("unix-stream|unix-listen|unix-bound|unix-joined",
                        one=r"test_newcomers::.*(unix-stream|abstract)|test_exact::test_one_end.*unix-stream",
                        uring="unix-stream"),
    "unix-dgram": like("unix-dgram", uring="unix-dgram", one_word="partly", one=r"test_(edges::test_one_target|open_channels).*unix-dgram"),
    "unix-seqpacket": like("unix-seqpacket", one="test_newcomers::.*seqpacket", uring="unix-seqpacket"),
    "tcp": like("inet-tcp[46]", one="test_newcomers::.*tcp|test_exact::test_one_end.*tcp", uring="inet-tcp[46]"),
    "udp": like("inet-udp[46]|inet-open[46]", one=r"test_open_channels::.*udp|test_exact::test_one_end.*inet-open",
                uring="inet-(udp|open)4", one_word="partly"),
    "vsock": like("vsock-stream|vsock-seqpacket", one="test_netlink_vsock::test_both_ends.*-first"),
    "netlink": like("netlink-user|netlink-joined|netlink-kernel", edges=None,
                    one="test_netlink_vsock::test_netlink_between", one_word="partly")
    | {"edges": ("partly", "test_netlink_vsock::test_edges.*netlink")},
    "mqueue": like("mqueue"),
    "sysv-msg": like("sysv_msg", one_word="partly"),
    "sysv-sem": like("sysv_sem", edges=None, one_word="partly"),
    "eventfd": like("eventfd", edges="partly", uring="uring-eventfd"),
    "pty": like("pty", edges="partly"),
    "signal": {
        "figures": ("exact", "test_signal::test_(which|every_fate)|test_exact::test_attached.*-signal"),
        "32-bit": ("exact", r"test_32bit::.*-signal"),
        "one -p": ("exact", "test_signal::test_only_the"),
        "edges": ("exact", "test_signal::test_which"),
        "io_uring": None,
    },
    "process-vm": like("process_vm", one="test_process_vm::test_the_owner", edges=None)
    | {"edges": ("exact", "test_process_vm::test_the_owner")},
    "sysv-shm, shm": {
        "figures": ("listed only", r"test_shm::test_(attached|mappings|children).*64"),
        "32-bit": ("listed only", r"test_shm::test_(attached|mappings|children).*32"),
        "one -p": ("listed only", "test_shm::test_one_end"),
        "edges": None,
        "io_uring": None,
    },
    "futexes": like("futex", edges=None),
    "file locks": {
        "figures": ("exact", r"test_file_locks::.*64"),
        "32-bit": ("exact", r"test_file_locks::.*32"),
        "one -p": ("exact", "test_file_locks::test_the_holder"),
        "edges": None,
        "io_uring": None,
    },
    "splice, tee, vmsplice, sendfile": like("splice-pipe|splice-unix|splice-tcp|splice-full", uring="uring-splice"),
}


def junit_results(text):
    for case in tree.fromstring(text).iter("testcase"):
        file = case.get("classname").rpartition(".")[2]
        bad = case.find("failure") is not None or case.find("error") is not None
        outcome = "FAIL" if bad else "skip" if case.find("skipped") is not None else "ok"
        yield f"{file}::{case.get('name')}", outcome


def vm_results(text):
    for line in text.splitlines():
        found = re.match(r"vm \S+ (\S+::.*?) (ok|FAIL|skip)\b", line)
        if found:
            yield found.groups()


def read_results(paths):
    results = []
    for path in paths:
        text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
        results += junit_results(text) if text.startswith("<?xml") else vm_results(text)
    return results


def cell(results, claim, old):
    if claim is None:
        return "-"
    word, pattern = claim
    outcomes = {outcome for name, outcome in results if re.search(pattern, name)}
    if not outcomes:
        return "NO TEST"
    if "FAIL" in outcomes:
        return "WRONG"
    return word if "ok" in outcomes else old


def parse(text):
    """The words of a table that has been written before."""
    rows = [[c.strip() for c in line.strip().strip("|").split("|")] for line in text.splitlines() if "|" in line]
    return {row[0].replace("`", ""): dict(zip(COLUMNS, row[1:])) for row in rows[2:]}


def table(results, old):
    lines = ["| | " + " | ".join(COLUMNS) + " |", "| --- " * (len(COLUMNS) + 1) + "|"]
    for kind, claims in ROWS.items():
        words = [cell(results, claims[column], old.get(kind, {}).get(column, "not tested")) for column in COLUMNS]
        lines.append("| " + " | ".join([kind, *words]) + " |")
    return "\n".join(lines) + "\n"


def main(arguments):
    write = "--write" in arguments
    paths = [a for a in arguments if a != "--write"]
    if not paths:
        sys.exit(__doc__.strip())
    readme = README.read_text(encoding="utf-8")
    head, rest = readme.split(BEGIN)
    now, tail = rest.split(END)
    new = table(read_results(paths), parse(now))
    if write:
        README.write_text(head + BEGIN + new + END + tail, encoding="utf-8")
    for line in new.splitlines():
        if line not in now.splitlines() and not write or "NO TEST" in line or "WRONG" in line:
            sys.exit(f"README's table of mechanisms: the tests say {line}")


if __name__ == "__main__":
    main(sys.argv[1:])
