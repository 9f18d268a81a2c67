"""The pipe example, as its README says to run it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SALES = ROOT / "examples" / "pipe" / "sales.py"
sys.path.insert(0, str(ROOT / "tests"))

from serving import serving  # noqa: E402


def test_sales(tmp_path):
    with serving(tmp_path / "data") as address:
        run = subprocess.run([sys.executable, SALES], capture_output=True, text=True, timeout=120,
                             env={**os.environ, "AWS_ENDPOINT_URL": address,
                                  "AWS_DEFAULT_REGION": "us-east-1",
                                  "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    assert run.returncode == 0, run.stderr
    assert run.stdout == ("sold: 120 in Ulm; 300 in Bonn\n"
                          'unknown: {"shop": "9", "amount": 500}\n')
