"""What the other tests look for is found while other servers come and go."""
import contextlib
import os
import threading

import holdings


def test_groups_are_found_while_others_go(tmp_path, monkeypatch):
    monkeypatch.setattr(holdings, "CGROUPS", tmp_path / "groups")
    (tmp_path / "sandbox.lock").touch()
    own = tmp_path / "groups" / "cpu" / holdings.group_name(tmp_path)
    own.mkdir(parents=True)
    over = threading.Event()

    def come_and_go():
        while not over.is_set():
            for n in range(50):
                os.makedirs(tmp_path / "groups" / "cpu" / f"other-{n}" / "s1", exist_ok=True)
            for n in range(50):
                with contextlib.suppress(OSError):
                    os.removedirs(tmp_path / "groups" / "cpu" / f"other-{n}" / "s1")
    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        assert all(holdings.groups(tmp_path) == [str(own)] for _ in range(200))
    finally:
        over.set()
        other.join()
