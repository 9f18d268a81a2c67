#include "aws/xml_codec.hpp"

#include "aws/scalar.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

struct XmlOut {
  const ServiceModel& model;
  text::XmlWriter& out;

  void members(const ShapeRow& shape, const Value& value) {
    const auto rows = model.members_of(shape);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].has(MemberFlags::kXmlAttribute) && value[i].present()) {
        out.attribute(model.text(rows[i].wire), value[i].as_string());
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool body =
          rows[i].location == Location::kBody && !rows[i].has(MemberFlags::kXmlAttribute);
      if (body && value[i].present()) {
        member(&rows[i], model.shape(rows[i].shape), model.text(rows[i].query), value[i]);
      }
    }
  }

  void member(const MemberRow* row, const ShapeRow& shape, std::string_view name,
              const Value& value) {
    const bool flat =
        shape.has(ShapeFlags::kFlattened) || (row != nullptr && row->has(MemberFlags::kFlattened));
    switch (shape.kind) {
      case ShapeKind::kStructure:
        out.begin(name);
        members(shape, value);
        out.end();
        return;
      case ShapeKind::kList:
        return list(shape, name, value, flat);
      case ShapeKind::kMap:
        return map(shape, name, value, flat);
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
    out.element(
        name, format_scalar(shape, value, timestamp_format(row, shape, TimestampFormat::kIso8601)));
  }

  void list(const ShapeRow& shape, std::string_view name, const Value& value, bool flat) {
    const ShapeRow& element = model.shape(shape.element);
    const std::string_view element_name = model.text(shape.element_name);
    if (!flat) out.begin(name);
    for (const Value& item : value.items()) {
      // A flattened list with a name for its elements uses that instead of the member's.
      const bool own = !flat || element_name != "member";
      member(nullptr, element, own ? element_name : name, item);
    }
    if (!flat) out.end();
  }

  void map(const ShapeRow& shape, std::string_view name, const Value& value, bool flat) {
    if (!flat) out.begin(name);
    for (const MapEntry& entry : value.entries()) {
      out.begin(flat ? name : "entry");
      out.element(model.text(shape.key_name), entry.key.as_string());
      member(nullptr, model.shape(shape.element), model.text(shape.element_name), entry.value);
      out.end();
    }
    if (!flat) out.end();
  }
};

}  // namespace

void write_xml_members(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                       text::XmlWriter& out) {
  XmlOut{model, out}.members(shape, value);
}

}  // namespace lapwing::aws
