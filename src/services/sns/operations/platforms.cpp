#include "services/sns/operations/platforms.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "gen/sns/errors.hpp"
#include "services/sns/pages.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/topic_attributes.hpp"
#include "services/sns/words.hpp"
#include "text/utf8.hpp"

namespace lapwing::sns {
namespace {

namespace errors = gen::sns::errors;

constexpr std::string_view kPlatforms[] = {
    "ADM",   "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX",
    "BAIDU", "FCM",  "GCM",          "MACOS",     "MACOS_SANDBOX",
    "MPNS",  "WNS"};
// Secrets are taken and never shown.
constexpr std::string_view kSecrets[] = {"PlatformCredential", "PlatformPrincipal"};
constexpr std::string_view kApplicationAttributes[] = {
    "PlatformCredential",     "PlatformPrincipal",      "EventEndpointCreated",
    "EventEndpointDeleted",   "EventEndpointUpdated",   "EventDeliveryFailure",
    "SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SuccessFeedbackSampleRate",
    "ApplePlatformTeamID",    "ApplePlatformBundleID",  "Enabled"};
// Events and reports that nothing here makes.
constexpr std::string_view kNotBuilt[] = {"EventEndpointCreated",     "EventEndpointDeleted",
                                          "EventEndpointUpdated",     "EventDeliveryFailure",
                                          "SuccessFeedbackRoleArn",   "FailureFeedbackRoleArn",
                                          "SuccessFeedbackSampleRate"};
constexpr std::string_view kEndpointAttributes[] = {"CustomUserData", "Enabled", "Token"};

template <std::size_t N>
bool holds(const std::string_view (&names)[N], std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

// The key of what the ARN of this kind ("app", "endpoint") names; `parameter` is told otherwise.
Result<std::string> key_of(const aws::Call& call, std::string_view text, std::string_view kind,
                           std::string_view parameter) {
  const auto arn = aws::Arn::parse(text);
  const std::size_t slashes = kind == "app" ? 1 : 2;
  if (!arn || arn->service != "sns" || arn->resource_type() != kind ||
      static_cast<std::size_t>(std::ranges::count(arn->resource_id(), '/')) != slashes ||
      arn->region != call.caller.region) {
    return fail(invalid(fmt::format("{} Reason: not an ARN of this kind", parameter)));
  }
  if (arn->account != call.caller.account) {
    return fail(errors::authorization_error(
        fmt::format("User: {} is not authorized to perform this action on resource: {}",
                    call.caller.principal_arn, text)));
  }
  return resources::scoped_key({arn->account, arn->region}, arn->resource_id());
}

Error no_application() { return errors::not_found("PlatformApplication does not exist"); }
Error no_endpoint() { return errors::not_found("Endpoint does not exist"); }

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kPlatformNameCharactersMax &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Status check_utf8(const Attributes& given) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : given) {
    bytes += name.size() + value.size();
    if (!text::is_valid_utf8(name) || !text::is_valid_utf8(value)) {
      return fail(invalid("Attributes Reason: not UTF-8"));
    }
  }
  if (bytes <= kPlatformAttributesBytesMax) return {};
  return fail(invalid("Attributes Reason: too long"));
}

Status set_application(PlatformApplication& to, const Attributes& given,
                       std::string_view operation) {
  LAPWING_CHECK(check_utf8(given));
  for (const auto& [name, value] : given) {
    if (!holds(kApplicationAttributes, name)) {
      return fail(invalid(
          fmt::format("Attributes Reason: Invalid attribute name: {}", name.substr(0, 256))));
    }
    if (holds(kNotBuilt, name) && !value.empty()) {
      return fail(aws::unsupported("sns", operation, name));
    }
    if (value.empty()) {
      to.attributes.erase(name);
    } else {
      to.attributes[name] = value;
    }
  }
  return {};
}

Status set_endpoint(PlatformEndpoint& to, const Attributes& given) {
  LAPWING_CHECK(check_utf8(given));
  for (const auto& [name, value] : given) {
    if (!holds(kEndpointAttributes, name)) {
      return fail(invalid(
          fmt::format("Attributes Reason: Invalid attribute name: {}", name.substr(0, 256))));
    }
    if (name == "CustomUserData" && value.size() > kUserDataBytesMax) {
      return fail(invalid(
          "Attributes Reason: Invalid value for attribute: CustomUserData: must be at most 2048 "
          "bytes long in UTF-8 encoding"));
    }
    if (name == "Token" && (value.empty() || value.size() > kPushTokenBytesMax)) {
      return fail(invalid("Attributes Reason: Invalid value for attribute: Token"));
    }
    bool enabled = true;
    if (name == "Enabled") {
      if (!parse_flag(value, enabled)) {
        return fail(invalid("Attributes Reason: Invalid value for attribute: Enabled"));
      }
      to.attributes[name] = enabled ? "true" : "false";
      continue;
    }
    to.attributes[name] = value;
  }
  return {};
}

Attributes shown(const PlatformApplication& application) {
  Attributes out = application.attributes;
  for (const std::string_view secret : kSecrets) out.erase(std::string(secret));
  out.emplace("Enabled", "true");
  return out;
}

template <class Table>
Result<typename Table::Record> get(Core& core, const std::string& key, Error (*missing)()) {
  std::optional<resources::Stored<typename Table::Record>> found;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(found, Table::find(reader, key));
    return {};
  }));
  if (!found) return fail(missing());
  return std::move(found->record);
}

