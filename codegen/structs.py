"""Emits typed structs for a service's operations, one header for each.

gen/<service>/
  enums.hpp               constants of the enumerations
  shape/<structure>.hpp   one structure, or several that contain one another
  <operation>.hpp         an operation: the tag with its Input and Output
  errors.hpp, errors.cpp  a constructor for each error shape
  types_<n>.cpp           between the value tree and the structures
  types.hpp               all operations, for a table
"""
import re

from model import ModelError
from tables import constant, error_code

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
NUMBERS = {"bool": "false", "double": "0.0", "std::int32_t": "0", "std::int64_t": "0"}
STRUCTS_PER_SOURCE = 60
# By status; ErrorKind decides what is retried and what is logged.
KINDS = {401: "kDenied", 403: "kDenied", 404: "kNotFound", 408: "kTimeout", 409: "kConflict",
         412: "kConflict", 413: "kTooLarge", 429: "kThrottled", 503: "kUnavailable",
         504: "kTimeout"}
# Where the status is the one of everything (400, 500), as in most models of json services, the name
# tells; the first that fits.
NAMED_KINDS = [("Throttl|TooManyRequests|SlowDown|RateExceeded", "kThrottled"),
               ("NotFound$|^NoSuch|DoesNotExist$|NonExistent", "kNotFound"),
               ("AccessDenied|Unauthorized|NotAuthorized", "kDenied"),
               ("Unavailable$", "kUnavailable"),
               ("AlreadyExists$|Exists$|Conflict$|InUse$|AlreadyOwnedByYou$|ConcurrentModification|"
                "ConcurrentAccess", "kConflict"),
               ("TooLarge$|TooLong$", "kTooLarge")]


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
    """The structures that operations and errors need, in groups that contain one another."""

    def __init__(self, model: dict):
        self.model, self.shapes = model, model["shapes"]
        self.operations = sorted(name for name, operation in model["operations"].items()
                                 if not operation.get("name_only"))
        self.errors = sorted(n for n, s in self.shapes.items() if s.get("exception"))
        self.groups = []       # of names, those that a group needs before it
        self.group_of = {}
        self._index, self._low, self._stack = {}, {}, []
        for name in self.operations:
            for side in ("input", "output"):
                shape = model["operations"][name].get(side, {}).get("shape")
                if shape and shape not in self._index:
                    self._connect(shape)
        self.order = [name for group in self.groups for name in group]

    def needs(self, name: str) -> list:
        """The structures that a structure names, through lists and maps too."""
        found, seen, open_ = [], set(), [m["shape"] for _, m in
                                         sorted(self.shapes[name]["members"].items())]
        while open_:
            at = open_.pop(0)
            if at in seen:
                continue
            seen.add(at)
            shape = self.shapes[at]
            if shape["type"] == "structure":
                found.append(at)
            else:
                open_ += [shape[key]["shape"] for key in ("member", "key", "value") if key in shape]
        return found

    def _connect(self, name: str) -> None:
        """Tarjan's strongly connected components."""
        self._index[name] = self._low[name] = len(self._index)
        self._stack.append(name)
        for other in self.needs(name):
            if other not in self._index:
                self._connect(other)
                self._low[name] = min(self._low[name], self._low[other])
            elif other in self._stack:
                self._low[name] = min(self._low[name], self._index[other])
        if self._low[name] == self._index[name]:
            group = []
            while not group or group[-1] != name:
                group.append(self._stack.pop())
            group = self._ordered(sorted(group))
            self.groups.append(group)
            self.group_of.update({member: group for member in group})

    def _held(self, name: str) -> list:
        """What a structure holds in lists and maps, which have to know their elements."""
        members = self.shapes[name]["members"]
        direct = {m["shape"] for m in members.values()}
        return [other for other in self.needs(name) if other not in direct]

    def _ordered(self, group: list) -> list:
        """Each structure after those it holds in lists and maps."""
        order, open_ = [], set()

        def place(name: str) -> None:
            if name in open_:
                raise ModelError(f"{self.model['id']}: {name} and another structure hold one "
                                 f"another in lists; typed structs cannot")
            if name in order:
                return
            open_.add(name)
            for other in self._held(name):
                if other in group and other != name:
                    place(other)
            open_.remove(name)
            order.append(name)

        for name in group:
            place(name)
        return order

    def enums(self) -> list:
        return sorted(n for n, s in self.shapes.items() if "enum" in s and "@" not in n)

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
            target = shape["members"][member]["shape"]
            kind = self.type_of(target)
            if target in self.group_of.get(name, []) and self.is_recursive(name):
                kind = f"aws::Boxed<{kind}>"  # may be absent, so that it can end somewhere
            elif member not in required:
                kind = f"std::optional<{kind}>"
            elif kind in NUMBERS:
                out.append((kind, snake(member), f" = {NUMBERS[kind]}"))
                continue
            # Initialised, so that designated initialisers may leave members out.
            out.append((kind, snake(member), "{}"))
        return out

    def is_recursive(self, name: str) -> bool:
        return len(self.group_of[name]) > 1 or name in self.needs(name)

    def header_of(self, name: str) -> str:
        return f"gen/{self.model['id']}/shape/{snake(self.group_of[name][0].split('@')[0])}.hpp"


