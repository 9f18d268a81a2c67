#include "aws/model.hpp"

#include <algorithm>

namespace lapwing::aws {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRestJson:
      return "rest-json";
    case Protocol::kJson10:
      return "json-1.0";
    case Protocol::kJson11:
      return "json-1.1";
    case Protocol::kQuery:
      return "query";
    case Protocol::kRestXml:
      return "rest-xml";
    case Protocol::kEc2:
      return "ec2";
    case Protocol::kCbor:
      return "rpc-v2-cbor";
  }
  return "";
}

bool ServiceModel::speaks(Protocol protocol) const {
  // json 1.0 and 1.1 differ in the content type only, and either is accepted.
  const bool json = protocol == Protocol::kJson10 || protocol == Protocol::kJson11;
  return std::ranges::any_of(protocols, [&](Protocol own) {
    return own == protocol || (json && (own == Protocol::kJson10 || own == Protocol::kJson11));
  });
}

const OperationRow* ServiceModel::find_operation(std::string_view operation_name) const {
  if (operation_hash.empty()) return nullptr;
  std::uint32_t hash = 2166136261U;  // FNV-1a, as in codegen/tables.py
  for (const char c : operation_name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  const std::size_t mask = operation_hash.size() - 1;
  for (std::size_t at = hash & mask; operation_hash[at] != kNone; at = (at + 1) & mask) {
    const OperationRow& operation = operations[operation_hash[at]];
    if (text(operation.name) == operation_name) return &operation;
  }
  return nullptr;
}

const ShapeRow* ServiceModel::find_error(std::string_view code) const {
  for (const ShapeRow& row : shapes) {
    if (!row.has(ShapeFlags::kError)) continue;
    if (text(row.error_code) == code || text(row.name) == code) return &row;
  }
  return nullptr;
}

const XmlRow* ServiceModel::find_xml(XmlRow::Kind kind, std::size_t index) const {
  const std::uint32_t of = XmlRow::key(kind, index);
  const auto found = std::ranges::lower_bound(xml, of, {}, &XmlRow::of);
  return found != xml.end() && found->of == of ? &*found : nullptr;
}

std::uint16_t ServiceModel::streaming_member(std::uint16_t structure) const {
  if (structure == kNone) return kNone;
  const auto rows = members_of(shape(structure));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].has(MemberFlags::kStreaming)) return static_cast<std::uint16_t>(i);
  }
  return kNone;
}

std::uint16_t ServiceModel::find_member(const ShapeRow& shape, std::string_view member_name) const {
  const auto rows = members_of(shape);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (text(rows[i].name) == member_name) return static_cast<std::uint16_t>(i);
  }
  return kNone;
}

}  // namespace lapwing::aws
