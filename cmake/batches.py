#!/usr/bin/env python3
"""Puts the sources of a target together into few files that are compiled instead of them: most of
what a source costs is reading the headers that its neighbours read as well.

    batches.py make DIR SIZE SOURCE...   writes DIR/batch_<n>.cpp, of up to SIZE sources, and prints
                                         their names
    batches.py again BINARY_DIR          makes all of them again, of what the sources say now; ends
                                         with 1 when a target has more or fewer than `make` printed

Two sources that give a name of their own the same spelling (a helper in an unnamed namespace, a
using-declaration, a macro) do not come into one batch, and one that includes the kernel's headers
(they do not go with the C library's) or defines something for its headers stays alone. Names are
found by how the code is formatted: what is declared begins in the first column. Sources are below
src/, and named from there, so that a batch is the same in every checkout. Standard library only.
"""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"
LINES_A_SOURCE = 200    # a batch has no more lines than its size times this
ALONE = re.compile(r'#include <linux/|\A(?:\s*//[^\n]*\n|\s*\n)*#define ', re.M)
NAMED = re.compile(r"(?:struct|class|enum class|enum|union|concept)\s+([A-Za-z_]\w*)")
ALIAS = re.compile(r"using\s+(?:namespace\s+)?(?:[\w:<>]+::)?([A-Za-z_]\w*)\s*[=;]")
TYPE = re.compile(r"\b[A-Z]\w+")
SHORT = re.compile(r"namespace\s+(\w+)\s*=")
MACRO = re.compile(r"#define\s+([A-Za-z_]\w*)")
DECLARED = re.compile(r"([A-Za-z_]\w*)\s*(?:\(|=|\{|;|\[)")
LOCAL = re.compile(r"^\s+(?:using\s+([A-Za-z_]\w*)\s*="
                   r"|(?:static )?constexpr\s[^=({;]*?(\w+)\s*[=({\[])", re.M)
TEST = re.compile(r"TEST(?:_F|_P)?\(")


def own_names(text):
    """What a source declares that nothing outside it sees: by name, the line of an alias or a
    using-declaration, which may be said again, and None of all else."""
    names = {}
    unnamed = 0
    for line in text.splitlines():
        if line.startswith("namespace {"):
            unnamed += 1
        elif line.startswith("}  // namespace") and not line[15:].strip():
            unnamed = max(0, unnamed - 1)
        elif found := MACRO.match(line):
            names[found[1]] = None
        elif found := ALIAS.match(line) or SHORT.match(line):
            names[found[1]] = line if line.endswith(";") else None
        elif line[:1].isalpha() and not TEST.match(line):
            if found := re.match(r"(?:template\s*<.*>\s*)?" + NAMED.pattern, line):
                if unnamed or not line.rstrip().endswith(";"):
                    names[found[1]] = None
            elif unnamed or line.startswith("static "):
                if (found := DECLARED.search(line)) and line[found.start() - 1] != ":":
                    names[found[1]] = None
    return names


def collide(names, others):
    return any(names[name] is None or names[name] != others[name]
               for name in names.keys() & others.keys())


def hide(names, others):
    return any(names[name] is None for name in names.keys() & others)


def other_names(text):
    """What its functions declare for themselves, which must not hide a name of its neighbours, and
    the types it speaks of, which a neighbour's must not hide."""
    return {name for pair in LOCAL.findall(text) for name in pair if name} | set(TYPE.findall(text))


def batches(sources, size):
    """Lists of sources, each small enough and without a name given twice. Sources of one folder
    stay near one another, so that a new one moves few."""
    out = []
    open_batches = []
    for source in sorted(sources):
        text = (SRC / source).read_text()
        names, others, lines = own_names(text), other_names(text), text.count("\n")
        if ALONE.search(text):
            out.append({"sources": [source]})
            continue
        for batch in open_batches:
            if batch["lines"] + lines <= size * LINES_A_SOURCE and \
                    not collide(batch["names"], names) and \
                    not hide(batch["names"], others - names.keys()) and \
                    not hide(names, batch["others"] - batch["names"].keys()):
                break
        else:
            batch = {"sources": [], "lines": 0, "names": {}, "others": set()}
            out.append(batch)
            open_batches.append(batch)
        batch["sources"].append(source)
        batch["lines"] += lines
        batch["names"] |= names
        batch["others"] |= others
        if len(batch["sources"]) >= size:
            open_batches.remove(batch)
    return [batch["sources"] for batch in out]


def write(path, text):
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def write_batches(directory, size, sources):
    made = []
    for number, batch in enumerate(batches(sources, size)):
        path = directory / f"batch_{number}.cpp"
        write(path, "".join(f'#include "{source}"\n' for source in batch))
        made.append(path)
    for old in set(directory.glob("batch_*.cpp")) - set(made):
        old.unlink()
    return made


def make(directory, size, sources):
    directory.mkdir(parents=True, exist_ok=True)
    made = write_batches(directory, size, sources)
    write(directory / "made_of", "".join(f"{word}\n" for word in (len(made), size, *sources)))
    return made


def make_again(binary_dir):
    """Whether every target has as many batches as it was configured with."""
    same = True
    for made_of in sorted(binary_dir.glob("batches/*/made_of")):
        configured, size, *sources = made_of.read_text().splitlines()
        sources = [source for source in sources if (SRC / source).is_file()]
        same &= len(write_batches(made_of.parent, int(size), sources)) == int(configured)
    return same


def main() -> int:
    if sys.argv[1] == "again":
        return 0 if make_again(pathlib.Path(sys.argv[2])) else 1
    directory, size, *sources = sys.argv[2:]
    made = make(pathlib.Path(directory), int(size),
                [str(pathlib.Path(s).relative_to(SRC)) for s in sources])
    print(";".join(map(str, made)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
