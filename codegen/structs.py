"""Emits typed structs for the operations listed in typed.json: gen/<service>/types.{hpp,cpp}."""
import re

from model import ModelError
from tables import constant

SCALARS = {"string": "std::string", "blob": "std::string", "character": "std::string",
           "boolean": "bool", "integer": "std::int32_t", "long": "std::int64_t",
           "float": "double", "double": "double", "timestamp": "WallTime"}
KEYWORDS = {"alignas", "and", "auto", "bool", "break", "case", "catch", "char", "class", "const",
            "continue", "default", "delete", "do", "double", "else", "enum", "explicit",
            "export", "extern", "false", "float", "for", "friend", "if", "int", "long",
            "namespace", "new", "not", "operator", "or", "private", "protected", "public",
            "register", "return", "short", "signed", "sizeof", "static", "struct", "switch",
            "template", "this", "throw", "true", "try", "typedef", "union", "unsigned", "using",
            "virtual", "void", "volatile", "while"}


def snake(name: str) -> str:
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).lower().replace("-", "_")
    return text + "_" if text in KEYWORDS else text


def enum_constant(value: str) -> str:
    if re.fullmatch(r"[A-Z0-9]+(_[A-Z0-9]+)*", value):
        return "k" + "".join(part.capitalize() for part in value.split("_"))
    text = re.sub(r"[^A-Za-z0-9]+", "_", value).strip("_")
    return constant(text or "Empty")


class Structs:
    def __init__(self, model: dict, operations: list):
        self.model, self.shapes = model, model["shapes"]
        self.order, self.enums, self.visiting = [], [], []
        for name in operations:
            if name not in model["operations"]:
                raise ModelError(f"{model['id']}: typed.json names {name}, which the model lacks")
        self.operations = sorted(operations)
        for name in self.operations:
            for side in ("input", "output"):
                shape = model["operations"][name].get(side, {}).get("shape")
                if shape:
                    self.visit(shape)

    def visit(self, name: str) -> None:
        if name in self.visiting:
            raise ModelError(f"{self.model['id']}: {' -> '.join(self.visiting)} is recursive; "
                             f"typed structs cannot hold it")
        if name in self.order or name in self.enums:
            return
        shape = self.shapes[name]
        self.visiting.append(name)
        for key in ("member", "key", "value"):
            if key in shape:
                self.visit(shape[key]["shape"])
        for member in sorted(shape.get("members", {})):
            self.visit(shape["members"][member]["shape"])
        self.visiting.pop()
        if shape["type"] == "structure":
            self.order.append(name)
        elif "enum" in shape and "@" not in name:
            self.enums.append(name)

    def type_of(self, name: str) -> str:
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return name.split("@")[0]
        if kind == "list":
            return f"std::vector<{self.type_of(shape['member']['shape'])}>"
        if kind == "map":
            return f"std::map<std::string, {self.type_of(shape['value']['shape'])}>"
        return SCALARS[kind]

    def fields(self, name: str) -> list:
        shape = self.shapes[name]
        required = set(shape.get("required", []))
        out = []
        for member in sorted(shape["members"]):
            kind = self.type_of(shape["members"][member]["shape"])
            if member not in required:
                kind = f"std::optional<{kind}>"
            elif kind in ("bool", "std::int32_t", "std::int64_t", "double"):
                initial = {"bool": "false", "double": "0.0"}.get(kind, "0")
                out.append((kind, snake(member), f" = {initial}"))
                continue
            # Initialised, so that designated initialisers may leave members out.
            out.append((kind, snake(member), "{}"))
        return out


def emit_header(model: dict, operations: list) -> str:
    structs = Structs(model, operations)
    ns = model["id"]
    out = [f"// Generated from models/{ns}.json by codegen/, for the operations in typed.json.",
           "// Optional members that were absent are nullopt; blobs are decoded bytes.",
           "#pragma once", "", "#include <cstdint>", "#include <map>", "#include <optional>",
           "#include <string>", "#include <string_view>", "#include <vector>", "",
           '#include "aws/arena.hpp"', '#include "aws/empty.hpp"', '#include "aws/value.hpp"',
           '#include "base/clock.hpp"', f'#include "gen/{ns}/model.hpp"', "",
           f"namespace lapwing::gen::{ns} {{", ""]
    for name in sorted(structs.enums):
        out.append(f"struct {name} {{")
        seen = set()
        for value in structs.shapes[name]["enum"]:
            symbol = enum_constant(value)
            if symbol in seen:
                raise ModelError(f"{ns} {name}: two values become {symbol}")
            seen.add(symbol)
            out.append(f'  static constexpr std::string_view {symbol} = "{value}";')
        out += ["};", ""]
    for name in structs.order:
        out.append(f"struct {name} {{")
        out += [f"  {kind} {field}{initial};" for kind, field, initial in structs.fields(name)]
        out += [f"  bool operator==(const {name}&) const = default;", "};",
                f"void from(const aws::Value& value, {name}& out);",
                f"aws::Value to(const {name}& in, aws::Arena& arena);", ""]
    for name in structs.operations:
        operation = model["operations"][name]
        out += [f"struct {name} {{"]
        for side, alias in (("input", "Input"), ("output", "Output")):
            shape = operation.get(side, {}).get("shape")
            out.append(f"  using {alias} = {shape or 'aws::Empty'};")
        out += [f"  static constexpr OperationId kId = OperationId::{constant(name)};",
                f'  static constexpr std::string_view kName = "{name}";', "};", ""]
    out += [f"}}  // namespace lapwing::gen::{ns}", ""]
    return "\n".join(out)


def emit_source(model: dict, operations: list) -> str:
    structs = Structs(model, operations)
    ns = model["id"]
    out = [f"// Generated from models/{ns}.json by codegen/, for the operations in typed.json.",
           f'#include "gen/{ns}/types.hpp"', "", '#include "aws/codec.hpp"', "",
           f"namespace lapwing::gen::{ns} {{", ""]
    for name in structs.order:
        fields = [field for _, field, _ in structs.fields(name)]
        value, target = ("value", "out") if fields else ("", "")
        out.append(f"void from(const aws::Value&{' ' * bool(fields)}{value}, "
                   f"{name}&{' ' * bool(fields)}{target}) {{")
        out += [f"  aws::get_value(value[{i}], out.{field});" for i, field in enumerate(fields)]
        out += ["}", ""]
        if fields:
            out += [f"aws::Value to(const {name}& in, aws::Arena& arena) {{",
                    f"  auto slots = arena.make_array<aws::Value>({len(fields)});"]
            out += [f"  slots[{i}] = aws::put_value(in.{field}, arena);"
                    for i, field in enumerate(fields)]
            out += ["  return aws::Value::structure(slots);", "}", ""]
        else:
            out += [f"aws::Value to(const {name}&, aws::Arena&) {{",
                    "  return aws::Value::structure({});", "}", ""]
    out += [f"}}  // namespace lapwing::gen::{ns}", ""]
    return "\n".join(out)