Status transact(Core& core, FunctionRef<Status(store::Txn&)> body) {
  const auto written = core.store().transact(body);
  if (!written) return fail(store_failure(written.error()));
  return {};
}

template <class Table>
Status change(Core& core, const std::string& key, Error (*missing)(),
              FunctionRef<Status(typename Table::Record&)> body) {
  return transact(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto found, Table::find(txn, key));
    if (!found) return fail(missing());
    LAPWING_CHECK(body(found->record));
    const auto put = Table::put(txn, found->record);
    if (!put) return fail(put.error());
    return {};
  });
}

template <class Table>
Result<resources::Paged<typename Table::Record>> list(Core& core, const resources::PageAsk& ask,
                                                      const std::string& prefix) {
  resources::Paged<typename Table::Record> out;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    std::vector<typename Table::Record> found;
    resources::ListOptions options{.prefix = prefix, .limit = ask.limit + 1};
    if (!ask.after.empty()) options.after = prefix + ask.after;
    LAPWING_TRY(auto page, Table::list(reader, options));
    out = resources::cut_page(std::move(page.records), ask,
                              [&](const auto& last) { return last.key().substr(prefix.size()); });
    return {};
  }));
  return out;
}

// The endpoint that has the token: the same again where all that is given is what it has.
Result<std::string> same_endpoint(store::Txn& txn, const std::string& application,
                                  const PlatformEndpoint& wanted, const Attributes& given) {
  LAPWING_TRY(const auto page, Endpoints::list(txn, {.prefix = PlatformEndpoint::token_term(
                                                         application, wanted.attribute("Token")),
                                                     .index = "token",
                                                     .match = store::Match::kExact,
                                                     .limit = 1}));
  if (page.records.empty()) return std::string();
  const PlatformEndpoint& there = page.records.front();
  const bool same = std::ranges::all_of(given, [&](const auto& each) {
    return there.attribute(each.first) == wanted.attribute(each.first);
  });
  if (same) return there.arn();
  return fail(invalid(fmt::format(
      "Token Reason: Endpoint {} already exists with the same Token, but different attributes.",
      there.arn())));
}

}  // namespace

Result<CreatePlatformApplication::Output> create_platform_application(
    Core& core, const aws::Call& call, const CreatePlatformApplication::Input& in) {
  PlatformApplication wanted{.scope = aws::scope_of(call.caller),
                             .platform = in.platform,
                             .name = in.name,
                             .attributes = {}};
  if (!holds(kPlatforms, in.platform)) {
    return fail(
        invalid(fmt::format("Platform Reason: {} is not supported", in.platform.substr(0, 256))));
  }
  if (!is_name(in.name)) return fail(invalid("Name"));
  LAPWING_CHECK(set_application(wanted, in.attributes, "CreatePlatformApplication"));
  if (!wanted.attributes.contains("PlatformCredential")) {
    return fail(
        invalid("Attributes Reason: Invalid value for attribute: PlatformCredential: cannot be "
                "empty"));
  }
  LAPWING_CHECK(transact(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto there, Applications::find(txn, wanted.key()));
    if (there && there->record.attributes != wanted.attributes) {
      return fail(invalid(
          "Attributes Reason: An application with the same name but different properties already "
          "exists"));
    }
    if (there) return {};
    const auto put = Applications::put(txn, wanted);
    if (!put) return fail(put.error());
    return {};
  }));
  return CreatePlatformApplication::Output{.platform_application_arn = wanted.arn()};
}

Result<aws::Empty> delete_platform_application(Core& core, const aws::Call& call,
                                               const DeletePlatformApplication::Input& in) {
  LAPWING_TRY(const std::string key,
              key_of(call, in.platform_application_arn, "app", "PlatformApplicationArn"));
  LAPWING_CHECK(
      transact(core, [&](store::Txn& txn) -> Status { return Applications::erase(txn, key); }));
  // Its endpoints with it, some at a time.
  for (bool more = true; more;) {
    LAPWING_CHECK(transact(core, [&](store::Txn& txn) -> Status {
      LAPWING_TRY(const auto page,
                  Endpoints::list(txn, {.prefix = key + "/", .limit = kSweepStep}));
      for (const PlatformEndpoint& each : page.records) {
        LAPWING_CHECK(Endpoints::erase(txn, each.key()));
      }
      more = page.next.has_value();
      return {};
    }));
  }
  return aws::Empty();
}

Result<GetPlatformApplicationAttributes::Output> get_platform_application_attributes(
    Core& core, const aws::Call& call, const GetPlatformApplicationAttributes::Input& in) {
  LAPWING_TRY(const std::string key,
              key_of(call, in.platform_application_arn, "app", "PlatformApplicationArn"));
  LAPWING_TRY(const PlatformApplication found, get<Applications>(core, key, no_application));
  return GetPlatformApplicationAttributes::Output{.attributes = shown(found)};
}