def head(ns: str, *lines: str) -> list:
    return [f"// Generated from models/{ns}.json by codegen/.", *lines]


def closing(ns: str) -> list:
    return [f"}}  // namespace lapwing::gen::{ns}", ""]


def emit_enums(structs: Structs) -> str:
    ns = structs.model["id"]
    out = head(ns, "#pragma once", "", "#include <string_view>", "",
               f"namespace lapwing::gen::{ns} {{", "")
    for name in structs.enums():
        out.append(f"struct {name} {{")
        seen = set()
        for value in structs.shapes[name]["enum"]:
            symbol = enum_constant(value)
            if symbol in seen:
                raise ModelError(f"{ns} {name}: two values become {symbol}")
            seen.add(symbol)
            out.append(f'  static constexpr std::string_view {symbol} = "{value}";')
        out += ["};", ""]
    return "\n".join(out + closing(ns))


def emit_shape(structs: Structs, group: list) -> str:
    ns = structs.model["id"]
    others = sorted({structs.header_of(other) for name in group for other in structs.needs(name)
                     if other not in group})
    own = ['"aws/arena.hpp"', '"aws/value.hpp"']
    if any(structs.is_recursive(name) for name in group):
        own.insert(1, '"aws/boxed.hpp"')
    text = " ".join(kind for name in group for kind, _, _ in structs.fields(name))
    if "WallTime" in text:
        own.append('"base/clock.hpp"')
    out = head(ns, "// Optional members that were absent are nullopt; blobs are decoded bytes.",
               "#pragma once", "", "#include <cstdint>", "#include <map>", "#include <optional>",
               "#include <string>", "#include <vector>", "",
               *[f"#include {header}" for header in own],
               *[f'#include "{header}"' for header in others], "",
               f"namespace lapwing::gen::{ns} {{", "")
    if len(group) > 1:
        out += [f"struct {name};" for name in group] + [""]
    for name in group:
        out.append(f"struct {name} {{")
        out += [f"  {kind} {field}{initial};" for kind, field, initial in structs.fields(name)]
        out += [f"  bool operator==(const {name}&) const = default;", "};",
                f"void from(const aws::Value& value, {name}& out);",
                f"aws::Value to(const {name}& in, aws::Arena& arena);", ""]
    return "\n".join(out + closing(ns))


def emit_operation(structs: Structs, name: str) -> str:
    ns = structs.model["id"]
    operation = structs.model["operations"][name]
    sides = [(alias, operation.get(side, {}).get("shape"))
             for side, alias in (("input", "Input"), ("output", "Output"))]
    headers = {structs.header_of(shape) for _, shape in sides if shape}
    headers |= {f"gen/{ns}/model.hpp"} | ({"aws/empty.hpp"} if not all(s for _, s in sides) else set())
    out = head(ns, "#pragma once", "", "#include <string_view>", "",
               *[f'#include "{header}"' for header in sorted(headers)], "",
               f"namespace lapwing::gen::{ns} {{", "", f"struct {name} {{")
    out += [f"  using {alias} = {shape or 'aws::Empty'};" for alias, shape in sides]
    out += ["  static constexpr const aws::ServiceModel& kService = kModel;",
            f"  static constexpr OperationId kId = OperationId::{constant(name)};",
            f'  static constexpr std::string_view kName = "{name}";', "};", ""]
    return "\n".join(out + closing(ns))


def emit_umbrella(structs: Structs) -> str:
    ns = structs.model["id"]
    return "\n".join(head(ns, "#pragma once", "", f'#include "gen/{ns}/enums.hpp"',
                          *[f'#include "gen/{ns}/{snake(name)}.hpp"'
                            for name in structs.operations], ""))


