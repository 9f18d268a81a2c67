#!/usr/bin/env python3
"""Refreshes models/ from a botocore wheel (Python standard library only).

    pip download --no-deps botocore -d /tmp/wheel
    tools/update_models.py /tmp/wheel/botocore-*.whl [new service ...]

Writes models/<service>.json (no prose, one line a member, sorted) and models/VERSIONS, and
prints what changed against the files that were there. Nothing else in the tree reads a
wheel: the build uses models/ alone. Corrections belong in models/overlay/, never here.

Of a service with hundreds of operations that nobody means to build, models/<service>.built names
those whose shapes are kept, one a line; of the others the model holds the names ("others").
"""
import gzip
import hashlib
import json
import pathlib
import re
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
SERVICES = sorted(path.stem for path in MODELS.glob("*.json"))

METADATA_KEEP = ["apiVersion", "awsQueryCompatible", "endpointPrefix", "jsonVersion",
                 "protocol", "protocols", "serviceFullName", "serviceId", "signatureVersion",
                 "signingName", "targetPrefix", "xmlNamespace"]
OPERATION_KEEP = ["input", "output", "errors", "authtype", "auth", "httpChecksum",
                  "unsignedPayload", "endpoint", "deprecated"]
MEMBER_DROP = {"documentation", "contextParam", "deprecated", "deprecatedMessage",
               "deprecatedSince", "box"}
SHAPE_DROP = {"documentation", "deprecated", "deprecatedMessage", "deprecatedSince", "box",
              "members", "synthetic", "exception"}


def newest_model(wheel: zipfile.ZipFile, service: str) -> dict:
    pattern = re.compile(rf"botocore/data/{service}/([^/]+)/service-2\.json(\.gz)?$")
    found = sorted((m.group(1), name) for name in wheel.namelist()
                   if (m := pattern.match(name)))
    if not found:
        raise SystemExit(f"the wheel has no model for {service}")
    raw = wheel.read(found[-1][1])
    return json.loads(gzip.decompress(raw) if found[-1][1].endswith(".gz") else raw)


def without(source: dict, drop: set) -> dict:
    return {k: v for k, v in source.items() if k not in drop}


def reduce_operation(operation: dict) -> dict:
    http = operation.get("http", {})
    out = {"method": http.get("method", "POST"), "uri": http.get("requestUri", "/")}
    if "responseCode" in http:
        out["status"] = http["responseCode"]
    for key in OPERATION_KEEP:
        if key not in operation:
            continue
        value = operation[key]
        if key in ("input", "output"):
            value = without(value, {"documentation"})
        elif key == "errors":
            value = sorted(error["shape"] for error in value)
        out[key] = value
    return out


def reduce_shape(shape: dict) -> dict:
    out = without(shape, SHAPE_DROP)
    if "required" in out:
        out["required"] = sorted(out["required"])
    if shape.get("exception") or "error" in shape:
        out["exception"] = True
    for key in ("member", "key", "value"):
        if key in out:
            out[key] = without(out[key], MEMBER_DROP)
    if "members" in shape:
        out["members"] = {name: without(member, MEMBER_DROP)
                          for name, member in sorted(shape["members"].items())}
    return out


def reached(model: dict, operations: dict) -> set:
    """The shapes that these operations and their errors need."""
    found = set()
    open_ = [o[side]["shape"] for o in operations.values() for side in ("input", "output")
             if side in o]
    open_ += [error["shape"] for o in operations.values() for error in o.get("errors", [])]
    while open_:
        name = open_.pop()
        if name in found:
            continue
        found.add(name)
        shape = model["shapes"][name]
        inner = [*shape.get("members", {}).values(),
                 *(shape[key] for key in ("member", "key", "value") if key in shape)]
        open_ += [each["shape"] for each in inner]
    return found


def keep_built(model: dict, built: set) -> dict:
    """The model with these operations alone; "others" names the rest."""
    if unknown := built - model["operations"].keys():
        raise SystemExit(f"no such operations: {', '.join(sorted(unknown))}")
    operations = {n: o for n, o in model["operations"].items() if n in built}
    shapes = reached(model, operations)
    return {**model, "operations": operations,
            "shapes": {n: s for n, s in model["shapes"].items() if n in shapes},
            "others": sorted(model["operations"].keys() - built)}


