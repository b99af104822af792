#!/usr/bin/env python3
"""Turns meson test logs (testlog.json) into the closing line "N passed, N failed".

A doctest executable counts by its test cases, any other test as one. A test that failed without
saying which case (a crash, a timeout) is one failure. A missing or empty log is a failure too.
"""
import json
import re
import sys

CASES = re.compile(r"^\[doctest\] test cases:.*?(\d+) passed.*?(\d+) failed", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def count(test):
    """(passed, failed) of one test of the log."""
    if test["result"] == "SKIP":
        return 0, 0
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    cases = CASES.search(COLOUR.sub("", test.get("stdout") or ""))
    if not cases:
        return (1, 0) if good else (0, 1)
    passed, failed = int(cases.group(1)), int(cases.group(2))
    return passed, failed if good else max(failed, 1)


def main(paths):
    passed = failed = 0
    for path in paths:
        try:
            with open(path, encoding="utf-8") as log:
                counts = [count(json.loads(line)) for line in log if line.strip()]
        except OSError:
            counts = []
        if not any(p + f for p, f in counts):
            print(f"{path}: no test ran", file=sys.stderr)
            counts.append((0, 1))
        passed += sum(p for p, _ in counts)
        failed += sum(f for _, f in counts)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
