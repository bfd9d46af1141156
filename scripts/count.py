#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""count.py TESTLOG: print "passed failed skipped" of a run of meson's tests.

A program that reports single tests (TAP: lines "ok" and "not ok") counts as that many, any other
as one. A program that failed counts at least one failure, whatever it reported.
"""

import json
import re
import sys


def count(test):
    lines = test.get("stdout", "").splitlines()
    bad = sum(1 for line in lines if re.match(r"not ok\b", line))
    good = sum(1 for line in lines if re.match(r"ok\b", line) and "# SKIP" not in line)
    if test["result"] == "SKIP":
        return 0, 0, 1
    if test["result"] == "OK":
        return max(good, 1), 0, 0
    return good, max(bad, 1), 0


def main():
    with open(sys.argv[1], encoding="utf-8") as log:
        counts = [count(json.loads(line)) for line in log]
    print(*(sum(column) for column in zip(*counts)) if counts else (0, 0, 0))


if __name__ == "__main__":
    main()
