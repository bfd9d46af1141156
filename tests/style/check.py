#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The house rules of the source tree: check.py TREE RULE [file...]

Each rule is a function below that yields its offences; each is a test of the style suite.
An offence is printed as "file:line: text". Exit status 1 when there is any, 77 (skipped) when a
tool that the rule needs is missing.
"""

import os
import re
import shutil
import subprocess
import sys

TOP = ["lib", "drivers", "apps", "bench", "tests", "scripts", "docs", ".ci"]
TEXT = (".c", ".h", ".py", ".sh", ".build", ".txt", ".md")
WIDTH = 100

# Who may include whom ---------------------------------------------------------------------------

# A room may include itself, the rooms named here, and what those may include.
ROOMS = {
    "lib/core": [],
    "lib/wire": ["lib/core"],
    "lib/conn": ["lib/wire"],
    "lib/layer": ["lib/wire"],
    "lib/layer/tcp": ["lib/layer", "lib/conn"],
    "lib/stack": ["lib/layer", "lib/layer/tcp"],
    "lib/stream": ["lib/layer/tcp"],
    "lib/channel": ["lib/stack"],
    "lib/socket": ["lib/channel"],
}

# Of the rooms below, these see public headers only: what they do, any user could.
USERS = {"lib/stream"}

# Outside lib/: public headers, the private headers of the room itself, and of these.
GUESTS = {
    "drivers": [],
    "apps": [],
    "apps/http": ["apps"],
    "apps/gen": ["apps", "apps/http"],
    "bench": ["tests/kit", "apps", "apps/gen"],
    "docs": [],
    "tests/kit": [],
    "tests/conn": ["tests/kit", "lib/conn"],
    "tests/spec": ["tests/kit"],
    "tests/sim": ["tests/kit"],
    "tests/os": ["tests/kit"],
    "tests/dpdk": ["tests/kit"],
    "tests/docs": ["tests/kit", "docs"],
    "tests/fuzz": ["tests/kit", "lib/wire", "lib/core"],
    "tests/packetdrill": ["tests/kit"],
    "tests/http": ["tests/kit", "tests/sim", "apps/http"],
    "tests/gen": ["tests/kit", "tests/sim", "apps/gen"],
}

# What lib/ may know of DPDK: packets, their memory, protocol headers, plain C. No port, no EAL.
DPDK_IN_LIB = set("""
    rte_arp rte_bitops rte_branch_prediction rte_byteorder rte_common rte_config rte_errno
    rte_ether rte_hash rte_hash_crc rte_icmp rte_ip rte_jhash rte_malloc rte_mbuf rte_mbuf_core
    rte_mbuf_dyn rte_mbuf_ptype rte_memcpy rte_memory rte_mempool rte_memzone rte_net rte_prefetch
    rte_ring rte_tcp rte_thash rte_udp rte_vect
    """.split())

# Where an EAL is started; nobody else may know it.
EAL_ROOMS = ("drivers/", "apps/", "bench/", "tests/kit/", "tests/dpdk/", "tests/gen/")
EAL_HEADERS = {"rte_eal", "rte_ethdev", "rte_dev", "rte_bus", "rte_bus_vdev", "rte_launch"}


def room_of(path):
    """The longest room that the file lies in: lib/layer/tcp before lib/layer."""
    rooms = [r for r in list(ROOMS) + list(GUESTS) if path.startswith(r + "/")]
    return max(rooms, key=len, default=None)


def reach(room):
    """All rooms that this one may include from, itself among them."""
    found = {room}
    for below in ROOMS.get(room, []) + GUESTS.get(room, []):
        found |= reach(below)
    return found


def rooms_for(path):
    """The rooms whose private headers this file may include."""
    folder = path.split("/")
    if folder[0] == "tests" and len(folder) > 2:
        mirrored = "lib/" + "/".join(folder[1:-1])
        if room_of(mirrored + "/"):
            return reach(room_of(mirrored + "/")) | {"tests/kit", "/".join(folder[:2])}
    room = room_of(path)
    return reach(room) if room else set()


def is_public(path):
    return os.path.basename(path).startswith("tern_") and path.startswith(("lib/", "drivers/"))


def may_include(path, header):
    if room_of(path) in USERS and not is_public(header):
        return room_of(header) == room_of(path)
    if path.startswith("lib/") or not is_public(header):
        return room_of(header) in rooms_for(path)
    return True


def find_header(name, path, headers):
    """Where an #include of name in path leads to, or None."""
    if name.startswith("tern_"):
        return next((h for h in headers if is_public(h) and os.path.basename(h) == name), None)
    places = [os.path.dirname(path), "lib", "tests", "tests/kit", "apps", "bench", "drivers",
              "docs"]
    paths = [os.path.normpath(os.path.join(place, name)) for place in places]
    return next((p for p in paths if p in headers), None)


