"""The pages of docs/coverage are what the server says of itself."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_pages_are_current():
    run = subprocess.run([sys.executable, ROOT / "tools" / "coverage.py", "--check"],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
