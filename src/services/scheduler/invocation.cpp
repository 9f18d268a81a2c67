#include "services/scheduler/invocation.hpp"

#include <array>
#include <utility>

#include "base/clock.hpp"
#include "resources/table.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::scheduler {
namespace {

struct InvocationTable {
  using Record = Invocation;
  static constexpr std::string_view kKind = "scheduler.invocation";
  static constexpr int kFormat = 1;

  static std::string key(const Invocation& each) { return each.execution_id; }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("schedule", each.schedule_arn);
    f("target", each.target);
    f("execution", each.execution_id);
    f("occurrence", each.occurrence_ms);
  }
};
using Invocations = resources::Table<InvocationTable>;

std::string scheduled_time(const Invocation& invocation) {
  return text::format_iso8601(wall_from_unix_ms(invocation.occurrence_ms));
}

// Its detail is a string.
std::string notification(const Invocation& invocation) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("version", "0");
  json.member("id", invocation.execution_id);
  json.member("detail-type", "Scheduled Event");
  json.member("source", "aws.scheduler");
  json.member("account", invocation.scope.account.view());
  json.member("time", scheduled_time(invocation));
  json.member("region", invocation.scope.region.view());
  json.key("resources");
  json.begin_array();
  json.string(invocation.schedule_arn);
  json.end_array();
  json.member("detail", "{}");
  json.end_object();
  return out;
}

}  // namespace

std::string encode(const Invocation& invocation) { return Invocations::encode(invocation); }

Result<Invocation> decode_invocation(std::string_view bytes) { return Invocations::decode(bytes); }

std::string payload(const Invocation& invocation, std::uint32_t attempt) {
  if (!invocation.target.input) return notification(invocation);
  constexpr std::string_view kBegin = "<aws.scheduler.";
  const std::array<std::pair<std::string_view, std::string>, 4> variables{
      {{"schedule-arn>", invocation.schedule_arn},
       {"scheduled-time>", scheduled_time(invocation)},
       {"execution-id>", invocation.execution_id},
       {"attempt-number>", std::to_string(attempt)}}};
  std::string_view rest = *invocation.target.input;
  std::string out;
  while (true) {
    const std::size_t at = rest.find(kBegin);
    out += rest.substr(0, at);
    if (at == std::string_view::npos) return out;
    rest.remove_prefix(at + kBegin.size());
    bool known = false;
    for (const auto& [name, value] : variables) {
      if (!rest.starts_with(name)) continue;
      out += value;
      rest.remove_prefix(name.size());
      known = true;
      break;
    }
    if (!known) out += kBegin;
  }
}

}  // namespace lapwing::scheduler