def includes():
    """Every #include of the tree: file, line, '<' or '"', name."""
    form = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
    for path in sources():
        for number, line in enumerate(lines(path), 1):
            found = form.match(line)
            if found:
                yield path, number, found.group(1), found.group(2)


def rule_rooms():
    """Who may include whom."""
    headers = {p for p in sources() if p.endswith(".h")}
    for path, number, kind, name in includes():
        if kind == "<" and not name.startswith("tern_"):
            if not os.path.exists("/usr/include/" + name) and any(
                    h.endswith("/" + name) for h in headers):
                yield path, number, f"{name}: private headers in quotes"
            continue
        header = find_header(name, path, headers)
        if header is None:
            yield path, number, f"included header {name} not found in the tree"
        elif is_public(header) != (kind == "<"):
            yield path, number, f"{name}: public headers in <>, private ones in quotes"
        elif is_public(path) and not is_public(header):
            yield path, number, f"public header includes the private {header}"
        elif not may_include(path, header):
            whom = room_of(path) or "a file of no room"
            yield path, number, f"{whom} may not include {header}"


def rule_dpdk():
    """lib/ knows packets, not ports; the EAL is started in few places only."""
    for path, number, kind, name in includes():
        base = name[: -len(".h")]
        if not base.startswith("rte_"):
            continue
        if path.startswith("lib/") and base not in DPDK_IN_LIB:
            yield path, number, f"lib/ may not include <{name}>"
        elif base in EAL_HEADERS and not path.startswith(EAL_ROOMS):
            yield path, number, f"only {', '.join(EAL_ROOMS)} may include <{name}>"


def rule_handed_in():
    """Time and memory are handed in: lib/ reads no clock and calls no allocator of the libc."""
    clock = r"clock_gettime|gettimeofday|time|clock|rte_rdtsc\w*|rte_get_\w*cycles"
    heap = r"malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup|free|mmap"
    call = re.compile(rf"(?<![\w.>])({clock}|{heap})\s*\(")
    for path in sources():
        if not path.startswith("lib/"):
            continue
        for number, line in enumerate(without_comments(path).split("\n"), 1):
            for found in call.finditer(line):
                yield path, number, f"lib/ may not call {found.group(1)}()"


# Names ------------------------------------------------------------------------------------------

EMPTY_WORDS = {"util", "utils", "common", "misc", "helper", "helpers", "manager"}


def rule_names():
    """A name says what is inside; tern_ is the mark of what is public."""
    for path in files():
        words = set(re.split(r"[/_.-]", path.lower()))
        for word in sorted(words & EMPTY_WORDS):
            yield path, 1, f'"{word}" in a name says nothing'
        base = os.path.basename(path)
        if path.endswith((".c", ".h")) and base.startswith("tern_") and not (
                is_public(path) and base.endswith(".h")):
            yield path, 1, "tern_*.h are the public headers, in lib/ and drivers/ only"
        if path.endswith(".h") and os.path.exists("/usr/include/" + base):
            yield path, 1, f"hides the system's <{base}>"
    for path in sources():
        for number, line in enumerate(without_comments(path).split("\n"), 1):
            if "TERN_API" not in line or line.lstrip().startswith("#"):
                continue
            if path.endswith(".h") and not is_public(path):
                yield path, number, "TERN_API in a private header"


def rule_symbols(library):
    """What libtern.so exports begins with tern_."""
    nm = shutil.which("nm")
    if nm is None:
        skip("no nm")
    out = run([nm, "-D", "--defined-only", library])
    names = [line.split()[-1].split("@")[0] for line in out.splitlines()]
    if not any(name.startswith("tern_") for name in names):
        yield library, 1, "exports nothing that begins with tern_"
    for name in names:
        if not name.startswith("tern_"):
            yield library, 1, f"exports {name}"