Result<aws::Empty> set_platform_application_attributes(
    Core& core, const aws::Call& call, const SetPlatformApplicationAttributes::Input& in) {
  LAPWING_TRY(const std::string key,
              key_of(call, in.platform_application_arn, "app", "PlatformApplicationArn"));
  LAPWING_CHECK(change<Applications>(core, key, no_application, [&](PlatformApplication& to) {
    return set_application(to, in.attributes, "SetPlatformApplicationAttributes");
  }));
  return aws::Empty();
}

Result<ListPlatformApplications::Output> list_platform_applications(
    Core& core, const aws::Call& call, const ListPlatformApplications::Input& in) {
  LAPWING_TRY(const auto ask, page_asked("sns.ListPlatformApplications", in.next_token));
  LAPWING_TRY(auto page,
              list<Applications>(core, ask, resources::scoped_key(aws::scope_of(call.caller), "")));
  ListPlatformApplications::Output out;
  out.platform_applications.emplace();
  for (const PlatformApplication& each : page.items) {
    out.platform_applications->push_back(
        {.attributes = shown(each), .platform_application_arn = each.arn()});
  }
  out.next_token = std::move(page.next);
  return out;
}

Result<CreatePlatformEndpoint::Output> create_platform_endpoint(
    Core& core, const aws::Call& call, const CreatePlatformEndpoint::Input& in) {
  LAPWING_TRY(const std::string key,
              key_of(call, in.platform_application_arn, "app", "PlatformApplicationArn"));
  LAPWING_TRY(const PlatformApplication application, get<Applications>(core, key, no_application));
  Attributes given = in.attributes.value_or(Attributes());
  if (in.custom_user_data) given["CustomUserData"] = *in.custom_user_data;
  given["Token"] = in.token;
  PlatformEndpoint wanted{.scope = application.scope,
                          .platform = application.platform,
                          .application = application.name,
                          .id = make_uuid(*core.random),
                          .attributes = {{"Enabled", "true"}}};
  LAPWING_CHECK(set_endpoint(wanted, given));
  std::string arn;
  LAPWING_CHECK(transact(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(arn, same_endpoint(txn, key, wanted, given));
    if (!arn.empty()) return {};
    LAPWING_TRY(const auto there, Applications::find(txn, key));
    if (!there) return fail(no_application());
    arn = wanted.arn();
    const auto put = Endpoints::put(txn, wanted);
    if (!put) return fail(put.error());
    return {};
  }));
  return CreatePlatformEndpoint::Output{.endpoint_arn = std::move(arn)};
}

Result<aws::Empty> delete_endpoint(Core& core, const aws::Call& call,
                                   const DeleteEndpoint::Input& in) {
  LAPWING_TRY(const std::string key, key_of(call, in.endpoint_arn, "endpoint", "EndpointArn"));
  LAPWING_CHECK(
      transact(core, [&](store::Txn& txn) -> Status { return Endpoints::erase(txn, key); }));
  return aws::Empty();
}

Result<GetEndpointAttributes::Output> get_endpoint_attributes(
    Core& core, const aws::Call& call, const GetEndpointAttributes::Input& in) {
  LAPWING_TRY(const std::string key, key_of(call, in.endpoint_arn, "endpoint", "EndpointArn"));
  LAPWING_TRY(PlatformEndpoint found, get<Endpoints>(core, key, no_endpoint));
  return GetEndpointAttributes::Output{.attributes = std::move(found.attributes)};
}

Result<aws::Empty> set_endpoint_attributes(Core& core, const aws::Call& call,
                                           const SetEndpointAttributes::Input& in) {
  LAPWING_TRY(const std::string key, key_of(call, in.endpoint_arn, "endpoint", "EndpointArn"));
  LAPWING_CHECK(change<Endpoints>(core, key, no_endpoint, [&](PlatformEndpoint& to) {
    return set_endpoint(to, in.attributes);
  }));
  return aws::Empty();
}

Result<ListEndpointsByPlatformApplication::Output> list_endpoints_by_platform_application(
    Core& core, const aws::Call& call, const ListEndpointsByPlatformApplication::Input& in) {
  LAPWING_TRY(const std::string key,
              key_of(call, in.platform_application_arn, "app", "PlatformApplicationArn"));
  LAPWING_CHECK(get<Applications>(core, key, no_application));
  LAPWING_TRY(const auto ask,
              page_asked("sns.ListEndpointsByPlatformApplication " + key, in.next_token));
  LAPWING_TRY(auto page, list<Endpoints>(core, ask, key + "/"));
  ListEndpointsByPlatformApplication::Output out;
  out.endpoints.emplace();
  for (PlatformEndpoint& each : page.items) {
    out.endpoints->push_back(
        {.attributes = std::move(each.attributes), .endpoint_arn = each.arn()});
  }
  out.next_token = std::move(page.next);
  return out;
}

}  // namespace lapwing::sns
