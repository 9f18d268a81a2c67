"""The examples of a topic and of schedules, as their READMEs say to run them."""
import os
import pathlib
import subprocess
import sys

import pytest
from test_examples import EXAMPLES, built  # noqa: F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from serving import serving  # noqa: E402


@pytest.mark.parametrize("script, said", [
    ("topic/orders.py", "the store: 1 x desk for Eve; 1 x pen for Bob; 2 x lamp for Ada\n"
                        "the office: Ada, Eve\n"),
    ("schedule/remind.py", "reminded Ada of the kettle\nleft: daily\n"),
])
def test_script(script, said, built, tmp_path):  # noqa: F811
    built(script.split("/")[0])
    with serving(tmp_path / "data") as address:
        run = subprocess.run([sys.executable, EXAMPLES / script], capture_output=True, text=True,
                             timeout=120, env={
                                 **os.environ, "AWS_ENDPOINT_URL": address,
                                 "AWS_DEFAULT_REGION": "us-east-1",
                                 "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    assert run.returncode == 0, run.stderr
    assert run.stdout == said
