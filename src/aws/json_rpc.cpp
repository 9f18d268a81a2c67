// json 1.0 and 1.1: one JSON document each way, the operation in X-Amz-Target. The two
// differ in the content type alone.
#include <fmt/core.h>

#include "aws/engine.hpp"
#include "aws/json_codec.hpp"
#include "text/json_writer.hpp"

namespace lapwing::aws {
namespace {

class JsonRpc final : public ProtocolEngine {
 public:
  explicit JsonRpc(std::string_view content_type) : content_type_(content_type) {}

  Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                           const Request& request, Arena& arena) const override {
    if (operation.input == kNone) return Value::structure({});
    return read_json_text(model, model.shape(operation.input), request.body, arena);
  }

  Response write_output(const ServiceModel& model, const OperationRow& operation,
                        const Value& output, std::string_view request_id) const override {
    Response response = rpc_response(200, content_type_, request_id);
    if (operation.output == kNone) return response;
    text::JsonWriter json(response.body);
    write_json(model, model.shape(operation.output), output, json);
    return response;
  }

  Response write_error(const ServiceModel* model, const ErrorFacts& error,
                       std::string_view request_id) const override {
    Response response = rpc_response(error.status, content_type_, request_id);
    const bool modelled = model != nullptr && error.shape != nullptr;
    if (model != nullptr && model->query_compatible) {
      response.set_header("x-amzn-query-error", fmt::format("{};{}", error.query_code,
                                                            error.sender ? "Sender" : "Receiver"));
    }
    const bool capital = modelled && model->find_member(*error.shape, "message") == kNone &&
                         model->find_member(*error.shape, "Message") != kNone;
    text::JsonWriter json(response.body);
    json.begin_object();
    json.member("__type",
                fmt::format("{}{}", model != nullptr ? model->error_prefix : "", error.code));
    for (const ErrorField& field : error.fields) json.member(field.name, field.value);
    json.member(capital ? "Message" : "message", error.message);
    json.end_object();
    return response;
  }

 private:
  std::string_view content_type_;
};

}  // namespace

const ProtocolEngine& json10_engine() {
  static const JsonRpc engine("application/x-amz-json-1.0");
  return engine;
}

const ProtocolEngine& json11_engine() {
  static const JsonRpc engine("application/x-amz-json-1.1");
  return engine;
}

}  // namespace lapwing::aws
