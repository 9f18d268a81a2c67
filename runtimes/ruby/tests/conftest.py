"""`start` runs a function under the Ruby bootstrap."""

import pytest
from languages import RUBY, parsed, versions


@pytest.fixture(params=versions(RUBY))
def version(request):
    return parsed(request.param)


@pytest.fixture
def start(version, tmp_path):
    """start(source, ...) -> an Environment running `source` as app.rb."""

    def make(source, files=None, **options):
        return RUBY.start(version, tmp_path, source, files, **options)

    make.version = version
    return make
