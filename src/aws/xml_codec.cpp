#include "aws/xml_codec.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "aws/http_binding.hpp"
#include "aws/scalar.hpp"
#include "text/xml_reader.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

constexpr TimestampFormat kXmlTime = TimestampFormat::kIso8601;

bool is_flat(const MemberRow* row, const ShapeRow& shape) {
  return shape.has(ShapeFlags::kFlattened) || (row != nullptr && row->has(MemberFlags::kFlattened));
}

struct XmlOut {
  const ServiceModel& model;
  XmlStyle style;
  text::XmlWriter& out;

  // What a member or the elements of a list declare; in rest-xml, else what their structure does.
  // The attribute that it is.
  std::string_view declare(const XmlRow* own, const ShapeRow& shape) {
    if ((own == nullptr || own->uri == 0) && style == XmlStyle::kRest &&
        shape.kind == ShapeKind::kStructure) {
      own = model.find_xml(XmlRow::kShape, index_of(shape));
    }
    if (own == nullptr || own->uri == 0) return {};
    out.attribute(model.text(own->attribute), model.text(own->uri));
    return model.text(own->attribute);
  }

  std::size_t index_of(const ShapeRow& shape) const {
    return static_cast<std::size_t>(&shape - model.shapes.data());
  }
  const XmlRow* said_of(const MemberRow& row) const {
    return model.find_xml(XmlRow::kMember, static_cast<std::size_t>(&row - model.members.data()));
  }

  // `declared`: the attribute that has declared a name space already, or nothing.
  void members(const ShapeRow& shape, const Value& value, std::string_view declared) {
    const auto rows = model.members_of(shape);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].has(MemberFlags::kXmlAttribute) && value[i].present()) {
        const ShapeRow& of = model.shape(rows[i].shape);
        attribute(shape, model.text(rows[i].wire),
                  format_scalar(of, value[i], timestamp_format(&rows[i], of, kXmlTime)), declared);
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool body = is_written_in_body(rows[i]) && !rows[i].has(MemberFlags::kXmlAttribute);
      if (body && value[i].present()) {
        const StringRef name = style == XmlStyle::kQuery ? rows[i].query : rows[i].wire;
        member(&rows[i], model.shape(rows[i].shape), model.text(name), value[i], said_of(rows[i]));
      }
    }
  }

  // "xsi:type" needs its prefix declared: the structure's own name space.
  void attribute(const ShapeRow& shape, std::string_view name, std::string_view value,
                 std::string_view declared) {
    const std::size_t colon = name.find(':');
    if (colon != std::string_view::npos) {
      const std::string needed = "xmlns:" + std::string(name.substr(0, colon));
      if (needed != declared) out.attribute(needed, model.text(shape.xml_namespace));
    }
    out.attribute(name, value);
  }

  void member(const MemberRow* row, const ShapeRow& shape, std::string_view name,
              const Value& value, const XmlRow* said) {
    const bool flat = is_flat(row, shape);
    switch (shape.kind) {
      case ShapeKind::kStructure:
        out.begin(name);
        members(shape, value, declare(said, shape));
        out.end();
        return;
      case ShapeKind::kList:
        return list(shape, name, value, flat, said);
      case ShapeKind::kMap:
        return map(shape, name, value, flat, said);
      case ShapeKind::kString:
      case ShapeKind::kBlob:
      case ShapeKind::kBoolean:
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
      case ShapeKind::kTimestamp:
        break;
    }
    out.begin(name);
    declare(said, shape);
    out.text(format_scalar(shape, value, timestamp_format(row, shape, kXmlTime)));
    out.end();
  }

  void list(const ShapeRow& shape, std::string_view name, const Value& value, bool flat,
            const XmlRow* said) {
    const ShapeRow& element = model.shape(shape.element);
    const std::string_view element_name = model.text(shape.element_name);
    const XmlRow* const each = model.find_xml(XmlRow::kElement, index_of(shape));
    if (!flat) open(name, shape, said);
    for (const Value& item : value.items()) {
      // In query a list that is flattened by its shape, with a name for its elements, uses that,
      // not the member's.
      const bool own = !flat || (style == XmlStyle::kQuery && shape.has(ShapeFlags::kFlattened) &&
                                 element_name != "member");
      member(nullptr, element, own ? element_name : name, item, each);
    }
    if (!flat) out.end();
  }

  void open(std::string_view name, const ShapeRow& shape, const XmlRow* said) {
    out.begin(name);
    declare(said, shape);
  }

  void map(const ShapeRow& shape, std::string_view name, const Value& value, bool flat,
           const XmlRow* said) {
    const XmlRow* const of_keys = model.find_xml(XmlRow::kKey, index_of(shape));
    const XmlRow* const of_values = model.find_xml(XmlRow::kElement, index_of(shape));
    if (!flat) open(name, shape, said);
    for (const MapEntry& entry : value.entries()) {
      flat ? open(name, shape, said) : out.begin("entry");
      member(nullptr, model.shape(shape.key), model.text(shape.key_name), entry.key, of_keys);
      member(nullptr, model.shape(shape.element), model.text(shape.element_name), entry.value,
             of_values);
      out.end();
    }
    if (!flat) out.end();
  }
};

