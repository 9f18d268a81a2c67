// Descriptor tables of a service, generated from models/<service>.json + overlay by
// codegen/. Everything is constant data: rows hold offsets into one string pool and indexes
// into other rows, so that loading costs nothing and the pages are shared.
//
// Readers, writers, validator and router interpret these rows; nothing here knows a service.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lapwing::aws {

using StringRef = std::uint32_t;  // offset into ServiceModel::pool; 0 is the empty string
inline constexpr std::uint16_t kNone = 0xffff;

enum class ShapeKind : std::uint8_t {
  kStructure,
  kList,
  kMap,
  kString,
  kBlob,
  kBoolean,
  kInteger,  // 32 bits
  kLong,
  kFloat,
  kDouble,
  kTimestamp,
};

enum class Location : std::uint8_t {
  kBody,
  kUri,
  kQuery,
  kHeader,
  kPrefixHeaders,
  kStatusCode,
  kPayload,  // the member is the whole body
};

enum class TimestampFormat : std::uint8_t { kDefault, kEpochSeconds, kIso8601, kHttpDate };

enum class Protocol : std::uint8_t {
  kRestJson,
  kJson10,
  kJson11,
  kQuery,
  kRestXml,
  kEc2,
  kCbor,
};
std::string_view to_string(Protocol protocol);

struct ShapeFlags {
  static constexpr std::uint16_t kHasMin = 1;
  static constexpr std::uint16_t kHasMax = 2;
  static constexpr std::uint16_t kFlattened = 4;
  static constexpr std::uint16_t kSensitive = 8;
  static constexpr std::uint16_t kStreaming = 16;
  static constexpr std::uint16_t kUnion = 32;
  static constexpr std::uint16_t kEventStream = 64;
  static constexpr std::uint16_t kError = 128;
  static constexpr std::uint16_t kSenderFault = 256;
  static constexpr std::uint16_t kFault = 512;  // the service's fault
};

struct ShapeRow {
  StringRef name = 0;
  StringRef pattern = 0;
  StringRef error_code = 0;    // errors: the code on the wire
  StringRef query_code = 0;    // errors: the historic code (query, x-amzn-query-error)
  StringRef key_name = 0;      // maps: wire name of the key
  StringRef element_name = 0;  // lists and maps: wire name of an element or value
  StringRef xml_namespace = 0;
  std::uint32_t first = 0;        // structures: first member row; enums: first enum row
  std::uint16_t count = 0;        // structures: members; enums: values
  std::uint16_t key = kNone;      // maps
  std::uint16_t element = kNone;  // lists and maps
  std::uint16_t error_status = 0;
  std::uint16_t flags = 0;
  ShapeKind kind = ShapeKind::kStructure;
  TimestampFormat timestamp = TimestampFormat::kDefault;
  std::int64_t min = 0;
  std::int64_t max = 0;
  StringRef query_message = 0;  // errors: the query protocol's text, where it differs

  bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
};

struct MemberFlags {
  static constexpr std::uint8_t kRequired = 1;
  static constexpr std::uint8_t kFlattened = 2;
  static constexpr std::uint8_t kXmlAttribute = 4;
  static constexpr std::uint8_t kIdempotencyToken = 8;
  static constexpr std::uint8_t kStreaming = 16;     // a body, or an event stream, as it comes
  static constexpr std::uint8_t kEventPayload = 32;  // of an event: the message's payload
  static constexpr std::uint8_t kEventHeader = 64;   // of an event: a header of the message
};

struct MemberRow {
  StringRef name = 0;   // as in the model: "FunctionName"
  StringRef wire = 0;   // as on the wire: locationName, or the name
  StringRef query = 0;  // the same in the query protocol
  StringRef path = 0;   // as validation messages spell it: "functionName"
  std::uint16_t shape = 0;
  Location location = Location::kBody;
  TimestampFormat timestamp = TimestampFormat::kDefault;
  std::uint8_t flags = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

// What a shape, a member, or the elements of a list or map are called and declare in XML, where
// that differs from what their rows say. Few models have any: they are looked up.
struct XmlRow {
  // Which of the two: `kind` in the upper bits, the index of the shape or member row below.
  enum Kind : std::uint32_t { kShape = 0, kMember = 1, kElement = 2, kKey = 3 };
  std::uint32_t of = 0;
  StringRef name = 0;       // shapes: of the element, where it is a document's root
  StringRef attribute = 0;  // "xmlns" or "xmlns:prefix"
  StringRef uri = 0;