def rule_built():
    """Every source is built, every public header installed: each stands in a list of meson's."""
    for path in sources():
        room = path.split("/")[0]
        if room not in ("lib", "drivers", "apps", "bench", "tests"):
            continue
        if path.endswith(".h") and not is_public(path):
            continue
        name = path[len(room) + 1:]
        stem = name[: -len(".c")] if room == "tests" else name
        listed = "\n".join(lines(room + "/meson.build"))
        if f"'{name}'" not in listed and f"'{stem}'" not in listed:
            yield path, 1, f"not listed in {room}/meson.build"


# Form -------------------------------------------------------------------------------------------


def rule_format():
    """clang-format has nothing to change."""
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if tool is None or " 14." not in run([tool, "--version"]):
        skip("no clang-format 14")
    done = subprocess.run([tool, "--dry-run", "-Werror", *sources()],
                          stderr=subprocess.PIPE, text=True, check=False)
    form = re.compile(r"(.*?):(\d+):\d+: error: ")
    seen = set()
    for line in done.stderr.splitlines():
        found = form.match(line)
        if found and found.groups() not in seen:
            seen.add(found.groups())
            yield found.group(1), found.group(2), "not as clang-format writes it"
    if done.returncode and not seen:
        yield ".clang-format", 1, done.stderr.strip()


def rule_shell():
    """shellcheck has nothing to say about any script."""
    tool = shutil.which("shellcheck")
    if tool is None:
        skip("no shellcheck")
    scripts = [p for p in files() if re.search(r"^#!.*sh$|^# shellcheck shell", head(p), re.M)]
    done = subprocess.run([tool, "-x", "-f", "gcc", *scripts],
                          stdout=subprocess.PIPE, text=True, check=False)
    for line in done.stdout.splitlines():
        path, number, _, text = line.split(":", 3)
        yield path, number, text.strip()


def rule_text():
    """Licence, line ends, width (but for tables), and nothing put off until later."""
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for path in files():
        text = lines(path)
        table = False
        code = path.endswith((".c", ".h", ".py", ".sh", ".build"))
        script = bool(text) and text[0].startswith("#!")
        if code or script:
            first = text[1 if script and len(text) > 1 else 0] if text else ""
            if "SPDX-License-Identifier: BSD-3-Clause" not in first:
                yield path, 1, "the first line (after #!) must be the SPDX licence line"
        for number, line in enumerate(text, 1):
            if later.search(line):
                yield path, number, "nothing is put off: do it, or open an issue"
            if line != line.rstrip():
                yield path, number, "white space at the end of the line"
            if "clang-format o" in line:
                table = "clang-format off" in line
            if (code or script) and not table and len(line.expandtabs(8)) > WIDTH:
                yield path, number, f"longer than {WIDTH} columns"


def rule_cplusplus():
    """Public headers that declare functions give them C linkage in C++."""
    for path in sources():
        if is_public(path):
            text = without_comments(path, keep_strings=True)
            if re.search(r"^TERN_API", text, re.M) and 'extern "C"' not in text:
                yield path, 1, 'declares functions without extern "C"'


# The tree ---------------------------------------------------------------------------------------


def files():
    """Every text file of the tree, in order. Build folders stand beside these, not in them."""
    if not files.found:
        for top in TOP:
            for folder, below, names in os.walk(top):
                below[:] = sorted(d for d in below if d != "__pycache__")
                files.found += [f"{folder}/{n}" for n in names if is_text(f"{folder}/{n}")]
        files.found += [n for n in os.listdir(".") if os.path.isfile(n) and n.endswith(TEXT)]
        files.found.sort()
    return files.found


files.found = []


def is_text(path):
    if path.endswith(TEXT) or path.startswith("scripts/"):
        return True
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def sources():
    return [p for p in files() if p.endswith((".c", ".h"))]


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")


def head(path):
    return "\n".join(lines(path)[:2])


def without_comments(path, keep_strings=False):
    """The C text with comments and strings emptied and every line where it was."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(found):
        text = found.group(0)
        if keep_strings and text[0] in "\"'":
            return text
        return "\n" * text.count("\n") or " "

    return token.sub(blank, "\n".join(lines(path)))


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def main():
    tree, rule, *rest = sys.argv[1:]
    rest = [os.path.abspath(name) for name in rest]
    os.chdir(tree)
    offences = 0
    for path, number, text in globals()["rule_" + rule](*rest):
        print(f"{path}:{number}: {text}")
        offences += 1
    sys.exit(1 if offences else 0)


if __name__ == "__main__":
    main()
