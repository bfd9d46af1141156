#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What README.md and docs/*.md quote of the tree is as in the tree: check.py TREE RULE [--write]

Above a quotation stands where it comes from, in a comment that readers of the page do not see:

    <!-- all of docs/examples/echo.c -->     the file but for its licence line
    <!-- part of docs/examples/x.c -->       lines that follow each other there, in this order
    <!-- list TERN_VERDICT_LIST -->          an X-list of lib/core/tern_verdict.h, as a table

--write makes the tables anew. Each rule is a function below; an offence is printed as "file:line:
text". Exit status 1 when there is any.
"""

import glob
import os
import re
import sys

MARK = re.compile(r"<!-- (all of|part of|list) (\S+) -->$")
LISTS = "lib/core/tern_verdict.h"
CODE = ("c", "h", "meson")


def rule_code():
    """A block of code is what its file says; and there is none that comes from nowhere."""
    for page in pages():
        text = lines(page)
        for at, kind, block in blocks(text):
            mark = MARK.match(text[at - 2]) if at > 1 else None
            if kind not in CODE:
                if mark and mark.group(1) != "list":
                    yield page, at, f"a block of {kind or 'nothing'} under a mark for code"
                continue
            if not mark or mark.group(1) == "list":
                yield page, at, "code without a mark that says which file it is from"
                continue
            whole = source(mark.group(2))
            if mark.group(1) == "all of" and block != whole:
                yield page, at, f"is not the text of {mark.group(2)}"
            elif not contains(whole, block):
                yield page, at, f"is not in {mark.group(2)}"


def rule_tables(write=False):
    """A table of an X-list is the list."""
    for page in pages():
        text = lines(page)
        new = list(text)
        for at in reversed([i for i, line in enumerate(text) if line.startswith("<!-- list ")]):
            end = at + 1
            while end < len(text) and text[end].startswith("|"):
                end += 1
            wanted = table(MARK.match(text[at]).group(2))
            if text[at + 1:end] != wanted:
                yield page, at + 1, "not the list: run tests/docs/check.py . tables --write"
            new[at + 1:end] = wanted
        if write:
            with open(page, "w", encoding="utf-8") as file:
                file.write("\n".join(new))


def rule_paths():
    """A file or folder that is named is there: in `...`, or as where a link leads to."""
    tops = [t for t in os.listdir(".") if os.path.isdir(t) and not t.startswith("build")]
    for page, number, word in words():
        if word.split("/")[0] in tops and "/" in word and not re.search(r"[*\s]|NAME", word):
            if not os.path.exists(word.split(":")[0]):
                yield page, number, f"there is no {word}"
    for page in pages():
        for at, kind, block in blocks(lines(page)):
            for word in [] if kind else re.findall(r"[\w.]+(?:/[\w.]+)+", "\n".join(block)):
                if word.split("/")[0] in tops and not os.path.exists(word):
                    yield page, at, f"there is no {word}"
        for number, line in enumerate(lines(page), 1):
            for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                place = os.path.join(os.path.dirname(page), link)
                if "://" not in link and not os.path.exists(place):
                    yield page, number, f"link to {link} leads nowhere"


def rule_names():
    """A function that is named with its parentheses exists, and so does a TERN_ word."""
    tree = "\n".join(open(p, encoding="utf-8").read() for room in
                     ("lib", "drivers", "apps", "bench", "tests", "docs")
                     for p in glob.glob(room + "/**/*.[ch]", recursive=True))
    known = set(re.findall(r"\w+", re.sub(r"/\*.*?\*/", " ", tree, flags=re.S)))
    # enumerators that X-lists make
    known |= {f"TERN_{n}" for n, _, _ in x_list("TERN_VERDICT_LIST")}
    known |= {f"TERN_EV_{n}" for n, _, _ in x_list("TERN_EVENT_LIST")}
    for page in pages():
        for number, line in enumerate(lines(page), 1):
            for word in re.findall(r"\b(\w+)\(\)|\b(TERN_\w+)|`(tern_\w+)`", line):
                name = "".join(word)
                if name not in known and not name.startswith("rte_"):
                    yield page, number, f"nothing is called {name}"


# The tree ---------------------------------------------------------------------------------------


def pages():
    return ["README.md", "CONTRIBUTING.md"] + sorted(glob.glob("docs/*.md"))


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")


def source(path):
    """The lines of a file without its licence line and what is empty at its ends."""
    text = [line for line in lines(path) if "SPDX-License-Identifier" not in line]
    return "\n".join(text).strip("\n").split("\n")


def blocks(text):
    """Fenced blocks: line of the fence (from 1), language, lines."""
    fence, kind, block = 0, "", []
    for number, line in enumerate(text, 1):
        if not line.startswith("```"):
            block.append(line)
        elif fence:
            yield fence, kind, block
            fence = 0
        else:
            fence, kind, block = number, line[3:].strip(), []


def contains(whole, part):
    return any(whole[i:i + len(part)] == part for i in range(len(whole) - len(part) + 1))


def words():
    """What stands in `...` outside fenced blocks: page, line, word."""
    for page in pages():
        fenced = False
        for number, line in enumerate(lines(page), 1):
            if line.startswith("```"):
                fenced = not fenced
            elif not fenced:
                for word in re.findall(r"`([^`]+)`", line):
                    yield page, number, word


def x_list(name):
    text = open(LISTS, encoding="utf-8").read()
    body = re.search(rf"#define {name}\(X\) \\\n((?:.*\\\n)*.*\n)", text).group(1)
    return re.findall(r'X\((\w+),\s*"([^"]*)",\s*"([^"]*)"\)', body)


def table(name):
    rows = [f"| `{n.lower()}` | {sentence} | {reference} |".replace("  |", " |")
            for n, sentence, reference in x_list(name)]
    return ["| counter | what it counts | reference |", "|---|---|---|"] + rows


def main():
    tree, rule, *rest = sys.argv[1:]
    os.chdir(tree)
    offences = 0
    for page, number, text in globals()["rule_" + rule](*(["--write"] if rest else [])):
        print(f"{page}:{number}: {text}")
        offences += 1
    sys.exit(1 if offences and not rest else 0)


if __name__ == "__main__":
    main()
