"""Emits a service's descriptor tables: gen/<service>/model.hpp and model.cpp."""
from model import ModelError

NONE = 0xFFFF
KINDS = {"structure": "kStructure", "list": "kList", "map": "kMap", "string": "kString",
         "blob": "kBlob", "boolean": "kBoolean", "integer": "kInteger", "long": "kLong",
         "float": "kFloat", "double": "kDouble", "timestamp": "kTimestamp",
         "character": "kString"}
LOCATIONS = {"uri": "kUri", "querystring": "kQuery", "header": "kHeader",
             "headers": "kPrefixHeaders", "statusCode": "kStatusCode"}
TIMESTAMPS = {"unixTimestamp": "kEpochSeconds", "iso8601": "kIso8601", "rfc822": "kHttpDate"}
SHAPE_FLAGS = [("flattened", 4), ("sensitive", 8), ("streaming", 16), ("union", 32),
               ("eventstream", 64), ("exception", 128), ("fault", 512)]
OPTIONAL_METADATA = [("missingCode", "missing_code"), ("pathMember", "path_member")]
DEFAULT_VALIDATION = {"query": "ValidationError", "ec2": "ValidationError"}


class Pool:
    """One string pool; every distinct string once; offset 0 is the empty string."""

    def __init__(self):
        self.offsets = {"": 0}
        self.parts = [""]
        self.size = 1

    def ref(self, text) -> int:
        if text not in self.offsets:
            self.offsets[text] = self.size
            self.parts.append(text)
            self.size += len(text.encode()) + 1
        return self.offsets[text]

    def render(self) -> list:
        return [f'    "{escape(part)}\\000"' for part in self.parts]


def escape(text: str) -> str:
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return "".join(out).replace("??", '?" "?')


def constant(name: str) -> str:
    return "k" + name[0].upper() + name[1:]


def fnv1a(text: str) -> int:
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def hash_table(names: list) -> list:
    size = 1
    while size < 2 * len(names):
        size *= 2
    slots = [NONE] * size
    for index, name in enumerate(names):
        at = fnv1a(name) & (size - 1)
        while slots[at] != NONE:
            at = (at + 1) & (size - 1)
        slots[at] = index
    return slots


