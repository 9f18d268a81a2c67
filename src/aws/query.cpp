// query: form fields in, XML out. STS, IAM, SNS, and SQS as older clients speak it.
#include <fmt/core.h>

#include "aws/engine.hpp"
#include "aws/query_codec.hpp"
#include "aws/xml_codec.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

constexpr std::string_view kContentType = "text/xml";

class Query final : public ProtocolEngine {
 public:
  Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                           const Request& request, Arena& arena) const override {
    if (operation.input == kNone) return Value::structure({});
    const ShapeRow& shape = model.shape(operation.input);
    LAPWING_TRY(Value input, read_query(model, shape, request.raw_query, request.body, arena));
    const std::uint16_t member = model.find_member(shape, model.path_member);
    if (model.path_member.empty() || member == kNone || input[member].present()) return input;
    if (request.raw_path.size() <= 1) return input;
    // The request was sent to what it is about.
    auto slots = arena.make_array<Value>(shape.count);
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = input[i];
    slots[member] = Value::string(arena.copy(request.raw_path));
    return Value::structure(slots);
  }

  Response write_output(const ServiceModel& model, const OperationRow& operation,
                        const Value& output, std::string_view request_id) const override {
    Response response = rpc_response(200, kContentType, request_id);
    text::XmlWriter xml(response.body);
    xml.begin(fmt::format("{}Response", model.name(operation)));
    xml.attribute("xmlns", model.xml_namespace);
    if (operation.output != kNone) {
      xml.begin(model.text(operation.result_wrapper));
      write_xml_members(model, model.shape(operation.output), output, XmlStyle::kQuery, xml);
      xml.end();
    }
    xml.begin("ResponseMetadata");
    xml.element("RequestId", request_id);
    xml.end();
    xml.end();
    return response;
  }

  Response write_error(const ServiceModel* model, const ErrorFacts& error,
                       std::string_view request_id) const override {
    Response response = rpc_response(error.status, kContentType, request_id);
    if (error.code == "UnknownOperationException") {
      // What the front end answers that knows no action (recorded: SQS).
      response.body = "<UnknownOperationException/>\n";
      return response;
    }
    text::XmlWriter xml(response.body);
    xml.begin("ErrorResponse");
    if (model != nullptr && !model->xml_namespace.empty()) {
      xml.attribute("xmlns", model->xml_namespace);
    }
    xml.begin("Error");
    xml.element("Type", error.sender ? "Sender" : "Receiver");
    xml.element("Code", error.query_code);
    const bool other_text =
        model != nullptr && error.shape != nullptr && error.shape->query_message != 0;
    xml.element("Message", other_text ? model->text(error.shape->query_message) : error.message);
    for (const ErrorField& field : error.fields) xml.element(field.name, field.value);
    xml.end();
    xml.element("RequestId", request_id);
    xml.end();
    return response;
  }
};

}  // namespace

const ProtocolEngine& query_engine() {
  static const Query engine;
  return engine;
}

}  // namespace lapwing::aws
