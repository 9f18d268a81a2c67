// rest-xml: HTTP bindings around an XML body. S3.
#include "aws/engine.hpp"
#include "aws/http_binding.hpp"
#include "aws/scalar.hpp"
#include "aws/xml_codec.hpp"
#include "text/xml_reader.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

constexpr int kNoContent = 204;

// S3's code for what is no XML; S3 is the one service that speaks this.
Error malformed(const Error& error) {
  return Error(ErrorKind::kInvalid, "MalformedXML",
               "The XML you provided was not well-formed or did not validate against our published "
               "schema")
      .with_status(400)
      .with_detail(error.message());
}

// A structure of the body; absent where there is none.
Result<Value> read_document(const ServiceModel& model, const ShapeRow& shape, std::string_view body,
                            Arena& arena) {
  if (body.empty()) return Value();
  const auto root = text::parse_xml(body);
  if (!root) return fail(malformed(root.error()));
  auto value = read_xml_members(model, shape, *root, arena);
  if (!value) return fail(malformed(value.error()));
  return value;
}

class RestXml final : public ProtocolEngine {
 public:
  Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                           const Request& request, Arena& arena) const override {
    if (operation.input == kNone) return Value::structure({});
    const ShapeRow& shape = model.shape(operation.input);
    const auto members = model.members_of(shape);
    auto slots = arena.make_array<Value>(members.size());
    if (operation.input_payload != kNone) {
      const ShapeRow& payload = model.shape(members[operation.input_payload].shape);
      Value& slot = slots[operation.input_payload];
      if (!is_plain_payload(payload)) {
        LAPWING_TRY(slot, read_document(model, payload, request.body, arena));
      } else if (!request.body.empty()) {
        slot = Value::string(request.body);
      }
    } else if (has_body_members(model, shape)) {
      LAPWING_TRY(const Value body, read_document(model, shape, request.body, arena));
      for (std::size_t i = 0; i < members.size(); ++i) slots[i] = body[i];
    }
    LAPWING_CHECK(read_bindings(model, operation, request, slots, arena));
    return Value::structure(slots);
  }

  Response write_output(const ServiceModel& model, const OperationRow& operation,
                        const Value& output, std::string_view request_id) const override {
    Response response;
    response.status = operation.status;
    response.set_header("x-amz-request-id", request_id);
    if (operation.output == kNone) return response;
    const ShapeRow& shape = model.shape(operation.output);
    write_bindings(model, shape, output, response);
    if (response.status == kNoContent) return response;  // HTTP allows it no body
    if (operation.output_payload != kNone) {
      const MemberRow& member = model.members_of(shape)[operation.output_payload];
      const ShapeRow& payload = model.shape(member.shape);
      const Value& value = output[operation.output_payload];
      if (is_plain_payload(payload)) {
        write_plain_payload(payload, value, response);
      } else if (value.present()) {
        write_document(model, &member, payload, payload_root(model, member), value, response);
      }
    } else if (has_written_members(model, shape)) {
      write_document(model, nullptr, shape, model.text(operation.result_wrapper), output, response);
    }
    return response;
  }

  // S3 has no envelope, and nor has who was never reached.
  Response write_error(const ServiceModel* model, const ErrorFacts& error,
                       std::string_view request_id) const override {
    Response response;
    response.status = error.status;
    response.set_header("Content-Type", "application/xml");
    response.set_header("x-amz-request-id", request_id);
    text::XmlWriter xml(response.body);
    xml.declaration();
    const bool bare = model == nullptr || model->bare_errors;
    if (!bare) {
      xml.begin("ErrorResponse");
      if (!model->xml_namespace.empty()) xml.attribute("xmlns", model->xml_namespace);
    }
    xml.begin("Error");
    if (!bare) xml.element("Type", error.sender ? "Sender" : "Receiver");
    xml.element("Code", error.code);
    xml.element("Message", error.message);
    for (const ErrorField& field : error.fields) write_field(model, error, field, xml, response);
    if (!bare) xml.end();
    xml.element("RequestId", request_id);
    xml.end();
    return response;
  }

 private:
  // As its member says: in a header, or by its name on the wire.
  static void write_field(const ServiceModel* model, const ErrorFacts& error,
                          const ErrorField& field, text::XmlWriter& xml, Response& response) {
    const std::uint16_t number = model == nullptr || error.shape == nullptr
                                     ? kNone
                                     : model->find_member(*error.shape, field.name);
    if (number == kNone) return xml.element(field.name, field.value);
    const MemberRow& member = model->members_of(*error.shape)[number];
    if (member.location != Location::kHeader) {
      return xml.element(model->text(member.wire), field.value);
    }
    response.set_header(model->text(member.wire), field.value);
  }

  // The member's name on the wire where it has one of its own, else its shape's.
  static std::string_view payload_root(const ServiceModel& model, const MemberRow& member) {
    if (member.wire != member.name) return model.text(member.wire);
    const XmlRow* said = model.find_xml(XmlRow::kShape, member.shape);
    const bool named = said != nullptr && said->name != 0;
    return model.text(named ? said->name : model.shape(member.shape).name);
  }

  static void write_document(const ServiceModel& model, const MemberRow* member,
                             const ShapeRow& shape, std::string_view root, const Value& value,
                             Response& response) {
    set_default_type(response, "application/xml");
    text::XmlWriter xml(response.body);
    xml.declaration();
    write_xml_root(model, member, shape, root, value, xml);
  }
};

}  // namespace

const ProtocolEngine& rest_xml_engine() {
  static const RestXml engine;
  return engine;
}

}  // namespace lapwing::aws
