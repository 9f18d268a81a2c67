#include "services/logs/following/round.hpp"

#include <utility>

#include "services/logs/following/chain.hpp"
#include "services/logs/following/outgoing.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {

Round::Round(const Clock& clock, Random& random, const GroupFilters& group,
             const StreamTarget& target, std::string_view stream)
    : clock_(clock), random_(random), target_(target) {
  for (const Subscribed& each : group.subscriptions) {
    lanes_.push_back({&each, AwslogsBuilder(each.filter, stream), {}});
  }
  for (const MetricRule& rule : group.metrics) counts_.emplace_back(rule);
}

Status Round::take(const store::LogRecord& record) {
  LAPWING_TRY(const ChunkHeader header, read_chunk_header(record.data));
  LAPWING_TRY(const std::vector<ChunkEvent> events, read_chunk(record.data));
  std::uint64_t order = first_order(record.sequence);
  for (const ChunkEvent& event : events) {
    const Place place{event.time_ms, ++order};
    for (Lane& lane : lanes_) take(lane, place, event.message, header.chain);
    for (MetricCount& count : counts_) count.add(event.time_ms, event.message);
  }
  return {};
}

void Round::finish() {
  for (Lane& lane : lanes_) close(lane);
  for (MetricCount& count : counts_) count.finish(values_);
}

void Round::take(Lane& lane, const Place& place, std::string_view message, std::string_view chain) {
  if (!lane.to->pattern.matches(message)) return;
  if (lane.chain != chain) close(lane);
  lane.chain.assign(chain);
  Extracted fields;
  if (lane.to->pattern.is_delimited()) fields = lane.to->pattern.extract(message);
  if (lane.builder.bytes() + message.size() > kDeliveryBytesMax) close(lane);
  lane.builder.add(event_id(place, target_.stream_uid), place.time_ms, message, fields);
  if (lane.builder.bytes() > kDeliveryBytesMax) close(lane);
}

void Round::close(Lane& lane) {
  if (lane.builder.empty()) return;
  const std::size_t events = lane.builder.events();
  const std::string gzipped = lane.builder.finish();
  if (function_event_bytes(gzipped.size()) > kFunctionEventBytesMax) {
    too_large_ += events;
    return;
  }
  events_ += events;
  const SubscriptionFilter& filter = lane.to->filter;
  const WallTime now = clock_.wall();
  delivery::Posting out{.id = make_uuid(random_),
                        .event = posting_event(target_.stream_uid, gzipped),
                        .addressees = {filter.uid},
                        .accepted_ms = unix_ms(now)};
  out.trace = lane.chain.empty() ? new_chain(group_arn(filter.scope, filter.group), now, random_)
                                 : lane.chain;
  postings_.push_back(std::move(out));
}

}  // namespace lapwing::logs
