"""The public protocol cases: where they lie, and their models as tables of ours.

They are Smithy's protocol tests in botocore's form, and come with botocore's source package, which
tests/prepare.sh unpacks into build/protocol-cases (LAPWING_PROTOCOL_CASES names another place).
Nothing of them is kept in this tree.
"""
import base64
import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = pathlib.Path(os.environ.get("LAPWING_PROTOCOL_CASES", ROOT / "build/protocol-cases"))
sys.path[:0] = [str(ROOT / "codegen"), str(ROOT / "tools")]
import tables  # noqa: E402
import update_models  # noqa: E402

# Files of the cases, and the protocol as the engines call it.
PROTOCOLS = {"rest-xml": "rest-xml", "smithy-rpc-v2-cbor": "rpc-v2-cbor",
             "smithy-rpc-v2-cbor-query-compatible": "rpc-v2-cbor",
             "smithy-rpc-v2-cbor-non-query-compatible": "rpc-v2-cbor", "ec2": "ec2",
             "query": "query", "json": "json-1.1", "json_1_0": "json-1.0",
             "json_1_0-query-compatible": "json-1.0", "rest-json": "rest-json"}


class Case:
    def __init__(self, file: str, suite: dict, case: dict):
        self.file, self.case = file, case
        self.protocol = PROTOCOLS[file]
        self.id = case["id"]
        self.given = case["given"]
        self.name = self.given.get("name", "OperationName")
        self.metadata, self.shapes = suite["metadata"], suite["shapes"]

    def botocore(self) -> dict:
        """The model as botocore reads it."""
        return {"metadata": self.metadata, "shapes": self.shapes,
                "operations": {self.name: self.case | self.given}}


def cases(side: str) -> list:
    out = []
    for file in PROTOCOLS:
        path = FOLDER / side / f"{file}.json"
        if path.exists():
            out += [Case(file, suite, case) for suite in json.loads(path.read_text())
                    for case in suite["cases"]]
    return out


def left_out_by_botocore() -> set:
    path = FOLDER / "protocol-tests-ignore-list.json"
    lists = json.loads(path.read_text())["protocols"] if path.exists() else {}
    return {one for said in lists.values() for one in said.get("output", {}).get("cases", [])}


# ---- the model as the harness takes it

def enumerations() -> dict:
    """Numbers of the enumerators that rows name ("K::kList"), as aws/model.hpp has them."""
    source = (ROOT / "src/aws/model.hpp").read_text()
    out = {}
    for letter, name in (("K", "ShapeKind"), ("L", "Location"), ("T", "TimestampFormat"),
                         ("P", "Protocol")):
        body = re.search(rf"enum class {name} : std::uint8_t \{{(.*?)\}}", source, re.S).group(1)
        names = re.findall(r"\bk\w+", re.sub(r"//.*", "", body))
        out |= {f"{letter}::{one}": number for number, one in enumerate(names)}
    return out


ENUMERATIONS = enumerations() | {"false": 0, "true": 1, "INT64_MIN": -2**63}


def numbers(row) -> list:
    if not isinstance(row, str):
        return [int(one) for one in row]
    parts = row.strip("{}").split(", ")
    return [ENUMERATIONS[part] if part in ENUMERATIONS else int(part) for part in parts]


def loaded(case: Case) -> dict:
    """The harness's command that loads the case's model."""
    metadata = {"endpointPrefix": "case", "targetPrefix": "Case", "apiVersion": "1"} | case.metadata
    if case.protocol.startswith("json"):
        metadata["jsonVersion"] = case.protocol.removeprefix("json-")
    metadata["protocols"] = [metadata["protocol"]]
    model = update_models.reduce_model({"metadata": metadata, "shapes": case.shapes,
                                        "operations": {case.name: case.given}})
    for key in ("jsonVersion", "protocols"):
        if key in metadata:
            model["metadata"][key] = metadata[key]
    model["id"] = "case"
    made = tables.Tables(model)
    meta = model["metadata"]
    pool = b"".join(part.encode() + b"\0" for part in made.pool.parts)
    return {"do": "model", "id": "case", "signing_name": meta.get("signingName", "case"),
            "target_prefix": meta["targetPrefix"], "api_version": meta["apiVersion"],
            "xml_namespace": namespace(meta), "query_compatible": "awsQueryCompatible" in meta,
            "pool": base64.b64encode(pool).decode(),
            "protocols": [ENUMERATIONS[f"P::{one}"] for one in made.protocols()],
            "operations": [numbers(row) for row in made.operations],
            "shapes": [numbers(row) for row in made.shapes],
            "members": [numbers(row) for row in made.members],
            "segments": [numbers(row) for row in made.segments],
            "xml": [numbers(row) for row in made.xml],
            "enums": made.enums, "hash": tables.hash_table([case.name])}


def namespace(metadata: dict) -> str:
    # The cases of these two have it in their answers alone.
    otherwise = "https://example.com/" if metadata["protocol"] in ("query", "ec2") else ""
    said = metadata.get("xmlNamespace", otherwise)
    return said if isinstance(said, str) else said.get("uri", "")
