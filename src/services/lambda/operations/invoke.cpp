#include "services/lambda/operations/invoke.hpp"

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "aws/service.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/limits.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::string_view kPrefix = "/2015-03-31/functions/";
constexpr std::string_view kSuffix = "/invocations";
constexpr std::string_view kStreamPrefix = "/2021-11-15/functions/";
constexpr std::string_view kStreamSuffix = "/response-streaming-invocations";

struct Target {
  InvokeMode mode;
  std::string_view label;  // {FunctionName}, still encoded
};

// Nothing when the path is another operation's.
std::optional<Target> parse_target(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  const bool buffered = path.starts_with(kPrefix);
  if (!buffered && !path.starts_with(kStreamPrefix)) return std::nullopt;
  const std::string_view suffix = buffered ? kSuffix : kStreamSuffix;
  if (!path.ends_with(suffix)) return std::nullopt;
  path.remove_prefix(buffered ? kPrefix.size() : kStreamPrefix.size());
  if (path.size() <= suffix.size()) return std::nullopt;
  path.remove_suffix(suffix.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return Target{buffered ? InvokeMode::kBuffered : InvokeMode::kStream, path};
}

Result<InvocationType> parse_type(std::optional<std::string_view> header, InvokeMode mode) {
  if (!header || header->empty() || *header == "RequestResponse") {
    return InvocationType::kRequestResponse;
  }
  if (*header == "DryRun") return InvocationType::kDryRun;
  const bool buffered = mode == InvokeMode::kBuffered;
  if (*header == "Event" && buffered) return InvocationType::kEvent;
  return fail(errors::validation(
      *header, "invocationType",
      buffered ? "Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
               : "Member must satisfy enum value set: [RequestResponse, DryRun]"));
}

Result<LogType> parse_log_type(std::optional<std::string_view> header) {
  if (!header || header->empty() || *header == "None") return LogType::kNone;
  if (*header == "Tail") return LogType::kTail;
  return fail(
      errors::validation(*header, "logType", "Member must satisfy enum value set: [Tail, None]"));
}

Result<std::string> parse_client_context(std::optional<std::string_view> header) {
  if (!header || header->empty()) return std::string();
  if (header->size() > kMaxClientContextBytes) {
    return fail(errors::invalid_content(
        fmt::format("Client context must be no more than {} bytes", kMaxClientContextBytes)));
  }
  auto decoded = text::base64_decode(*header);
  if (!decoded || !text::check_json(*decoded)) {
    return fail(
        errors::invalid_content("Client context must be a valid Base64-encoded JSON object"));
  }
  return *std::move(decoded);
}

Result<std::string> parse_tenant(std::optional<std::string_view> given) {
  if (!given || given->empty()) return std::string();
  if (given->size() > kMaxTenantIdChars) {
    return fail(errors::validation(
        *given, "tenantId",
        fmt::format("Member must have length less than or equal to {}", kMaxTenantIdChars)));
  }
  for (const char c : *given) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || std::string_view("._:/=+-@ ").find(c) != std::string_view::npos) continue;
    return fail(errors::validation(*given, "tenantId",
                                   "Member must satisfy regular expression pattern: "
                                   R"([a-zA-Z0-9\._:\/=+\-@ ]+)"));
  }
  return std::string(*given);
}

Status refuse_unbuilt(HeaderLookup header, InvokeMode mode) {
  const std::string_view operation =
      mode == InvokeMode::kBuffered ? "Invoke" : "InvokeWithResponseStream";
  constexpr std::string_view kDurable = "X-Amz-Durable-Execution-Name";
  const auto value = header(kDurable);
  if (value && !value->empty()) return fail(aws::unsupported("lambda", operation, kDurable));
  return {};
}

}  // namespace

std::optional<InvokeMode> invoke_mode(std::string_view raw_target) {
  const auto target = parse_target(raw_target.substr(0, raw_target.find('?')));
  return target ? std::optional(target->mode) : std::nullopt;
}

