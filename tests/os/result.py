#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""result.py SCHEMA FILE STATUS [CONDITION...]: what tern-gen --json wrote, judged.

It must be valid, its numbers must agree with each other and with the exit STATUS, and each
CONDITION must be true of it, such as "errors.timeout == 0" or "achieved > 0.9 * offered": names are
those of "end". Exit status 0, or 1 behind a line for each thing that is wrong.
"""

import base64
import json
import sys
import zlib

import jsonschema

COUNTED = ["opened", "established", "requests", "responses", "closed", "shed", "late"]


class Names(dict):
    """The members of an object of JSON as attributes."""

    def __getattr__(self, name):
        return self[name]


def names_of(value):
    if isinstance(value, dict):
        return Names({name: names_of(part) for name, part in value.items()})
    if isinstance(value, list):
        return [names_of(part) for part in value]
    return value


def unbalanced(ledger):
    if not ledger.balanced:
        yield "the ledger is not balanced"
    for left, right in [
        (["launched"], ["done", "failed", "inflight"]),
        (["made"], ["sent", "dropped"]),
        (["received", "taken_over"], ["taken", "passed", "handed_over", "handover_dropped"]),
    ]:
        if sum(ledger[name] for name in left) != sum(ledger[name] for name in right):
            yield f"ledger: {' + '.join(left)} is not {' + '.join(right)}"


def unshared(end):
    """Each core's ledger balances, and all together are the run's."""
    for worker in end.workers:
        yield from unbalanced(worker)
    for name in end.workers[0]:
        if name not in ("core", "balanced"):
            if end.ledger[name] != sum(worker[name] for worker in end.workers):
                yield f"ledger: {name} is not the sum of all cores'"
    if end.ledger.handed_over != end.ledger.taken_over:
        yield "ledger: what was handed over was not taken over"


def disordered(where, times):
    """Percentiles rise, up to the longest."""
    order = [name for name in ["min", "p50", "p75", "p90", "p99", "p999", "p9999"] if name in times]
    values = [times[name] for name in order] + [times["max"]]
    if times["count"] > 0 and values != sorted(values):
        yield f"{where}: {values} are out of order"


def untimely(document):
    """What was done counts in the interval in which it was; and no time between them is lost."""
    at = {}
    for i, interval in enumerate(document.intervals):
        if interval.t0_ns not in (0, at.get(interval.trial, 0)) or interval.t1_ns < interval.t0_ns:
            yield f"interval {i}: from {interval.t0_ns} to {interval.t1_ns}"
        at[interval.trial] = interval.t1_ns
        for group in ("latency_ns", "latency_naive_ns"):
            for name, times in interval[group].items():
                yield from disordered(f"interval {i}: {group}.{name}", times)


def lost(document):
    """A plain run's intervals hold all that its end has."""
    end, intervals = document.end, document.intervals
    if max((i.trial for i in intervals), default=0) > 0:
        return
    counts = [i for i in intervals if not {"WARMUP", "DISTURBED"} & set(i.flags)]
    if "--keep" in document.start.argv:
        counts = [i for i in intervals if "WARMUP" not in i.flags]
    for name in COUNTED:
        if sum(i[name] for i in counts) != end[name]:
            yield f"{name}: {end[name]}, in its intervals {sum(i[name] for i in counts)}"


def unlike(document):
    """Histograms that are not what they say they are."""
    for name, text in document.end.hdr_base64.items():
        data = base64.b64decode(text)
        if data[:4] != b"\x1c\x84\x93\x14" or zlib.decompress(data[8:])[:4] != b"\x1c\x84\x93\x13":
            yield f"hdr_base64.{name} is no histogram"
    for group in ("latency_ns", "latency_naive_ns"):
        for name, times in document.end[group].items():
            yield from disordered(f"end: {group}.{name}", times)


def right_status(end):
    if not all(slo["pass"] for slo in end.slo):
        return 3
    return 0 if end.trustworthy else 4


def wrong(document, status, conditions):
    end = document.end
    if end.exit != int(status):
        yield f"it says exit {end.exit}, it was {status}"
    if "achieved" not in end:
        yield "there is no result"
        return
    if right_status(end) != end.exit:
        yield f"exit {end.exit}, it should be {right_status(end)}: {end.verdict}"
    if end.trustworthy != end.verdict.startswith("yes"):
        yield f"trustworthy {end.trustworthy}, and in words: {end.verdict}"
    yield from unbalanced(end.ledger)
    yield from unshared(end)
    yield from untimely(document)
    yield from lost(document)
    yield from unlike(document)
    for condition in conditions:
        if not eval(condition, {"sum": sum, "start": document.start, "i": document.intervals}, end):
            yield f"not so: {condition}"


def main():
    schema, path, status, *conditions = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    with open(schema, encoding="utf-8") as file:
        jsonschema.Draft202012Validator(json.load(file)).validate(document)
    faults = list(wrong(names_of(document), status, conditions))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