class Tables:
    def __init__(self, model: dict):
        self.model = model
        self.pool = Pool()
        self.shape_names = sorted(model["shapes"])
        self.shape_index = {n: i for i, n in enumerate(self.shape_names)}
        self.members, self.enums, self.segments, self.xml = [], [], [], []
        self.member_number = {}
        self.shapes = [self.shape_row(n) for n in self.shape_names]
        self.operations = [self.operation_row(i, n) for i, n in
                           enumerate(sorted(model["operations"]))]
        self.xml.sort()

    def shape_row(self, name: str) -> str:
        shape = self.model["shapes"][name]
        kind = shape["type"]
        row = {"name": self.pool.ref(name.split("@")[0])}
        index = self.shape_index[name]
        self.xml_row(0, index, shape, shape.get("locationName"))
        self.xml_row(2, index, shape.get("member") or shape.get("value") or {})
        self.xml_row(3, index, shape.get("key") or {})
        flags = sum(bit for key, bit in SHAPE_FLAGS if shape.get(key))
        if kind == "structure":
            row["first"], row["count"] = len(self.members), len(shape["members"])
            self.structure_members(name, shape)
        elif kind == "list":
            row["element"] = self.shape_index[shape["member"]["shape"]]
            row["element_name"] = self.pool.ref(shape["member"].get("locationName", "member"))
        elif kind == "map":
            row["key"] = self.shape_index[shape["key"]["shape"]]
            row["element"] = self.shape_index[shape["value"]["shape"]]
            row["key_name"] = self.pool.ref(shape["key"].get("locationName", "key"))
            row["element_name"] = self.pool.ref(shape["value"].get("locationName", "value"))
        elif "enum" in shape:
            row["first"], row["count"] = len(self.enums), len(shape["enum"])
            self.enums += [self.pool.ref(value) for value in shape["enum"]]
        if "pattern" in shape:
            row["pattern"] = self.pool.ref(shape["pattern"])
        for key, bit in (("min", 1), ("max", 2)):
            if key in shape and kind != "timestamp":
                if int(shape[key]) != shape[key]:
                    raise ModelError(f"{self.model['id']} {name}: fractional {key}")
                row[key] = int(shape[key])
                flags |= bit
        if shape.get("exception"):
            error = shape.get("error", {})
            row["error_code"] = self.pool.ref(error_code(self.model, name))
            row["query_code"] = self.pool.ref(error.get("queryCode", error.get("code", name)))
            row["error_status"] = error.get("httpStatusCode", 500 if shape.get("fault") else 400)
            flags |= 256 if error.get("senderFault") else 0
            if "queryMessage" in error:
                row["query_message"] = self.pool.ref(error["queryMessage"])
        row["xml_namespace"] = self.pool.ref(namespace_of(shape)[1])
        row["flags"] = flags
        row["kind"] = f"K::{KINDS[kind]}"
        row["timestamp"] = f"T::{TIMESTAMPS.get(shape.get('timestampFormat'), 'kDefault')}"
        order = ["name", "pattern", "error_code", "query_code", "key_name", "element_name",
                 "xml_namespace", "first", "count", "key", "element", "error_status", "flags",
                 "kind", "timestamp", "min", "max"]
        default = {"key": NONE, "element": NONE}
        if "query_message" in row:
            order.append("query_message")
        return "{" + ", ".join(number(row.get(k, default.get(k, 0))) for k in order) + "}"

    def structure_members(self, shape_name: str, shape: dict) -> None:
        required = set(shape.get("required", []))
        for number_, (name, member) in enumerate(sorted(shape["members"].items())):
            self.member_number[shape_name, name] = number_
            location = LOCATIONS.get(member.get("location"), "kBody")
            if shape.get("payload") == name:
                location = "kPayload"
            flags = ((1 if name in required else 0) | (2 if member.get("flattened") else 0) |
                     (4 if member.get("xmlAttribute") else 0) |
                     (8 if member.get("idempotencyToken") else 0) |
                     (16 if self.streams(member) else 0) |
                     (32 if member.get("eventpayload") else 0) |
                     (64 if member.get("eventheader") else 0))
            wire = member.get("locationName", name)
            self.xml_row(1, len(self.members), member)
            self.members.append("{%d, %d, %d, %d, %d, L::%s, T::%s, %d}" % (
                self.pool.ref(name), self.pool.ref(wire),
                self.pool.ref(member.get("queryName", self.query_name(wire))),
                self.pool.ref(name[0].lower() + name[1:]), self.shape_index[member["shape"]],
                location, TIMESTAMPS.get(member.get("timestampFormat"), "kDefault"), flags))

    def xml_row(self, kind: int, index: int, said: dict, root: str = None) -> None:
        attribute, uri = namespace_of(said)
        if root or uri:
            refs = [self.pool.ref(text) for text in (root or "", attribute, uri)]
            self.xml.append((kind << 24 | index, *refs))

    def query_name(self, wire: str) -> str:
        return wire[0].upper() + wire[1:] if self.model["metadata"]["protocol"] == "ec2" else wire

    def streams(self, member: dict) -> bool:
        """Whether it is passed on as it comes, without being held whole."""
        shape = self.model["shapes"][member["shape"]]
        return bool(member.get("streaming") or shape.get("streaming") or shape.get("eventstream"))

    def payload(self, shape_name) -> int:
        payload = self.model["shapes"].get(shape_name, {}).get("payload")
        return NONE if payload is None else self.member_number[shape_name, payload]

    def operation_row(self, index: int, name: str) -> str:
        operation = self.model["operations"][name]
        shape_in = operation.get("input", {}).get("shape")
        output = operation.get("output", {})
        shape_out = output.get("shape")
        path, _, query = operation["uri"].partition("?")
        first = len(self.segments)
        self.uri_segments(path, shape_in, f"{self.model['id']} {name}")
        wrapper = output.get("resultWrapper") or f"{name}Result"
        if self.model["metadata"]["protocol"] == "rest-xml" and "resultWrapper" not in output:
            wrapper = self.model["shapes"].get(shape_out, {}).get("locationName") or shape_out or ""
        return "{%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d%s}" % (
            self.pool.ref(name), self.pool.ref(operation["method"]), self.pool.ref(query),
            self.pool.ref(wrapper), self.shape_index.get(shape_in, NONE),
            self.shape_index.get(shape_out, NONE), self.payload(shape_in),
            self.payload(shape_out), operation.get("status", 200), first,
            len(self.segments) - first, index, ", true" if operation.get("name_only") else "")

    def uri_segments(self, path: str, shape_in, where: str) -> None:
        labels = {}
        for name, member in self.model["shapes"].get(shape_in, {}).get("members", {}).items():
            if member.get("location") == "uri":
                labels[member.get("locationName", name)] = self.member_number[shape_in, name]
        for segment in path.strip("/").split("/") if path.strip("/") else []:
            if not segment.startswith("{"):
                self.segments.append(f"{{{self.pool.ref(segment)}, {NONE}, false}}")
                continue
            greedy = segment.endswith("+}")
            label = segment.strip("{}").rstrip("+")
            if label not in labels:
                raise ModelError(f"{where}: no member for label {label}")
            self.segments.append(f"{{0, {labels[label]}, {'true' if greedy else 'false'}}}")

    def protocols(self) -> list:
        out = []
        meta = self.model["metadata"]
        for protocol in meta.get("protocols") or [meta["protocol"]]:
            if protocol == "json":
                out.append("kJson10" if meta.get("jsonVersion") == "1.0" else "kJson11")
            else:
                out.append({"rest-json": "kRestJson", "query": "kQuery", "ec2": "kEc2",
                            "rest-xml": "kRestXml", "smithy-rpc-v2-cbor": "kCbor"}[protocol])
        return out


