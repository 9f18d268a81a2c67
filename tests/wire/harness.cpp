// The protocol engines behind a pipe, for tests/wire: one JSON command a line on stdin, one
// JSON answer a line on stdout. Values are JSON by member name, blobs in base64, times in
// ISO 8601.
//
//   {"do":"read","method":..,"path":..,"query":..,"headers":{..},"body":<base64>,"scope":..}
//     -> {"service":..,"operation":..,"protocol":..,"input":{..}} or {"code":..,"message":..}
//        with "service", "operation" and "protocol" the request is not routed
//   {"do":"write","service":..,"operation":..,"protocol":..,"output":{..}}
//   {"do":"error","service":..,"protocol":..,"code":..,"message":..}
//     -> {"status":..,"headers":{..},"body":<base64>}
//   {"do":"model",..}: tables of a service named "case" (loaded_model.hpp), in place of the last
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "aws/engine.hpp"
#include "aws/route.hpp"
#include "aws/service.hpp"
#include "aws/testing/value_json.hpp"
#include "gen/models.hpp"
#include "loaded_model.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::aws {
namespace {

std::string text_of(const text::JsonValue& json, std::string_view key) {
  const text::JsonValue* found = json.find(key);
  return found == nullptr ? std::string() : std::string(found->as_string());
}

std::unique_ptr<LoadedModel>& loaded() {
  static std::unique_ptr<LoadedModel> model;
  return model;
}

const ServiceModel* model_named(std::string_view id) {
  if (loaded() != nullptr && loaded()->model().id == id) return &loaded()->model();
  for (const ServiceModel* model : gen::all_models()) {
    if (model->id == id) return model;
  }
  return nullptr;
}

Protocol protocol_named(std::string_view name) {
  for (const Protocol protocol : {Protocol::kRestJson, Protocol::kJson10, Protocol::kJson11,
                                  Protocol::kCbor, Protocol::kRestXml, Protocol::kEc2}) {
    if (to_string(protocol) == name) return protocol;
  }
  return Protocol::kQuery;
}

void print_error(const Error& error, text::JsonWriter& out) {
  out.member("code", error.code());
  out.member("message", error.message());
}

// Where the request leads; where the command names a protocol, the operation it names is read in
// that protocol, whether the service speaks it or not.
std::expected<Route, Unrouted> route_of(const text::JsonValue& command, const Request& request) {
  if (command.find("protocol") == nullptr) {
    return Router(gen::all_models()).route(request, text_of(command, "scope"));
  }
  const ServiceModel* model = model_named(text_of(command, "service"));
  return Route{model, model->find_operation(text_of(command, "operation")),
               protocol_named(text_of(command, "protocol"))};
}

void read(const text::JsonValue& command, text::JsonWriter& out) {
  const std::string method = text_of(command, "method");
  const std::string path = text_of(command, "path");
  const std::string query = text_of(command, "query");
  const std::string body = text::base64_decode(text_of(command, "body")).value_or("");
  std::vector<HeaderView> headers;
  for (const text::JsonMember& header : command.find("headers")->members()) {
    headers.push_back({header.key, header.value.as_string()});
  }
  const Request request{
      .method = method, .raw_path = path, .raw_query = query, .headers = headers, .body = body};
  const auto route = route_of(command, request);
  if (!route) return print_error(route.error().error, out);
  const ServiceModel& model = *route->service;
  out.member("service", model.id);
  out.member("operation", model.name(*route->operation));
  out.member("protocol", to_string(route->protocol));
  Arena arena;
  const ProtocolEngine* engine = find_engine(route->protocol);
  if (engine == nullptr) return;
  const auto input = engine->read_input(model, *route->operation, request, arena);
  if (!input) return print_error(input.error(), out);
  out.key("input");
  out.raw(route->operation->input == kNone
              ? "{}"
              : testing::dump(model, model.shape(route->operation->input), *input));
}

void print_response(const Response& response, text::JsonWriter& out) {
  out.member("status", response.status);
  out.key("headers");
  out.begin_object();
  for (const HeaderField& header : response.headers) out.member(header.name, header.value);
  out.end_object();
  out.member("body", text::base64_encode(std::string_view(response.body)));
}

void write(const text::JsonValue& command, text::JsonWriter& out) {
  const ServiceModel* model = model_named(text_of(command, "service"));
  const OperationRow* operation =
      model == nullptr ? nullptr : model->find_operation(text_of(command, "operation"));
  const ProtocolEngine* engine = find_engine(protocol_named(text_of(command, "protocol")));
  if (operation == nullptr || engine == nullptr) return;
  Arena arena;
  const Value value =
      operation->output == kNone
          ? Value()
          : testing::load(*model, model->shape(operation->output), *command.find("output"), arena);
  print_response(engine->write_output(*model, *operation, value, "req-1"), out);
}

void error(const text::JsonValue& command, text::JsonWriter& out) {
  const ServiceModel* model = model_named(text_of(command, "service"));
  if (model == nullptr) return;
  Error given(ErrorKind::kInvalid, text_of(command, "code"), text_of(command, "message"));
  if (const text::JsonValue* fields = command.find("fields")) {
    for (const text::JsonMember& field : fields->members()) {
      given =
          std::move(given).with_field(std::string(field.key), std::string(field.value.as_string()));
    }
  }
  print_response(error_response(*model, protocol_named(text_of(command, "protocol")), given,
                                RequestId("req-1")),
                 out);
}

void answer(const std::string& line) {
  std::string text;
  text::JsonWriter out(text);
  out.begin_object();
  if (const auto document = text::parse_json(line)) {
    const std::string what = text_of(document->root(), "do");
    if (what == "read") read(document->root(), out);
    if (what == "write") write(document->root(), out);
    if (what == "error") error(document->root(), out);
    if (what == "model") loaded() = std::make_unique<LoadedModel>(document->root());
  }
  out.end_object();
  std::puts(text.c_str());
  std::fflush(stdout);
}

}  // namespace
}  // namespace lapwing::aws

int main() {
  for (std::string line; std::getline(std::cin, line);) lapwing::aws::answer(line);
}
