import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from serving import Server  # noqa: E402

LONG = os.environ.get("LAPWING_LONG") == "1"


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def server(data_dir):
    """A server of the test's own, stopped at its end if it still runs."""
    one = Server(data_dir).start()
    yield one
    if one.process.poll() is None:
        one.stop()
    sys.stderr.write(one.log())