  static constexpr std::uint32_t key(Kind kind, std::size_t index) {
    return static_cast<std::uint32_t>(kind) << 24 | static_cast<std::uint32_t>(index);
  }
};

// One segment of an operation's URI.
struct SegmentRow {
  StringRef literal = 0;         // 0 for a label
  std::uint16_t member = kNone;  // the labelled input member
  bool greedy = false;           // {Key+}: takes the rest of the path
};

struct OperationRow {
  StringRef name = 0;
  StringRef method = 0;
  StringRef constant_query = 0;  // "find=LayerVersion&list-type" that must be present
  StringRef result_wrapper = 0;  // query; rest-xml: the root of the output
  std::uint16_t input = kNone;
  std::uint16_t output = kNone;
  std::uint16_t input_payload = kNone;  // member number
  std::uint16_t output_payload = kNone;
  std::uint16_t status = 200;
  std::uint16_t first_segment = 0;
  std::uint16_t segment_count = 0;
  std::uint16_t index = 0;  // own position: the value of the generated OperationId
  bool name_only = false;   // the model knows no more of it: it cannot be built
};

struct ServiceModel {
  std::string_view id;                       // "lambda": folder, scope name and log name
  std::string_view signing_name;             // "lambda"
  std::string_view target_prefix;            // "Logs_20140328", empty where there is none
  std::string_view api_version;              // "2015-03-31"
  std::string_view xml_namespace;            // query and rest-xml
  std::string_view validation_code;          // error code of failed validation
  std::string_view internal_code;            // error code of our own failures
  std::string_view error_prefix;             // json: "com.amazonaws.sqs#" before __type
  bool query_compatible = false;             // errors carry x-amzn-query-error
  std::string_view missing_code = {};        // of a missing parameter, where it is told alone
  std::string_view path_member = {};         // query: the input's member that a path stands for
  bool bare_errors = false;                  // rest-xml: no ErrorResponse around the Error
  std::span<const Protocol> protocols;       // in the model's order, then historic ones
  std::span<const OperationRow> operations;  // sorted by name
  std::span<const ShapeRow> shapes;
  std::span<const MemberRow> members;
  std::span<const StringRef> enums;
  std::span<const SegmentRow> segments;
  std::span<const XmlRow> xml;                    // by `of`
  std::span<const std::uint16_t> operation_hash;  // FNV-1a of the name, open addressing
  const char* pool = nullptr;

  std::string_view text(StringRef ref) const { return {pool + ref}; }
  const ShapeRow& shape(std::uint16_t index) const { return shapes[index]; }
  std::span<const MemberRow> members_of(const ShapeRow& shape) const {
    return members.subspan(shape.first, shape.count);
  }
  std::span<const StringRef> enum_of(const ShapeRow& shape) const {
    return enums.subspan(shape.first, shape.count);
  }
  std::string_view name(const OperationRow& operation) const { return text(operation.name); }
  // The member of a structure that is passed on as it comes; kNone where there is none.
  std::uint16_t streaming_member(std::uint16_t structure) const;

  bool speaks(Protocol protocol) const;
  // nullptr where nothing is said.
  const XmlRow* find_xml(XmlRow::Kind kind, std::size_t index) const;
  // nullptr where the service has no such operation.
  const OperationRow* find_operation(std::string_view operation_name) const;
  // The error shape with this code (or shape name); nullptr for codes the model lacks.
  const ShapeRow* find_error(std::string_view code) const;
  // Member number, or kNone.
  std::uint16_t find_member(const ShapeRow& shape, std::string_view member_name) const;
};

}  // namespace lapwing::aws
