"""A data directory made by an earlier Lapwing (state.db of format 2: blobs not counted yet, queues
in their first form) starts under this one with everything in it.

data_format_2.tar.gz holds a layer, a function that uses it, its version 1 and newer code; the server
that made it was killed.
"""
import contextlib
import os
import pathlib
import sqlite3
import tarfile

import pytest
from api import FUNCTIONS, Api
from serving import Server

MADE = pathlib.Path(__file__).parent / "data_format_2.tar.gz"


@pytest.fixture
def earlier(data_dir):
    data_dir.mkdir(mode=0o700)
    with tarfile.open(MADE) as made:
        made.extractall(data_dir, filter="fully_trusted")
    (data_dir / "server.key").write_bytes(os.urandom(32))  # nothing in there was sealed with it
    return data_dir


def check(server):
    api = Api(server.address)
    for qualifier, said in (("", b'"hello two"'), ("?Qualifier=1", b'"hello one"')):
        answer = api.call("POST", f"{FUNCTIONS}/earlier/invocations{qualifier}", b"{}")
        assert (answer.status, answer.body) == (200, said)
    assert api.names() == ["earlier"]


def test_an_earlier_directory_starts_and_its_functions_run(earlier):
    server = Server(earlier).start()
    try:
        check(server)
    finally:
        server.stop()
    # Every record names its blobs now (the layer, old code and new), so that collection may begin.
    with contextlib.closing(sqlite3.connect(earlier / "state.db")) as state:
        assert state.execute("SELECT count(*) FROM blob_owner").fetchone() == (0,)
        assert state.execute("SELECT count(DISTINCT blob) FROM record_blob").fetchone() == (3,)
    again = Server(earlier).start()
    try:
        check(again)
    finally:
        again.stop()
