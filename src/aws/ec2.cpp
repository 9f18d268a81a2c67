// ec2: query's form fields in, with names that begin with a capital, and XML out without a wrapper
// for the result.
#include <fmt/core.h>

#include "aws/engine.hpp"
#include "aws/query_codec.hpp"
#include "aws/xml_codec.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

constexpr std::string_view kContentType = "text/xml;charset=UTF-8";

class Ec2 final : public ProtocolEngine {
 public:
  Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                           const Request& request, Arena& arena) const override {
    if (operation.input == kNone) return Value::structure({});
    return read_query(model, model.shape(operation.input), request.raw_query, request.body, arena);
  }

  Response write_output(const ServiceModel& model, const OperationRow& operation,
                        const Value& output, std::string_view request_id) const override {
    Response response = rpc_response(200, kContentType, request_id);
    text::XmlWriter xml(response.body);
    xml.declaration();
    xml.begin(fmt::format("{}Response", model.name(operation)));
    if (!model.xml_namespace.empty()) xml.attribute("xmlns", model.xml_namespace);
    xml.element("requestId", request_id);
    if (operation.output != kNone) {
      write_xml_members(model, model.shape(operation.output), output, XmlStyle::kEc2, xml);
    }
    xml.end();
    return response;
  }

  Response write_error(const ServiceModel*, const ErrorFacts& error,
                       std::string_view request_id) const override {
    Response response = rpc_response(error.status, kContentType, request_id);
    text::XmlWriter xml(response.body);
    xml.declaration();
    xml.begin("Response");
    xml.begin("Errors");
    xml.begin("Error");
    xml.element("Code", error.code);
    xml.element("Message", error.message);
    for (const ErrorField& field : error.fields) xml.element(field.name, field.value);
    xml.end();
    xml.end();
    xml.element("RequestID", request_id);
    xml.end();
    return response;
  }
};

}  // namespace

const ProtocolEngine& ec2_engine() {
  static const Ec2 engine;
  return engine;
}

}  // namespace lapwing::aws
