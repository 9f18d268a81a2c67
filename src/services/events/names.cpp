#include "services/events/names.hpp"

#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "resources/table.hpp"
#include "services/events/words.hpp"

namespace lapwing::events {
namespace {

constexpr std::string_view kService = "events";

std::optional<aws::Arn> read(std::string_view text) {
  if (!aws::Arn::looks_like(text)) return std::nullopt;
  auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != kService) return std::nullopt;
  return *std::move(arn);
}

}  // namespace

std::string BusAddress::key() const { return resources::scoped_key(scope, name); }

std::string BusAddress::arn() const { return events_arn(scope, "event-bus/" + name); }

std::string RuleAddress::key() const { return fmt::format("{}/{}", bus.key(), name); }

std::string RuleAddress::arn() const {
  return events_arn(bus.scope, bus.name == kDefaultBus ? "rule/" + name
                                                       : fmt::format("rule/{}/{}", bus.name, name));
}

std::string events_arn(const aws::Scope& scope, std::string_view resource) {
  return aws::make_arn(kService, scope.region, scope.account, resource);
}

std::optional<BusAddress> parse_bus_arn(std::string_view text) {
  auto arn = read(text);
  if (!arn || arn->resource_type() != "event-bus" || arn->resource_id().empty()) {
    return std::nullopt;
  }
  return BusAddress{{arn->account, arn->region}, std::string(arn->resource_id())};
}

bool is_bus_arn(std::string_view arn) { return parse_bus_arn(arn).has_value(); }

std::optional<RuleAddress> parse_rule_arn(std::string_view text) {
  auto arn = read(text);
  if (!arn || arn->resource_type() != "rule") return std::nullopt;
  const std::string_view id = arn->resource_id();
  const std::size_t slash = id.rfind('/');
  const bool on_default = slash == std::string_view::npos;
  const std::string_view name = on_default ? id : id.substr(slash + 1);
  const std::string_view bus = on_default ? kDefaultBus : id.substr(0, slash);
  if (name.empty() || bus.empty()) return std::nullopt;
  return RuleAddress{{{arn->account, arn->region}, std::string(bus)}, std::string(name)};
}

BusAddress bus_given(const aws::Call& call, const std::optional<std::string>& name_or_arn) {
  if (!name_or_arn || name_or_arn->empty()) {
    return {aws::scope_of(call.caller), std::string(kDefaultBus)};
  }
  if (auto address = parse_bus_arn(*name_or_arn)) return *std::move(address);
  return {aws::scope_of(call.caller), *name_or_arn};
}

Result<BusAddress> own_bus(const aws::Call& call, const std::optional<std::string>& name_or_arn) {
  BusAddress out = bus_given(call, name_or_arn);
  if (out.scope != aws::scope_of(call.caller)) return fail(no_such_bus(out.name));
  return out;
}

std::string named_in(std::string_view text, const aws::Scope& scope, std::string_view type) {
  const auto arn = read(text);
  if (!arn || arn->account != scope.account || arn->region != scope.region ||
      arn->resource_type() != type) {
    return {};
  }
  const std::string_view id = arn->resource_id();
  return std::string(id.substr(0, id.find('/')));
}

}  // namespace lapwing::events
