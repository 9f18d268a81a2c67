// rpc-v2-cbor: one CBOR document each way, the operation in the path, no HTTP bindings.
#include <fmt/core.h>

#include "aws/cbor_codec.hpp"
#include "aws/engine.hpp"
#include "aws/scalar.hpp"
#include "text/cbor.hpp"

namespace lapwing::aws {
namespace {

class RpcV2Cbor final : public ProtocolEngine {
 public:
  Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                           const Request& request, Arena& arena) const override {
    if (operation.input == kNone) return Value::structure({});
    return read_cbor(model, model.shape(operation.input), request.body, arena);
  }

  Response write_output(const ServiceModel& model, const OperationRow& operation,
                        const Value& output, std::string_view request_id) const override {
    Response response = start(200, request_id);
    if (operation.output == kNone) return response;
    response.set_header("Content-Type", "application/cbor");
    text::CborWriter out(response.body);
    write_cbor(model, model.shape(operation.output), output, out);
    return response;
  }

  Response write_error(const ServiceModel* model, const ErrorFacts& error,
                       std::string_view request_id) const override {
    Response response = start(error.status, request_id);
    response.set_header("Content-Type", "application/cbor");
    if (model != nullptr && model->query_compatible) {
      response.set_header("x-amzn-query-error", fmt::format("{};{}", error.query_code,
                                                            error.sender ? "Sender" : "Receiver"));
    }
    text::CborWriter out(response.body);
    out.begin_map(2 + error.fields.size());
    out.text("__type");
    out.text(fmt::format("{}{}", model != nullptr ? model->error_prefix : "", error.code));
    const bool capital = error.shape != nullptr &&
                         model->find_member(*error.shape, "message") == kNone &&
                         model->find_member(*error.shape, "Message") != kNone;
    out.text(capital ? "Message" : "message");
    out.text(error.message);
    for (const ErrorField& field : error.fields) write_field(model, error, field, out);
    return response;
  }

 private:
  // As its member's type wants it; text where the model has no such member.
  static void write_field(const ServiceModel* model, const ErrorFacts& error,
                          const ErrorField& field, text::CborWriter& out) {
    out.text(field.name);
    const std::uint16_t number = model == nullptr || error.shape == nullptr
                                     ? kNone
                                     : model->find_member(*error.shape, field.name);
    if (number == kNone) return out.text(field.value);
    const MemberRow& member = model->members_of(*error.shape)[number];
    const ShapeRow& shape = model->shape(member.shape);
    Arena arena;
    const auto value = parse_scalar(
        shape, field.value, timestamp_format(&member, shape, TimestampFormat::kIso8601), arena);
    value ? write_cbor(*model, shape, *value, out) : out.text(field.value);
  }

  static Response start(int status, std::string_view request_id) {
    Response response;
    response.status = status;
    response.set_header("smithy-protocol", "rpc-v2-cbor");
    response.set_header("x-amzn-RequestId", request_id);
    return response;
  }
};

}  // namespace

const ProtocolEngine& rpc_v2_cbor_engine() {
  static const RpcV2Cbor engine;
  return engine;
}

}  // namespace lapwing::aws
