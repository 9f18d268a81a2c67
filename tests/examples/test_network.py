"""The network example, as its README says to run it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from serving import serving  # noqa: E402

EXAMPLE = ROOT / "examples" / "network" / "network.py"


def test_it_says_what_goes(tmp_path):
    """Nothing is reached from a test: that the same program runs through is what is seen here; what
    goes is tests/system/test_vpc_network.py's."""
    with serving(tmp_path / "data", "--set", "sandbox.network=none") as endpoint:
        ran = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True,
                             timeout=120, env={
                                 **os.environ, "AWS_ENDPOINT_URL": endpoint,
                                 "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
                                 "AWS_SECRET_ACCESS_KEY": "test"})
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["a new group lets out everything: not reached",
                                       "without a rule: not reached",
                                       "with a rule for it: not reached"]