def emit_source(structs: Structs, names: list) -> str:
    ns = structs.model["id"]
    headers = sorted({structs.header_of(name) for name in names})
    out = head(ns, '#include "aws/codec.hpp"', *[f'#include "{header}"' for header in headers], "",
               f"namespace lapwing::gen::{ns} {{", "")
    for name in names:
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
    return "\n".join(out + closing(ns))


def error_kind(name: str, shape: dict, status: int) -> str:
    """From the traits of the error: that it is retried as throttling, its status, whose fault it is;
    then from what it is called."""
    retryable = shape.get("retryable")
    if retryable and retryable.get("throttling"):
        return "kThrottled"
    plain = re.sub(r"(Exception|Error)$", "", name)
    if status < 500 and re.search(NAMED_KINDS[0][0], plain):
        return "kThrottled"  # whatever a service has always answered: RequestThrottled is 403
    if status in KINDS:
        return KINDS[status]
    ours = status >= 500 or bool(shape.get("fault"))
    if status in (400, 500):
        for pattern, kind in NAMED_KINDS:
            if re.search(pattern, plain) and ours == (kind == "kUnavailable"):
                return kind
    if ours:
        return "kUnavailable" if retryable is not None else "kInternal"
    return "kInvalid"


def error_rows(structs: Structs) -> list:
    """(function, code, status, kind, members beside the message) of each error shape."""
    out = []
    for name in structs.errors:
        shape = structs.shapes[name]
        error = shape.get("error", {})
        status = error.get("httpStatusCode", 500 if shape.get("fault") else 400)
        kind = error_kind(name, shape, status)
        members = [m for m in sorted(shape["members"]) if m.lower() != "message"]
        function = re.sub(r"_(exception|error)$", "", snake(name))
        out.append((function if function not in KEYWORDS else function + "_",
                    error_code(structs.model, name), status, kind, members))
    names = [row[0] for row in out]
    return [(row[0] if names.count(row[0]) == 1 else snake(name), *row[1:])
            for row, name in zip(out, structs.errors)]


def emit_errors_header(structs: Structs) -> str:
    ns = structs.model["id"]
    out = head(ns, "// An error of each shape in the model: its code and status are the model's, its",
               "// members are set with Error::with_field().", "#pragma once", "",
               "#include <string>", "", '#include "base/result.hpp"', "",
               f"namespace lapwing::gen::{ns}::errors {{", "")
    for function, code, status, _, members in error_rows(structs):
        note = f"; members: {', '.join(members)}" if members else ""
        out += [f"// {code}, {status}{note}.", f"Error {function}(std::string message);"]
    return "\n".join(out + ["", f"}}  // namespace lapwing::gen::{ns}::errors", ""])


def emit_errors_source(structs: Structs) -> str:
    ns = structs.model["id"]
    out = head(ns, f'#include "gen/{ns}/errors.hpp"', "", "#include <utility>", "",
               f"namespace lapwing::gen::{ns}::errors {{", "")
    for function, code, status, kind, _ in error_rows(structs):
        out += [f"Error {function}(std::string message) {{",
                f'  return Error(ErrorKind::{kind}, "{code}", std::move(message))'
                f".with_status({status});", "}"]
    return "\n".join(out + ["", f"}}  // namespace lapwing::gen::{ns}::errors", ""])


def emit(model: dict) -> dict:
    """Every file but the tables, by its path below gen/<service>/."""
    structs = Structs(model)
    ns = model["id"]
    out = {"enums.hpp": emit_enums(structs), "types.hpp": emit_umbrella(structs),
           "errors.hpp": emit_errors_header(structs), "errors.cpp": emit_errors_source(structs)}
    for group in structs.groups:
        out[structs.header_of(group[0]).removeprefix(f"gen/{ns}/")] = emit_shape(structs, group)
    for name in structs.operations:
        path = f"{snake(name)}.hpp"
        if path in out:
            raise ModelError(f"{ns}: operation {name} has the name of another file")
        out[path] = emit_operation(structs, name)
    for number, start in enumerate(range(0, len(structs.order), STRUCTS_PER_SOURCE)):
        names = structs.order[start:start + STRUCTS_PER_SOURCE]
        out[f"types_{number}.cpp"] = emit_source(structs, names)
    return out
