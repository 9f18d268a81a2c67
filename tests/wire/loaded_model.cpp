#include "loaded_model.hpp"

#include <cstddef>

#include "text/base64.hpp"

namespace lapwing::aws {
namespace {

// The numbers of one row, one after the other; 0 beyond its end.
class Row {
 public:
  explicit Row(const text::JsonValue& json) : json_(json) {}
  template <class T>
  Row& operator>>(T& out) {
    const std::int64_t number =
        at_ < json_.items().size() ? json_.items()[at_].as_int64().value_or(0) : 0;
    ++at_;
    out = static_cast<T>(number);
    return *this;
  }

 private:
  const text::JsonValue& json_;
  std::size_t at_ = 0;
};

ShapeRow shape_of(const text::JsonValue& json) {
  ShapeRow out;
  Row(json) >> out.name >> out.pattern >> out.error_code >> out.query_code >> out.key_name >>
      out.element_name >> out.xml_namespace >> out.first >> out.count >> out.key >> out.element >>
      out.error_status >> out.flags >> out.kind >> out.timestamp >> out.min >> out.max >>
      out.query_message;
  return out;
}

MemberRow member_of(const text::JsonValue& json) {
  MemberRow out;
  Row(json) >> out.name >> out.wire >> out.query >> out.path >> out.shape >> out.location >>
      out.timestamp >> out.flags;
  return out;
}

OperationRow operation_of(const text::JsonValue& json) {
  OperationRow out;
  Row(json) >> out.name >> out.method >> out.constant_query >> out.result_wrapper >> out.input >>
      out.output >> out.input_payload >> out.output_payload >> out.status >> out.first_segment >>
      out.segment_count >> out.index;
  return out;
}

template <class T, class Fn>
std::vector<T> rows(const text::JsonValue& json, std::string_view key, Fn fn) {
  std::vector<T> out;
  for (const text::JsonValue& row : json.find(key)->items()) out.push_back(fn(row));
  return out;
}

std::string text_of(const text::JsonValue& json, std::string_view key) {
  return std::string(json.find(key)->as_string());
}

}  // namespace

LoadedModel::LoadedModel(const text::JsonValue& json)
    : pool_(text::base64_decode(text_of(json, "pool")).value()),
      id_(text_of(json, "id")),
      signing_name_(text_of(json, "signing_name")),
      target_prefix_(text_of(json, "target_prefix")),
      api_version_(text_of(json, "api_version")),
      xml_namespace_(text_of(json, "xml_namespace")),
      operations_(rows<OperationRow>(json, "operations", operation_of)),
      shapes_(rows<ShapeRow>(json, "shapes", shape_of)),
      members_(rows<MemberRow>(json, "members", member_of)) {
  const auto number = [](const text::JsonValue& row) { return row.as_int64().value_or(0); };
  protocols_ = rows<Protocol>(json, "protocols",
                              [&](const text::JsonValue& row) { return Protocol(number(row)); });
  enums_ = rows<StringRef>(json, "enums",
                           [&](const text::JsonValue& row) { return StringRef(number(row)); });
  hash_ = rows<std::uint16_t>(
      json, "hash", [&](const text::JsonValue& row) { return std::uint16_t(number(row)); });
  segments_ = rows<SegmentRow>(json, "segments", [](const text::JsonValue& row) {
    SegmentRow out;
    Row(row) >> out.literal >> out.member >> out.greedy;
    return out;
  });
  xml_ = rows<XmlRow>(json, "xml", [](const text::JsonValue& row) {
    XmlRow out;
    Row(row) >> out.of >> out.name >> out.attribute >> out.uri;
    return out;
  });
  model_.id = id_;
  model_.signing_name = signing_name_;
  model_.target_prefix = target_prefix_;
  model_.api_version = api_version_;
  model_.xml_namespace = xml_namespace_;
  model_.validation_code = "ValidationException";
  model_.internal_code = "InternalFailure";
  model_.query_compatible = json.find("query_compatible")->as_bool();
  model_.protocols = protocols_;
  model_.operations = operations_;
  model_.shapes = shapes_;
  model_.members = members_;
  model_.enums = enums_;
  model_.segments = segments_;
  model_.xml = xml_;
  model_.operation_hash = hash_;
  model_.pool = pool_.data();
}

}  // namespace lapwing::aws
