#include "delivery/dead_events.hpp"

#include <algorithm>
#include <utility>

#include "base/packed.hpp"
#include "delivery/limits.hpp"
#include "text/utf8.hpp"

namespace lapwing::delivery {
namespace {

constexpr char kFormat = 1;

std::string encode(const DeadEvent& event) {
  PackedWriter out(kFormat);
  out.reserve(512 + event.work.size());
  for (const std::string_view field :
       {std::string_view(event.id), std::string_view(event.trace), event.account.view(),
        std::string_view(event.at), std::string_view(event.to),
        std::string_view(event.dead_letters),
        text::truncate_utf8(event.reason, 2 * kFailureTextMax)}) {
    out.text(field);
  }
  out.length(event.attempts);
  out.text(event.work);
  return std::move(out).take();
}

Result<DeadEvent> decode(const store::LogRecord& record) {
  PackedReader in(record.data, kFormat);
  DeadEvent out;
  out.number = record.sequence;
  out.died_ms = record.time_ms;
  out.id = in.text();
  out.trace = in.text();
  out.account = AccountId(in.text());
  out.at = in.text();
  out.to = in.text();
  out.dead_letters = in.text();
  out.reason = in.text();
  out.attempts = static_cast<std::uint32_t>(in.length());
  out.work = in.text();
  if (in.broken()) return fail(internal_error("a dead event of an unknown format"));
  return out;
}

}  // namespace

DeadEvents::DeadEvents(store::Space& space, std::string stream)
    : log_(space, std::move(stream),
           {.records = kDeadEventsKept, .bytes = kDeadBytesKept, .age = kDeadKeptFor}) {}

Status DeadEvents::add(store::Txn& txn, const std::vector<DeadEvent>& events) const {
  // Each by itself: all together may be more than one append takes.
  for (const DeadEvent& event : events) {
    LAPWING_CHECK(log_.add(txn, {{.time_ms = event.died_ms, .data = encode(event)}}));
  }
  return {};
}

Result<DeadEvents::Page> DeadEvents::newest(std::uint64_t before, std::size_t max) const {
  Page out;
  if (before == 1) return out;
  LAPWING_TRY(const store::LogPage page,
              log_.read(before == 0 ? store::LogRead::kLatest : before - 1,
                        store::Direction::kBackward, max));
  out.more = page.more;
  for (const store::LogRecord& record : page.records) {
    LAPWING_TRY(DeadEvent event, decode(record));
    out.events.push_back(std::move(event));
  }
  return out;
}

Result<std::vector<DeadEvent>> DeadEvents::find(std::string_view id) const {
  std::vector<DeadEvent> out;
  std::uint64_t before = 0;
  while (true) {
    LAPWING_TRY(Page page, newest(before, kDeadPage));
    for (DeadEvent& event : page.events) {
      before = event.number;
      const auto same = [&](const DeadEvent& one) { return one.to == event.to; };
      if (event.id == id && std::ranges::none_of(out, same)) out.push_back(std::move(event));
    }
    if (!page.more || page.events.empty()) return out;
  }
}

}  // namespace lapwing::delivery