def namespace_of(said: dict) -> tuple:
    """The attribute that declares it and the URI, of a shape or a member."""
    namespace = said.get("xmlNamespace") or {}
    if isinstance(namespace, str):
        namespace = {"uri": namespace}
    prefix = namespace.get("prefix")
    return (f"xmlns:{prefix}" if prefix else "xmlns", namespace.get("uri", "")) \
        if namespace.get("uri") else ("", "")


def error_code(model: dict, name: str) -> str:
    """Of an error on the wire. Where a service once spoke query, its model has that protocol's codes;
    the others call the error by its name."""
    error = model["shapes"][name].get("error", {})
    if "awsQueryCompatible" in model["metadata"] and "queryCode" not in error:
        return name
    return error.get("code", name)


def number(value) -> str:
    """A C++ literal; the least 64-bit value has none of its own."""
    return "INT64_MIN" if value == -2**63 else str(value)


def array(kind: str, name: str, rows: list) -> list:
    if not rows:
        return [f"constexpr std::span<const {kind}> {name};", ""]
    body = [f"    {row}," for row in rows]
    return [f"constexpr {kind} {name}[] = {{", *body, "};", ""]


def emit_header(model: dict) -> str:
    names = sorted(model["operations"])
    errors = sorted({error_code(model, name)
                     for name, shape in model["shapes"].items() if shape.get("exception")})
    out = [f"// Generated from models/{model['id']}.json by codegen/.", "#pragma once", "",
           "#include <cstdint>", "#include <string_view>", "",
           '#include "aws/model.hpp"', "", f"namespace lapwing::gen::{model['id']} {{", "",
           "extern const aws::ServiceModel kModel;", "",
           "// The position of the operation in kModel.operations.",
           "enum class OperationId : std::uint16_t {",
           *[f"  {constant(name)}," for name in names], "};", "",
           "// Codes of the errors the model declares.", "struct ErrorCode {",
           *[f'  static constexpr std::string_view {code_constant(code)} = "{code}";'
             for code in errors],
           "};", "", f"}}  // namespace lapwing::gen::{model['id']}", ""]
    return "\n".join(out)


def code_constant(code: str) -> str:
    return constant("".join(c if c.isalnum() else "_" for c in code))


def emit_source(model: dict) -> str:
    tables = Tables(model)
    meta = model["metadata"]
    slots = hash_table(sorted(model["operations"]))
    validation = meta.get("validationCode", DEFAULT_VALIDATION.get(meta["protocol"],
                                                                   "ValidationException"))
    out = [f"// Generated from models/{model['id']}.json by codegen/.",
           f'#include "gen/{model["id"]}/model.hpp"', "", "#include <cstdint>", "#include <span>",
           "", f"namespace lapwing::gen::{model['id']} {{", "namespace {", "",
           "using K = aws::ShapeKind;", "using L = aws::Location;",
           "using T = aws::TimestampFormat;", "using P = aws::Protocol;", ""]
    out += array("aws::ShapeRow", "kShapes", tables.shapes)
    out += array("aws::MemberRow", "kMembers", tables.members)
    out += array("aws::StringRef", "kEnums", [str(e) for e in tables.enums])
    out += array("aws::SegmentRow", "kSegments", tables.segments)
    out += array("aws::OperationRow", "kOperations", tables.operations)
    out += array("aws::XmlRow", "kXml", ["{%d, %d, %d, %d}" % row for row in tables.xml])
    out += array("std::uint16_t", "kHash", [str(s) for s in slots])
    out += array("aws::Protocol", "kProtocols", [f"P::{p}" for p in tables.protocols()])
    out += ["constexpr char kPool[] =", *tables.pool.render(), "    ;", "", "}  // namespace", "",
            "constinit const aws::ServiceModel kModel = {",
            f'    .id = "{model["id"]}",',
            f'    .signing_name = "{meta.get("signingName", meta.get("endpointPrefix"))}",',
            f'    .target_prefix = "{meta.get("targetPrefix", "")}",',
            f'    .api_version = "{meta["apiVersion"]}",',
            f'    .xml_namespace = "{meta.get("xmlNamespace", "")}",',
            f'    .validation_code = "{validation}",',
            f'    .internal_code = "{meta.get("internalCode", "InternalFailure")}",',
            f'    .error_prefix = "{meta.get("errorPrefix", "")}",',
            f'    .query_compatible = {"true" if "awsQueryCompatible" in meta else "false"},',
            *[f'    .{field} = "{meta[key]}",' for key, field in OPTIONAL_METADATA if key in meta],
            *(["    .bare_errors = true,"] if meta.get("bareErrors") else []),
            "    .protocols = kProtocols,", "    .operations = kOperations,",
            "    .shapes = kShapes,", "    .members = kMembers,", "    .enums = kEnums,",
            "    .segments = kSegments,", "    .xml = kXml,", "    .operation_hash = kHash,", "    .pool = kPool,",
            "};", "", f"}}  // namespace lapwing::gen::{model['id']}", ""]
    return "\n".join(out)
