"""`start` runs a function under the Node.js bootstrap."""

import pytest
from languages import NODE, parsed, versions


@pytest.fixture(params=versions(NODE))
def version(request):
    return parsed(request.param)


@pytest.fixture
def start(version, tmp_path):
    """start(source, ...) -> an Environment running `source` as app.js."""

    def make(source, files=None, **options):
        return NODE.start(version, tmp_path, source, files, **options)

    return make
