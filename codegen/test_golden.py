"""Holds the generator to a toy service: golden/toy/ is what it must write, byte for byte.

After a deliberate change: python3 codegen/test_golden.py --accept, and read the diff.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
FILES = ["model.hpp", "model.cpp", "enums.hpp", "errors.hpp", "errors.cpp", "kinds.hpp",
         "shape/kinds_struct.hpp", "shape/tree.hpp", "types_0.cpp"]


def generate(out, model=GOLDEN / "toy.json"):
    return subprocess.run([sys.executable, "-B", str(HERE / "generate.py"), "service", str(model),
                           str(out)], capture_output=True, text=True)


def test_output_is_golden(tmp_path):
    assert generate(tmp_path).returncode == 0
    for name in FILES:
        expected = (GOLDEN / "toy" / f"{name}.golden").read_text()
        assert (tmp_path / name).read_text() == expected, f"{name}: see {__doc__}"


def with_overlay(tmp_path, entries):
    (tmp_path / "overlay").mkdir()
    (tmp_path / "toy.json").write_text((GOLDEN / "toy.json").read_text())
    (tmp_path / "overlay" / "toy.json").write_text(json.dumps(entries))
    return generate(tmp_path / "out", tmp_path / "toy.json")


def test_correction_of_something_gone_stops_the_build(tmp_path):
    done = with_overlay(tmp_path, [{"at": "shape Vanished", "set": {"max": 1}, "evidence": "x"}])
    assert done.returncode == 1 and "no such shape" in done.stderr


def test_correction_without_evidence_stops_the_build(tmp_path):
    done = with_overlay(tmp_path, [{"at": "shape Name", "set": {"max": 1}}])
    assert done.returncode == 1 and "evidence" in done.stderr


def test_the_files_are_known_before_they_are_made(tmp_path):
    assert generate(tmp_path).returncode == 0
    listed = subprocess.run([sys.executable, "-B", str(HERE / "generate.py"), "files",
                             str(GOLDEN / "toy.json")], capture_output=True, text=True).stdout
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.?pp"))
    assert listed.split() == ["toy", *made]


if __name__ == "__main__" and sys.argv[1:] == ["--accept"]:
    target = GOLDEN / "toy"
    target.mkdir(exist_ok=True)
    print(generate(target).stderr, end="")
    for file_name in FILES:
        (target / file_name).rename(target / f"{file_name}.golden")
    for left in [*target.rglob("*.hpp"), *target.rglob("*.cpp")]:
        left.unlink()
