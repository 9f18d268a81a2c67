"""The reduction of models and the difference it prints."""
import importlib.util
import json
import pathlib

TOOL = pathlib.Path(__file__).resolve().parent.parent / "tools" / "update_models.py"
spec = importlib.util.spec_from_file_location("update_models", TOOL)
update_models = importlib.util.module_from_spec(spec)
spec.loader.exec_module(update_models)

FULL = {
    "metadata": {"apiVersion": "2020-01-02", "protocol": "json", "serviceAbbreviation": "x",
                 "uid": "x"},
    "documentation": "<p>prose</p>",
    "operations": {"Do": {"name": "Do", "http": {"method": "POST", "requestUri": "/",
                                                 "responseCode": 202},
                          "input": {"shape": "In", "documentation": "prose"},
                          "errors": [{"shape": "Z"}, {"shape": "A"}], "documentation": "prose"}},
    "shapes": {"In": {"type": "structure", "required": ["b", "a"], "documentation": "prose",
                      "members": {"b": {"shape": "S", "documentation": "prose"},
                                  "a": {"shape": "S", "location": "uri"}}},
               "S": {"type": "string", "max": 3, "documentation": "prose"},
               "Z": {"type": "structure", "members": {}, "exception": True}},
}


def test_reduction_keeps_constraints_and_drops_prose():
    reduced = update_models.reduce_model(FULL)
    assert "prose" not in json.dumps(reduced)
    assert reduced["operations"]["Do"] == {"method": "POST", "uri": "/", "status": 202,
                                           "input": {"shape": "In"}, "errors": ["A", "Z"]}
    assert reduced["shapes"]["In"]["required"] == ["a", "b"]
    assert list(reduced["shapes"]["In"]["members"]) == ["a", "b"]
    assert reduced["shapes"]["S"] == {"type": "string", "max": 3}
    assert reduced["shapes"]["Z"]["exception"] is True
    assert "uid" not in reduced["metadata"]


def test_one_line_a_member_and_read_back():
    reduced = update_models.reduce_model(FULL)
    text = update_models.render(reduced)
    assert json.loads(text) == reduced
    assert any(line.strip().startswith('"a": ') for line in text.splitlines())


def test_difference_names_members():
    old = update_models.reduce_model(FULL)
    new = json.loads(json.dumps(old))
    del new["shapes"]["In"]["members"]["a"]
    new["shapes"]["In"]["members"]["c"] = {"shape": "S"}
    new["shapes"]["S"]["max"] = 4
    new["operations"]["More"] = {"method": "POST", "uri": "/"}
    assert update_models.describe(old, new) == [
        "  + operation More", "  - In.a", "  + In.c", "  ~ S: max: 3 -> 4"]
    assert update_models.describe(old, old) == []


def test_of_what_is_not_to_be_built_only_names_are_kept():
    full = {**FULL, "operations": {**FULL["operations"],
                                   "Other": {"name": "Other", "input": {"shape": "Big"}}},
            "shapes": {**FULL["shapes"], "A": {"type": "structure", "members": {}},
                       "Big": {"type": "string"}}}
    kept = update_models.reduce_model(update_models.keep_built(full, {"Do"}))
    assert list(kept["operations"]) == ["Do"] and kept["others"] == ["Other"]
    assert "Big" not in kept["shapes"] and "S" in kept["shapes"]
    assert json.loads(update_models.render(kept)) == kept
