"""Loads models/<service>.json and lays the overlay over it.

An overlay holds a list of corrections, each with its evidence:
    {"at": "metadata",                          "set": {...}, "evidence": "..."}
    {"at": "operation CreateFunction",          "set": {...}, "evidence": "..."}
    {"at": "shape FunctionName",                "set": {...}, "evidence": "..."}
    {"at": "member CreateFunctionRequest.Code", "set": {...}, "evidence": "..."}
    {"at": "new shape SomeException",           "set": {...}, "evidence": "..."}
A value of null removes the key. What a correction names must exist in the model, so that a
refresh of the models cannot leave one hanging. Keys of a member that belong to its shape
(min, max, pattern, enum, ...) change that member only: it gets a shape of its own.
"""
import json
import pathlib

MEMBER_KEYS = {"shape", "location", "locationName", "queryName", "required", "flattened", "xmlAttribute",
               "timestampFormat", "idempotencyToken", "xmlNamespace", "streaming"}


class ModelError(Exception):
    """A model or overlay that the generator refuses, with the place."""


def patch(target: dict, changes: dict) -> None:
    for key, value in changes.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value


def apply_member(model: dict, name: str, changes: dict, where: str) -> None:
    shape_name, _, member_name = name.partition(".")
    shape = model["shapes"].get(shape_name)
    if shape is None or member_name not in shape.get("members", {}):
        raise ModelError(f"{where}: no such member")
    member = shape["members"][member_name]
    if "required" in changes:
        required = set(shape.get("required", []))
        (required.add if changes["required"] else required.discard)(member_name)
        shape["required"] = sorted(required)
    patch(member, {k: v for k, v in changes.items() if k in MEMBER_KEYS - {"required"}})
    own = {k: v for k, v in changes.items() if k not in MEMBER_KEYS}
    if own:
        private = f"{member['shape']}@{name}"
        model["shapes"][private] = dict(model["shapes"][member["shape"]])
        patch(model["shapes"][private], own)
        member["shape"] = private


def apply_overlay(model: dict, overlay: list, where: str) -> None:
    for number, entry in enumerate(overlay):
        place = f"{where}[{number}] {entry.get('at')!r}"
        if not entry.get("evidence"):
            raise ModelError(f"{place}: every correction carries its evidence")
        kind, _, name = entry["at"].partition(" ")
        if kind == "metadata":
            patch(model["metadata"], entry["set"])
        elif entry["at"].startswith("new shape "):
            name = entry["at"].removeprefix("new shape ")
            if name in model["shapes"]:
                raise ModelError(f"{place}: the model has it by now")
            model["shapes"][name] = dict(entry["set"])
        elif kind in ("operation", "shape"):
            table = model[kind + "s"]
            if name not in table:
                raise ModelError(f"{place}: no such {kind}")
            patch(table[name], entry["set"])
        elif kind == "member":
            apply_member(model, name, entry["set"], place)
        else:
            raise ModelError(f"{place}: metadata, operation, shape or member expected")


def load(path: pathlib.Path, overlay: pathlib.Path = None) -> dict:
    model = json.loads(path.read_text())
    # Known by name alone (tools/update_models.py): there is a row for each, and nothing else.
    for name in model.pop("others", []):
        model["operations"][name] = {"method": "POST", "uri": "/", "name_only": True}
    if overlay is not None and overlay.exists():
        apply_overlay(model, json.loads(overlay.read_text()), str(overlay))
    model["id"] = path.stem
    return model
