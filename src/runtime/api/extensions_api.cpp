#include "runtime/api/extensions_api.hpp"

#include <vector>

#include "runtime/api/api_answer.hpp"
#include "runtime/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::string_view kNameHeader = "Lambda-Extension-Name";
constexpr std::string_view kIdentifierHeader = "Lambda-Extension-Identifier";
constexpr std::string_view kEventHeader = "Lambda-Extension-Event-Identifier";
constexpr std::string_view kFeatureHeader = "Lambda-Extension-Accept-Feature";
constexpr std::string_view kErrorTypeHeader = "Lambda-Extension-Function-Error-Type";

Error denied(std::string code, std::string message) {
  return Error(ErrorKind::kDenied, std::move(code), std::move(message));
}

Error bad_format(std::string message) { return denied("InvalidRequestFormat", std::move(message)); }

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// The header's value: what the registry is asked with.
Result<std::string> identifier(const http::Headers& headers) {
  const std::string_view id = headers.get_or(kIdentifierHeader);
  if (id.empty()) {
    return fail(denied("Extension.MissingExtensionIdentifier",
                       "Missing Lambda-Extension-Identifier header"));
  }
  if (!is_uuid(id)) {
    return fail(
        denied("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"));
  }
  return std::string(id);
}

// The views live as long as `body` and `document`.
Result<std::vector<std::string_view>> parse_events(const std::string& body,
                                                   text::JsonDocument& document) {
  if (body.empty()) return fail(bad_format("unexpected end of JSON input"));
  auto parsed = text::parse_json_detailed(body);
  if (!parsed) return fail(bad_format(parsed.error().message));
  document = *std::move(parsed);
  const text::JsonValue& root = document.root();
  if (!root.is_object()) return fail(bad_format("the request body is not an object"));
  const text::JsonValue* keys = root.find("configurationKeys");
  if (keys != nullptr && keys->size() > 0) {
    return fail(bad_format("configurationKeys are deprecated; use environment variables instead"));
  }
  std::vector<std::string_view> events;
  const text::JsonValue* list = root.find("events");
  if (list == nullptr || list->is_null()) return events;
  if (!list->is_array()) return fail(bad_format("events is not a list"));
  for (const text::JsonValue& event : list->items()) {
    if (!event.is_string()) return fail(bad_format("events holds something that is no string"));
    events.push_back(event.as_string());
  }
  return events;
}

}  // namespace

Result<const ExtensionRegistry::Extension*> calling_extension(const ExtensionRegistry& registry,
                                                              const http::Headers& headers) {
  LAPWING_TRY(const std::string id, identifier(headers));
  const ExtensionRegistry::Extension* extension = registry.find(id);
  if (extension == nullptr) {
    return fail(denied("Extension.UnknownExtensionIdentifier", "Unknown extension " + id));
  }
  return extension;
}

net::Task<void> ExtensionsApi::handle(http::RequestContext& context) {
  const http::Request& request = context.request();
  const std::string_view call = request.path().substr(kExtensionsPrefix.size());
  const bool is_post = request.method == http::Method::kPost;
  if (is_post && call == "register") co_return co_await register_extension(context);
  if (request.method == http::Method::kGet && call == "event/next") {
    co_return co_await next(context);
  }
  if (is_post && call == "init/error") co_return co_await post_error(context, true);
  if (is_post && call == "exit/error") co_return co_await post_error(context, false);
  co_await context.respond(error_answer(404, "NotFound", "No such call of the Extensions API"));
}

net::Task<void> ExtensionsApi::register_extension(http::RequestContext& context) {
  Result<std::string> body = co_await context.body().read_all(kExtensionBodyBytesMax);
  if (!body) co_return;  // the server answers 400, 408 or 413
  const http::Headers& headers = context.request().headers;
  text::JsonDocument document;
  // RAPID complains about the name first.
  const std::string_view name = headers.get_or(kNameHeader);
  Result<std::vector<std::string_view>> events = std::vector<std::string_view>();
  if (!name.empty()) events = parse_events(*body, document);
  if (!events) {
    co_await context.respond(error_answer(events.error()));
    co_return;
  }
  const auto registered = registry_->register_extension(name, *events);
  if (!registered) {
    co_await context.respond(error_answer(registered.error()));
    co_return;
  }
  std::string answer;
  text::JsonWriter json(answer);
  json.begin_object();
  if (headers.has_token(kFeatureHeader, "accountId")) {
    json.member("accountId", function_->account.view());
  }
  json.member("functionName", function_->name.view());
  json.member("functionVersion", function_->version);
  json.member("handler", function_->handler);
  json.end_object();
  http::Response response = json_answer(200, std::move(answer));
  response.headers.add(kIdentifierHeader, (*registered)->id);
  co_await context.respond(std::move(response));
}

net::Task<void> ExtensionsApi::next(http::RequestContext& context) {
  Result<std::string> id = identifier(context.request().headers);
  if (!id) {
    co_await context.respond(error_answer(id.error()));
    co_return;
  }
  Result<ExtensionEvent> event = co_await registry_->next(*std::move(id));
  if (!event) {
    co_await context.respond(error_answer(event.error()));
    co_return;
  }
  http::Response response = json_answer(200, std::move(event->json));
  response.headers.add(kEventHeader, event->id);
  co_await context.respond(std::move(response));
}

net::Task<void> ExtensionsApi::post_error(http::RequestContext& context, bool at_init) {
  // The body is for people; what counts is the header. It is read so that the connection
  // can go on.
  Result<std::string> body = co_await context.body().read_all(kErrorBodyBytesMax);
  if (!body) co_return;
  const http::Headers& headers = context.request().headers;
  const Result<std::string> id = identifier(headers);
  if (!id) {
    co_await context.respond(error_answer(id.error()));
    co_return;
  }
  const std::string_view type = headers.get_or(kErrorTypeHeader);
  if (type.empty()) {
    co_await context.respond(
        error_answer(403, "Extension.MissingHeader", std::string(kErrorTypeHeader) + " not found"));
    co_return;
  }
  const Status taken =
      at_init ? registry_->init_error(*id, type) : registry_->exit_error(*id, type);
  co_await context.respond(taken ? accepted_answer() : error_answer(taken.error()));
}

}  // namespace lapwing::runtime