struct XmlIn {
  const ServiceModel& model;
  Arena& arena;

  Result<Value> members(const ShapeRow& shape, const text::XmlElement& element) {
    const auto rows = model.members_of(shape);
    auto slots = arena.make_array<Value>(rows.size());
    std::size_t set = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].location != Location::kBody) continue;
      LAPWING_TRY(slots[i], member(rows[i], element));
      set += slots[i].present() ? 1 : 0;
    }
    if (shape.has(ShapeFlags::kUnion) && set != 1) {
      return fail(serialization_error("Exactly one member of a union must be set."));
    }
    return Value::structure(slots);
  }

  Result<Value> member(const MemberRow& row, const text::XmlElement& parent) {
    const ShapeRow& shape = model.shape(row.shape);
    const std::string_view name = model.text(row.wire);
    if (row.has(MemberFlags::kXmlAttribute)) {
      const std::string* text = parent.attribute(name);
      return text == nullptr ? Value() : scalar(&row, shape, *text);
    }
    if (is_flat(&row, shape)) {
      const auto found = named(parent, name);
      if (found.empty()) return Value();
      return shape.kind == ShapeKind::kMap ? map(shape, found) : list(shape, found);
    }
    const text::XmlElement* found = parent.find(name);
    return found == nullptr ? Value() : value(&row, shape, *found);
  }

  Result<Value> value(const MemberRow* row, const ShapeRow& shape,
                      const text::XmlElement& element) {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        return members(shape, element);
      case ShapeKind::kList:
        return list(shape, named(element, model.text(shape.element_name)));
      case ShapeKind::kMap:
        return map(shape, named(element, "entry"));
      case ShapeKind::kString:
      case ShapeKind::kBlob:
      case ShapeKind::kBoolean:
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
      case ShapeKind::kTimestamp:
        break;
    }
    return scalar(row, shape, element.text);
  }

  Result<Value> scalar(const MemberRow* row, const ShapeRow& shape, std::string_view text) {
    return parse_scalar(shape, arena.copy(text),
                        timestamp_format(row, shape, TimestampFormat::kIso8601), arena);
  }

  using Elements = std::vector<const text::XmlElement*>;
  static Elements named(const text::XmlElement& parent, std::string_view name) {
    Elements out;
    for (const text::XmlElement& child : parent.children) {
      if (child.local_name() == name) out.push_back(&child);
    }
    return out;
  }

  Result<Value> list(const ShapeRow& shape, const Elements& elements) {
    auto items = arena.make_array<Value>(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      LAPWING_TRY(items[i], value(nullptr, model.shape(shape.element), *elements[i]));
    }
    return Value::list(items);
  }

  Result<Value> map(const ShapeRow& shape, const Elements& elements) {
    auto entries = arena.make_array<MapEntry>(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const text::XmlElement* key = elements[i]->find(model.text(shape.key_name));
      const text::XmlElement* held = elements[i]->find(model.text(shape.element_name));
      if (key == nullptr || held == nullptr) {
        return fail(serialization_error("An entry of a map needs a key and a value."));
      }
      entries[i].key = Value::string(arena.copy(key->text));
      LAPWING_TRY(entries[i].value, value(nullptr, model.shape(shape.element), *held));
    }
    return Value::map(entries);
  }
};

}  // namespace

void write_xml_members(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                       XmlStyle style, text::XmlWriter& out) {
  XmlOut{model, style, out}.members(shape, value, {});
}

void write_xml_root(const ServiceModel& model, const MemberRow* member, const ShapeRow& shape,
                    std::string_view name, const Value& value, text::XmlWriter& out) {
  XmlOut writer{model, XmlStyle::kRest, out};
  const XmlRow* const own = member == nullptr ? nullptr : writer.said_of(*member);
  out.begin(name);
  std::string_view declared = writer.declare(own, shape);
  if (declared.empty() && !model.xml_namespace.empty()) {
    out.attribute("xmlns", model.xml_namespace);
    declared = "xmlns";
  }
  writer.members(shape, value, declared);
  out.end();
}

Result<Value> read_xml_members(const ServiceModel& model, const ShapeRow& shape,
                               const text::XmlElement& element, Arena& arena) {
  return XmlIn{model, arena}.members(shape, element);
}

}  // namespace lapwing::aws
