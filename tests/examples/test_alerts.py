"""The alerts example, as its README says to run it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "examples" / "alerts" / "alerts.py"
sys.path.insert(0, str(ROOT / "tests"))

from serving import serving  # noqa: E402


def test_alerts(tmp_path):
    with serving(tmp_path / "data") as address:
        run = subprocess.run([sys.executable, ALERTS], capture_output=True, text=True, timeout=120,
                             env={**os.environ, "AWS_ENDPOINT_URL": address,
                                  "AWS_DEFAULT_REGION": "us-east-1",
                                  "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    assert run.returncode == 0, run.stderr
    assert run.stdout == ("ALERT shop: order 2: no such item\n"
                          "ALERT shop: order 3: card refused\nseen live: 3\n")