def reduce_model(model: dict) -> dict:
    others = {"others": model["others"]} if "others" in model else {}
    metadata = {k: model["metadata"][k] for k in METADATA_KEEP if k in model["metadata"]}
    return {"metadata": metadata,
            "operations": {n: reduce_operation(o) for n, o in sorted(model["operations"].items())},
            "shapes": {n: reduce_shape(s) for n, s in sorted(model["shapes"].items())}, **others}


def line(value) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(", ", ": "))


def render(model: dict) -> str:
    """JSON whose line diff is a diff of operations and members."""
    rows = ["{", f'"metadata": {line(model["metadata"])},', '"operations": {']
    operations = [f"{json.dumps(n)}: {line(o)}" for n, o in model["operations"].items()]
    rows.append(",\n".join(operations))
    rows += ["},", '"shapes": {']
    shapes = []
    for name, shape in model["shapes"].items():
        if "members" not in shape:
            shapes.append(f"{json.dumps(name)}: {line(shape)}")
            continue
        head = line(without(shape, {"members"}))[:-1]
        members = ",\n".join(f"  {json.dumps(n)}: {line(m)}" for n, m in shape["members"].items())
        body = f"\n{members}\n" if members else ""
        shapes.append(f'{json.dumps(name)}: {head}, "members": {{{body}}}}}')
    rows.append(",\n".join(shapes))
    rows.append("}")
    if "others" in model:
        rows[-1] += ","
        rows += ['"others": [', ",\n".join(json.dumps(name) for name in model["others"]), "]"]
    rows.append("}")
    return "\n".join(rows) + "\n"


def describe(old: dict, new: dict) -> list:
    out = []
    for kind in ("operations", "shapes"):
        before, after = old.get(kind, {}), new[kind]
        out += [f"  - {kind[:-1]} {n}" for n in sorted(before.keys() - after.keys())]
        out += [f"  + {kind[:-1]} {n}" for n in sorted(after.keys() - before.keys())]
        for name in sorted(before.keys() & after.keys()):
            if before[name] == after[name]:
                continue
            was, now = before[name].get("members", {}), after[name].get("members", {})
            out += [f"  - {name}.{m}" for m in sorted(was.keys() - now.keys())]
            out += [f"  + {name}.{m}" for m in sorted(now.keys() - was.keys())]
            out += [f"  ~ {name}.{m}: {line(was[m])} -> {line(now[m])}"
                    for m in sorted(was.keys() & now.keys()) if was[m] != now[m]]
            a, b = without(before[name], {"members"}), without(after[name], {"members"})
            if a != b:
                changed = sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))
                out += [f"  ~ {name}: {k}: {line(a.get(k))} -> {line(b.get(k))}" for k in changed]
    return out


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    path = pathlib.Path(sys.argv[1])
    MODELS.mkdir(exist_ok=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    versions = [f"source {path.name}", f"sha256 {digest}"]
    with zipfile.ZipFile(path) as wheel:
        for service in sorted({*SERVICES, *sys.argv[2:]}):
            full = newest_model(wheel, service)
            built = MODELS / f"{service}.built"
            if built.exists():
                full = keep_built(full, set(built.read_text().split()))
            new = reduce_model(full)
            target = MODELS / f"{service}.json"
            old = json.loads(target.read_text()) if target.exists() else {}
            target.write_text(render(new))
            if json.loads(target.read_text()) != new:
                raise SystemExit(f"{target}: what was written does not read back the same")
            members = sum(len(s.get("members", {})) for s in new["shapes"].values())
            versions.append(f"{service} {new['metadata']['apiVersion']} "
                            f"{len(new['operations'])} operations, {members} members")
            changes = describe(old, new)
            print(f"{service}: {'new' if not old else f'{len(changes)} change(s)'}")
            if old:
                print("\n".join(changes) if changes else "  unchanged")
    (MODELS / "VERSIONS").write_text("\n".join(versions) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
