"""`start` runs a function under the Python bootstrap."""

import pytest
from languages import PYTHON, PYTHON_BOOTSTRAP, parsed, versions


@pytest.fixture(params=versions(PYTHON))
def version(request):
    return parsed(request.param)


@pytest.fixture
def start(version, tmp_path):
    """start(source, ...) -> an Environment running `source` as app.py."""

    def make(source, files=None, flags=("-S",), **options):
        command = [PYTHON.interpreters[version], *flags, str(PYTHON_BOOTSTRAP)]
        return PYTHON.start(version, tmp_path, source, files, command, **options)

    return make
