#!/usr/bin/env python3
"""Turns meson test logs (testlog.json) into the closing line "N passed, N failed".

A doctest executable and a script of node's test runner count by their test cases, any other test as
one. A test that failed without saying which case (a crash, a timeout) is one failure, and so is a
doctest executable that ended in the middle, whatever its exit status. One that could not run is named
with its reason, one that failed with the last it wrote. A missing or empty log is a failure too.
"""
import json
import re
import sys

CASES = re.compile(r"^\[doctest\] test cases:.*?(\d+) passed.*?(\d+) failed", re.MULTILINE)
NODE_CASES = re.compile(r"^(?:#|\u2139) pass (\d+)\n(?:#|\u2139) fail (\d+)$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LAST_WORDS = 30  # lines of what a failed test wrote, each stream


def count(test):
    """(passed, failed) of one test of the log."""
    if test["result"] == "SKIP":
        said = (test.get("stdout") or "").strip().splitlines()
        print(f"not run: {test.get('name', 'a test')}: {said[-1] if said else 'it did not say why'}")
        return 0, 0
    text = COLOUR.sub("", test.get("stdout") or "")
    cases = CASES.search(text) or NODE_CASES.search(text)
    broke_off = text.startswith("[doctest]") and not cases
    good = test["result"] in ("OK", "EXPECTEDFAIL") and not broke_off
    if not good:
        report(test, text)
    if not cases:
        return (1, 0) if good else (0, 1)
    passed, failed = int(cases.group(1)), int(cases.group(2))
    return passed, failed if good else max(failed, 1)


def report(test, text):
    """Which test failed, how (FAIL, TIMEOUT, the signal) and its last words."""
    how = f"{test['result']}, exit {test.get('returncode')}, after {test.get('duration', 0):.0f} s"
    print(f"failed: {test.get('name', 'a test')}: {how}", file=sys.stderr)
    for stream in (text, COLOUR.sub("", test.get("stderr") or "")):
        for line in stream.rstrip().splitlines()[-LAST_WORDS:]:
            print(f"    {line[:300]}", file=sys.stderr)


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
