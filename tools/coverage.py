#!/usr/bin/env python3
"""Writes docs/coverage/: what is built of each service, as a server of this tree says it.

    tools/coverage.py          # with build/release/lapwing, or $LAPWING_BINARY
    tools/coverage.py --check  # writes nothing; fails where a page differs
"""
import json
import pathlib
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from serving import Server  # noqa: E402

PAGES = ROOT / "docs" / "coverage"


def get(server, path):
    with urllib.request.urlopen(server.endpoint + path, timeout=30) as answer:
        return answer.read().decode()


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as data:
        server = Server(data).start()
        try:
            services = sorted(json.loads(get(server, "/_lapwing/health"))["services"])
            pages = {f"{name}.md": get(server, f"/_lapwing/coverage/{name}") for name in services}
        finally:
            server.stop()
    for name, text in pages.items():
        page = PAGES / name
        if page.exists() and page.read_text() == text:
            continue
        wrong.append(name)
        if "--check" not in sys.argv:
            PAGES.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
    wrong += [page.name for page in PAGES.glob("*.md") if page.name not in pages]
    if "--check" in sys.argv and wrong:
        print(f"tools/coverage.py: run it, {', '.join(wrong)} differ", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
