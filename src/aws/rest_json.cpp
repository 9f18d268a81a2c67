// rest-json: HTTP bindings around a JSON body. Lambda, API Gateway, Scheduler, Pipes.
#include "aws/engine.hpp"
#include "aws/http_binding.hpp"
#include "aws/json_codec.hpp"
#include "text/json_writer.hpp"

namespace lapwing::aws {
namespace {

constexpr int kNoContent = 204;
constexpr std::string_view kErrorType = "Type";

Result<Value> read_payload(const ServiceModel& model, const MemberRow& member,
                           std::string_view body, Arena& arena) {
  const ShapeRow& shape = model.shape(member.shape);
  if (body.empty()) return Value();
  if (is_plain_payload(shape)) return Value::string(body);
  return read_json_text(model, shape, body, arena);
}

// An extra field of an error, as its member's type wants it.
void write_error_field(const ServiceModel& model, const ErrorFacts& error, const ErrorField& field,
                       Response& response, text::JsonWriter& json) {
  const std::uint16_t number =
      error.shape == nullptr ? kNone : model.find_member(*error.shape, field.name);
  if (number == kNone) return json.member(field.name, field.value);
  const MemberRow& member = model.members_of(*error.shape)[number];
  if (member.location == Location::kHeader) {
    response.set_header(model.text(member.wire), field.value);
    return;
  }
  json.key(model.text(member.wire));
  const ShapeKind kind = model.shape(member.shape).kind;
  const bool bare = kind == ShapeKind::kInteger || kind == ShapeKind::kLong ||
                    kind == ShapeKind::kBoolean || kind == ShapeKind::kDouble;
  bare ? json.raw(field.value) : json.string(field.value);
}

// "User" or "Service" where the model has a member for it, unless the error says otherwise itself:
// some of AWS's answers leave out what their model declares.
void write_error_type(const ErrorFacts& error, text::JsonWriter& json) {
  for (const ErrorField& field : error.fields) {
    if (field.name != kErrorType) continue;
    if (!field.value.empty()) json.member(kErrorType, field.value);
    return;
  }
  json.member(kErrorType, error.sender ? "User" : "Service");
}

class RestJson final : public ProtocolEngine {
 public:
  Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                           const Request& request, Arena& arena) const override {
    if (operation.input == kNone) return Value::structure({});
    const ShapeRow& shape = model.shape(operation.input);
    const auto members = model.members_of(shape);
    auto slots = arena.make_array<Value>(members.size());
    if (operation.input_payload != kNone) {
      LAPWING_TRY(slots[operation.input_payload],
                  read_payload(model, members[operation.input_payload], request.body, arena));
    } else if (has_body_members(model, shape)) {
      LAPWING_TRY(const Value body, read_json_text(model, shape, request.body, arena));
      for (std::size_t i = 0; i < members.size(); ++i) slots[i] = body[i];
    }
    LAPWING_CHECK(read_bindings(model, operation, request, slots, arena));
    return Value::structure(slots);
  }

  Response write_output(const ServiceModel& model, const OperationRow& operation,
                        const Value& output, std::string_view request_id) const override {
    Response response;
    response.status = operation.status;
    response.set_header("x-amzn-RequestId", request_id);
    if (operation.output == kNone) return response;
    const ShapeRow& shape = model.shape(operation.output);
    write_bindings(model, shape, output, response);
    if (response.status == kNoContent) return response;  // HTTP allows it no body
    if (operation.output_payload != kNone) {
      write_payload(model, model.members_of(shape)[operation.output_payload],
                    output[operation.output_payload], response);
    } else if (has_written_members(model, shape) || operation.status == 200) {
      set_default_type(response, "application/json");
      text::JsonWriter json(response.body);
      write_json(model, shape, output, json);
    }
    return response;
  }

  Response write_error(const ServiceModel* model, const ErrorFacts& error,
                       std::string_view request_id) const override {
    Response response;
    response.status = error.status;
    response.set_header("Content-Type", "application/json");
    response.set_header("x-amzn-RequestId", request_id);
    response.set_header("x-amzn-ErrorType", error.code);
    text::JsonWriter json(response.body);
    json.begin_object();
    const bool modelled = error.shape != nullptr;
    // AWS spells the member "Message" in some errors; the model says in which.
    bool capital = error.code == "AccessDeniedException";
    if (modelled) {
      if (model->find_member(*error.shape, kErrorType) != kNone) write_error_type(error, json);
      capital = model->find_member(*error.shape, "Message") != kNone;
    }
    for (const ErrorField& field : error.fields) {
      if (model == nullptr || field.name == kErrorType) continue;
      write_error_field(*model, error, field, response, json);
    }
    json.member(capital ? "Message" : "message", error.message);
    json.end_object();
    return response;
  }

 private:
  static void write_payload(const ServiceModel& model, const MemberRow& member, const Value& value,
                            Response& response) {
    const ShapeRow& shape = model.shape(member.shape);
    if (is_plain_payload(shape)) return write_plain_payload(shape, value, response);
    set_default_type(response, "application/json");
    text::JsonWriter json(response.body);
    value.present() ? write_json(model, shape, value, json) : json.raw("{}");
  }
};

}  // namespace

const ProtocolEngine& rest_json_engine() {
  static const RestJson engine;
  return engine;
}

}  // namespace lapwing::aws
