"""The identity example, as its README says to run it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOYER = ROOT / "examples" / "identity" / "deployer.py"
sys.path.insert(0, str(ROOT / "tests"))

from serving import serving  # noqa: E402


def test_deployer(tmp_path):
    with serving(tmp_path / "data") as address:
        for _ in range(2):  # it leaves nothing behind
            run = subprocess.run([sys.executable, DEPLOYER], capture_output=True, text=True,
                                 timeout=120,
                                 env={**os.environ, "AWS_ENDPOINT_URL": address,
                                      "AWS_DEFAULT_REGION": "us-east-1",
                                      "AWS_ACCESS_KEY_ID": "test",
                                      "AWS_SECRET_ACCESS_KEY": "test"})
            assert run.returncode == 0, run.stderr
            assert run.stdout == ("signs as user/deployer\n"
                                  "acts as assumed-role/deploys/example\n"
                                  "of the role made: True\n"
                                  "key last used for sts\n")
