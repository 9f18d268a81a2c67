#include "services/lambda/async/event.hpp"

#include <utility>

#include <fmt/core.h>

#include "base/packed.hpp"

namespace lapwing::lambda {
namespace {

constexpr char kFormat = 1;

}  // namespace

std::string queue_of(const AccountId& account, const Region& region, const FunctionName& function) {
  return fmt::format("{}{}/{}/{}", kEventQueues, account.view(), region.view(), function.view());
}

std::string encode(const Event& event) {
  PackedWriter out(kFormat);
  out.reserve(256 + event.payload.size());
  for (const std::string* const field :
       {&event.request_id, &event.qualifier, &event.invoked_arn, &event.trace, &event.payload}) {
    out.text(*field);
  }
  out.number(static_cast<std::uint64_t>(event.accepted_ms));
  out.length(event.failures);
  if (!event.tenant_id.empty()) out.text(event.tenant_id);
  return std::move(out).take();
}

Result<Event> named_by(std::string_view queue) {
  Event out;
  if (queue.starts_with(kEventQueues)) queue.remove_prefix(kEventQueues.size());
  const std::size_t region = queue.find('/');
  const std::size_t name = region == std::string_view::npos ? region : queue.find('/', region + 1);
  if (name == std::string_view::npos) return fail(internal_error("not a queue of events"));
  out.account = AccountId(queue.substr(0, region));
  out.region = Region(queue.substr(region + 1, name - region - 1));
  out.function = FunctionName(queue.substr(name + 1));
  return out;
}

Result<Event> decode_event(std::string_view queue, std::string_view bytes) {
  LAPWING_TRY(Event out, named_by(queue));
  PackedReader in(bytes, kFormat);
  for (std::string* const field :
       {&out.request_id, &out.qualifier, &out.invoked_arn, &out.trace, &out.payload}) {
    *field = in.text();
  }
  out.accepted_ms = static_cast<std::int64_t>(in.number());
  out.failures = static_cast<std::uint32_t>(in.length());
  if (!in.at_end()) out.tenant_id = in.text();
  if (in.broken()) return fail(internal_error("an event of an unknown format"));
  return out;
}

}  // namespace lapwing::lambda
