#include "services/pipes/parcels.hpp"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "services/pipes/limits.hpp"

namespace lapwing::pipes {
namespace {

using ports::Parcel;

constexpr std::string_view kApiScheme = "api-destination:";

Parcel addressed(const Plan& plan, std::string target, std::string body) {
  Parcel out;
  out.target = std::move(target);
  out.body = std::move(body);
  out.as = on_behalf(plan);
  return out;
}

Error nothing_there(std::string_view parameter, std::string_view path) {
  return make_error(ErrorKind::kInvalid,
                    fmt::format("Nothing is at {}, which {} names.", path, parameter));
}

// What a parameter says of this item, where it is given.
Status fill(Item& item, std::string_view parameter, const std::optional<std::string>& given,
            std::string& out) {
  if (!given) return {};
  auto value = item.value(*given);
  if (!value) return fail(nothing_there(parameter, *given));
  out = *std::move(value);
  return {};
}

Status fill_time(Item& item, std::string_view parameter, const std::optional<std::string>& path,
                 std::optional<std::int64_t>& out) {
  if (!path) return {};
  out = item.time_ms(*path);
  return out ? Status() : fail(nothing_there(parameter, *path));
}

// Of a target, or an enrichment.
template <class Http>
Status fill_http(Item& item, const std::optional<Http>& given, Parcel& out) {
  if (!given) return {};
  if (given->path_parameter_values) {
    for (const std::string& each : *given->path_parameter_values) {
      LAPWING_CHECK(fill(item, "PathParameterValues", each, out.path_values.emplace_back()));
    }
  }
  const auto pairs = [&](std::string_view parameter, const auto& from, auto& to) -> Status {
    if (!from) return {};
    for (const auto& [name, value] : *from) {
      ports::ParcelHeader& header = to.emplace_back();
      LAPWING_CHECK(fill(item, parameter, name, header.name));
      LAPWING_CHECK(fill(item, parameter, value, header.value));
    }
    return {};
  };
  LAPWING_CHECK(pairs("QueryStringParameters", given->query_string_parameters, out.query));
  return pairs("HeaderParameters", given->header_parameters, out.headers);
}

Status fill_bus(const Plan& plan, Item& item, Parcel& out) {
  out.source = "Pipe " + plan.name;
  out.detail_type = "Event from aws:sqs";
  const auto& given = plan.target_parameters.event_bridge_event_bus_parameters;
  if (!given) return {};
  LAPWING_CHECK(fill(item, "Source", given->source, out.source));
  LAPWING_CHECK(fill(item, "DetailType", given->detail_type, out.detail_type));
  LAPWING_CHECK(fill_time(item, "Time", given->time, out.time_ms));
  if (!given->resources) return {};
  for (const std::string& each : *given->resources) {
    LAPWING_CHECK(fill(item, "Resources", each, out.resources.emplace_back()));
  }
  return {};
}

Status fill_queue(const Plan& plan, Item& item, Parcel& out) {
  const auto& given = plan.target_parameters.sqs_queue_parameters;
  if (!given) return {};
  LAPWING_CHECK(fill(item, "MessageGroupId", given->message_group_id, out.group));
  return fill(item, "MessageDeduplicationId", given->message_deduplication_id,
              out.deduplication_id);
}

Status fill_log_group(const Plan& plan, Item& item, Parcel& out) {
  const auto& given = plan.target_parameters.cloud_watch_logs_parameters;
  if (!given) return {};
  LAPWING_CHECK(fill(item, "LogStreamName", given->log_stream_name, out.log_stream));
  return fill_time(item, "Timestamp", given->timestamp, out.time_ms);
}

}  // namespace

ports::OnBehalf on_behalf(const Plan& plan) {
  return {.service = {},
          .source_arn = plan.arn,
          .source_account = plan.scope.account,
          .role_arn = plan.role_arn};
}

std::string parcel_id(const Plan& plan, const std::vector<std::string>& message_ids,
                      std::size_t index, std::string_view body) {
  crypto::Sha256 hash;
  const auto add = [&](std::string_view part) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  };
  add(plan.id);
  for (const std::string& each : message_ids) add(each);
  add(std::to_string(index));
  add(body);
  return crypto::to_hex(hash.finish());
}

std::string reason_of(const ports::Delivered& delivered) {
  return delivered.message.empty() ? delivered.code
                                   : fmt::format("{}: {}", delivered.code, delivered.message);
}

Result<Parcel> target_parcel(const Plan& plan, Item& item, std::string body) {
  Parcel out = addressed(plan, plan.target_arn, std::move(body));
  switch (plan.target) {
    case Kind::kBus:
      LAPWING_CHECK(fill_bus(plan, item, out));
      break;
    case Kind::kQueue:
      LAPWING_CHECK(fill_queue(plan, item, out));
      break;
    case Kind::kLogGroup:
      LAPWING_CHECK(fill_log_group(plan, item, out));
      break;
    case Kind::kApi:
      out.target.insert(0, kApiScheme);
      LAPWING_CHECK(fill_http(item, plan.target_parameters.http_parameters, out));
      break;
    default:
      break;
  }
  return out;
}

Parcel function_parcel(const Plan& plan, std::string body) {
  return addressed(plan, plan.target_arn, std::move(body));
}

Result<Parcel> enrichment_parcel(const Plan& plan, Item& item, std::string body) {
  Parcel out = addressed(plan, std::string(kApiScheme) + plan.enrichment_arn, std::move(body));
  out.answer_bytes_max = kPayloadBytesMax;
  LAPWING_CHECK(fill_http(item, plan.enrichment_parameters.http_parameters, out));
  return out;
}

}  // namespace lapwing::pipes