Result<InvokeRequest> read_invoke(const InvokeParts& parts, const InvokeScope& scope) {
  InvokeRequest out;
  out.mode = parts.mode;
  LAPWING_TRY(FunctionIdentifier id,
              parse_function_identifier(
                  parts.name, parts.qualifier,
                  {scope.account, scope.region, scope.principal_arn, "lambda:InvokeFunction"}));
  out.account = std::move(id.key.account);
  out.region = std::move(id.key.region);
  out.function = std::move(id.key.name);
  out.qualifier = std::move(id.qualifier);
  LAPWING_TRY(out.type, parse_type(parts.type, out.mode));
  LAPWING_TRY(out.log_type, parse_log_type(parts.log_type));
  LAPWING_TRY(out.client_context, parse_client_context(parts.client_context));
  LAPWING_TRY(out.tenant_id, parse_tenant(parts.tenant_id));
  return out;
}

Result<InvokeRequest> parse_invoke_head(std::string_view raw_target, HeaderLookup header,
                                        const InvokeScope& scope) {
  const std::size_t question = raw_target.find('?');
  const auto target = parse_target(raw_target.substr(0, question));
  if (!target) return fail(internal_error("not an Invoke target"));
  auto name = text::percent_decode(target->label);
  if (!name) {
    return fail(
        errors::validation(target->label, "functionName", "Member must be percent-encoded"));
  }
  std::optional<std::string> qualifier;
  if (question != std::string_view::npos) {
    auto query = text::QueryString::parse(raw_target.substr(question + 1));
    if (!query) return fail(errors::invalid_content("Could not parse the query string"));
    if (const auto given = query->get("Qualifier")) qualifier = std::string(*given);
  }
  InvokeParts parts{.mode = target->mode, .name = *name};
  if (qualifier) parts.qualifier = *qualifier;
  parts.type = header("X-Amz-Invocation-Type");
  parts.log_type = header("X-Amz-Log-Type");
  parts.client_context = header("X-Amz-Client-Context");
  parts.tenant_id = header("X-Amz-Tenant-Id");
  LAPWING_TRY(InvokeRequest out, read_invoke(parts, scope));
  LAPWING_CHECK(refuse_unbuilt(header, out.mode));
  return out;
}

Status check_invoke_payload(std::string_view payload) {
  if (payload.size() > kMaxRequestPayloadBytes) {
    return fail(errors::payload_too_large(kMaxRequestPayloadBytes));
  }
  if (payload.empty()) return {};
  if (const auto valid = text::check_json(payload); !valid) {
    return fail(
        errors::invalid_content("Could not parse request body into json: Could not parse "
                                "payload into json: " +
                                valid.error().with_location()));
  }
  return {};
}

Status check_event_size(std::size_t bytes) {
  if (bytes <= kMaxEventPayloadBytes) return {};
  return fail(errors::payload_too_large(kMaxEventPayloadBytes));
}

std::string event_of(std::string payload) {
  return payload.empty() ? std::string("{}") : std::move(payload);
}

aws::Response render_invoke_answer(const InvokeRequest& request, InvokeOutcome outcome) {
  aws::Response response;
  response.status = 200;
  response.headers.reserve(7);
  const auto add = [&](std::string_view name, std::string value) {
    response.headers.push_back({std::string(name), std::move(value)});
  };
  add("Content-Type", "application/json");
  add("x-amzn-RequestId", outcome.request_id.str());
  add("X-Amz-Executed-Version", std::move(outcome.executed_version));
  if (!outcome.function_error.empty()) {
    add("X-Amz-Function-Error", std::move(outcome.function_error));
  }
  if (request.log_type == LogType::kTail) {
    add("X-Amz-Log-Result", text::base64_encode(outcome.log_tail));
  }
  if (!outcome.trace_id.empty()) add("X-Amzn-Trace-Id", std::move(outcome.trace_id));
  add("x-amzn-Remapped-Content-Length", "0");
  response.body = std::move(outcome.payload);
  return response;
}

aws::Response render_event_answer(const RequestId& request_id, std::string trace_id) {
  aws::Response response;
  response.status = 202;
  response.headers.push_back({"Content-Type", "application/json"});
  response.headers.push_back({"x-amzn-RequestId", request_id.str()});
  if (!trace_id.empty()) response.headers.push_back({"X-Amzn-Trace-Id", std::move(trace_id)});
  response.headers.push_back({"x-amzn-Remapped-Content-Length", "0"});
  return response;
}

aws::Response render_dry_run_answer(const RequestId& request_id) {
  aws::Response response;
  response.status = 204;
  response.headers.push_back({"Content-Type", "application/json"});
  response.headers.push_back({"x-amzn-RequestId", request_id.str()});
  return response;
}

}  // namespace lapwing::lambda
