"""The events example, as its README says to run it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples" / "events" / "shop.py"
sys.path.insert(0, str(ROOT / "tests"))

from serving import serving  # noqa: E402


def test_shop(tmp_path):
    with serving(tmp_path / "data") as address:
        run = subprocess.run([sys.executable, SHOP], capture_output=True, text=True, timeout=120,
                             env={**os.environ, "AWS_ENDPOINT_URL": address,
                                  "AWS_DEFAULT_REGION": "us-east-1",
                                  "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    assert run.returncode == 0, run.stderr
    lines = "Ada orders for 120; Eve orders for 300\n"
    assert run.stdout == "at first: " + lines + "replayed: " + lines
