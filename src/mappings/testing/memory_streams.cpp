#include "mappings/testing/memory_streams.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::mappings::testing {
namespace {

std::string record_of(const std::string& arn, const std::string& shard, std::int64_t arrived_ms,
                      const std::string& sequence, const std::string& key,
                      const std::string& data) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("kinesis");
  json.begin_object();
  json.member("kinesisSchemaVersion", "1.0");
  json.member("partitionKey", key);
  json.member("sequenceNumber", sequence);
  json.member("data", data);
  json.key("approximateArrivalTimestamp");
  json.epoch_seconds(arrived_ms);
  json.end_object();
  json.member("eventSource", "aws:kinesis");
  json.member("eventID", shard + ':' + sequence);
  json.member("eventSourceARN", arn);
  json.end_object();
  return out;
}

std::string filterable_of(const std::string& key, const std::string& data) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("partitionKey", key);
  json.key("data");
  text::check_json(data) ? json.raw(data) : json.string(data);
  json.end_object();
  return out;
}

Error not_there() {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException", "it is not there");
}

}  // namespace

class MemoryStreams::Watch final : public ports::StreamWatch {
 public:
  explicit Watch(store::Subscription subscription) : subscription_(std::move(subscription)) {}

 private:
  store::Subscription subscription_;
};

Result<std::vector<ports::StreamShard>> MemoryStreams::describe(
    const ports::StreamName& stream) const {
  const std::scoped_lock lock(mutex_);
  if (error_) return fail(*error_);
  const auto found = streams_.find(stream.arn);
  if (found == streams_.end()) return fail(not_there());
  std::vector<ports::StreamShard> out;
  for (const Shard& each : found->second.shards) out.push_back(each.facts);
  return out;
}

net::Task<Result<std::vector<ports::StreamShard>>> MemoryStreams::list(net::Loop&,
                                                                       ports::StreamName stream) {
  {
    const std::scoped_lock lock(mutex_);
    ++lists_;
    if (list_error_) co_return fail(*list_error_);
  }
  co_return describe(stream);
}

net::Task<Result<ports::ShardBatch>> MemoryStreams::read(net::Loop&, ports::StreamName stream,
                                                         ports::StreamAsk ask) {
  co_return read_now(stream, ask);
}

Result<ports::ShardBatch> MemoryStreams::read_now(const ports::StreamName& stream,
                                                  const ports::StreamAsk& ask) {
  const std::scoped_lock lock(mutex_);
  ++reads_;
  most_asked_ = std::max(most_asked_, ask.records_max);
  if (error_) return fail(*error_);
  const Shard* const shard = find(stream.arn, ask.shard);
  if (shard == nullptr) return fail(not_there());
  using From = ports::StreamPosition::From;
  const ports::StreamPosition& from = ask.position;
  auto at = std::ranges::find_if(shard->records, [&](const Record& each) {
    if (from.from == From::kAfter) return each.sequence > from.sequence;
    return from.from != From::kTime || each.arrived_ms >= from.time_ms;
  });
  ports::ShardBatch out;
  out.trimmed = from.from == From::kAfter && from.sequence < shard->trimmed;
  std::uint64_t bytes = 0;
  for (; at != shard->records.end() && out.records.size() < ask.records_max; ++at) {
    ports::ShardRecord record{.sequence = at->sequence,
                              .key = at->key,
                              .arrived_ms = at->arrived_ms,
                              .record = record_of(stream.arn, ask.shard, at->arrived_ms,
                                                  at->sequence, at->key, at->data)};
    if (ask.filterable) record.filterable = filterable_of(at->key, at->data);
    bytes += record.record.size();
    if (!out.records.empty() && bytes > ask.bytes_max) break;
    out.records.push_back(std::move(record));
  }
  out.more = at != shard->records.end();
  out.ended = !out.more && shard->facts.closed;
  return out;
}

std::unique_ptr<ports::StreamWatch> MemoryStreams::watch(const std::string& arn,
                                                         const std::string& shard,
                                                         store::Listener& listener) {
  const std::scoped_lock lock(mutex_);
  auto& signal = signals_[arn + ' ' + shard];
  if (signal == nullptr) signal = std::make_unique<store::Signal>();
  return std::make_unique<Watch>(signal->subscribe(listener));
}

void MemoryStreams::tell(const std::string& arn, const std::string& shard) {
  store::Signal* signal = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = signals_.find(arn + ' ' + shard);
    if (found != signals_.end()) signal = found->second.get();
  }
  if (signal != nullptr) signal->raise();
}

MemoryStreams::Shard* MemoryStreams::find(const std::string& arn, const std::string& shard) {
  const auto stream = streams_.find(arn);
  if (stream == streams_.end()) return nullptr;
  for (Shard& each : stream->second.shards) {
    if (each.facts.id == shard) return &each;
  }
  return nullptr;
}

std::string MemoryStreams::add_shard(Stream& stream, std::vector<std::string> parents) {
  Shard& made = stream.shards.emplace_back();
  made.facts.id = fmt::format("shardId-{:012}", next_shard_++);
  made.facts.parents = std::move(parents);
  return made.facts.id;
}

void MemoryStreams::create(const std::string& arn, int shards) {
  const std::scoped_lock lock(mutex_);
  next_shard_ = 0;
  Stream& made = streams_[arn];
  for (int i = 0; i < shards; ++i) add_shard(made, {});
}

void MemoryStreams::remove(const std::string& arn) {
  const std::scoped_lock lock(mutex_);
  streams_.erase(arn);
}

std::string MemoryStreams::put(const std::string& arn, const std::string& shard,
                               const std::string& key, const std::string& data) {
  std::string sequence;
  {
    const std::scoped_lock lock(mutex_);
    sequence = fmt::format("{:020}", next_sequence_++);
    Shard* const to = find(arn, shard);
    to->records.push_back({sequence, key, unix_ms(clock_.wall()), data});
    to->facts.last = sequence;
  }
  tell(arn, shard);
  return sequence;
}

void MemoryStreams::close(const std::string& arn, const std::string& shard) {
  {
    const std::scoped_lock lock(mutex_);
    find(arn, shard)->facts.closed = true;
  }
  tell(arn, shard);
}

std::pair<std::string, std::string> MemoryStreams::split(const std::string& arn,
                                                         const std::string& shard) {
  std::pair<std::string, std::string> out;
  {
    const std::scoped_lock lock(mutex_);
    out.first = add_shard(streams_[arn], {shard});
    out.second = add_shard(streams_[arn], {shard});
  }
  close(arn, shard);
  return out;
}

std::string MemoryStreams::merge(const std::string& arn, const std::string& one,
                                 const std::string& other) {
  std::string out;
  {
    const std::scoped_lock lock(mutex_);
    out = add_shard(streams_[arn], {one, other});
  }
  close(arn, one);
  close(arn, other);
  return out;
}

void MemoryStreams::trim(const std::string& arn, const std::string& shard,
                         const std::string& sequence) {
  const std::scoped_lock lock(mutex_);
  Shard* const of = find(arn, shard);
  std::erase_if(of->records, [&](const Record& each) { return each.sequence <= sequence; });
  of->trimmed = sequence;
}

void MemoryStreams::drop(const std::string& arn, const std::string& shard) {
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(streams_[arn].shards, [&](const Shard& each) { return each.facts.id == shard; });
  }
  tell(arn, shard);
}

void MemoryStreams::refuse(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  error_ = std::move(error);
}

void MemoryStreams::refuse_lists(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  list_error_ = std::move(error);
}

int MemoryStreams::reads() const {
  const std::scoped_lock lock(mutex_);
  return reads_;
}

int MemoryStreams::lists() const {
  const std::scoped_lock lock(mutex_);
  return lists_;
}

std::size_t MemoryStreams::most_asked() const {
  const std::scoped_lock lock(mutex_);
  return most_asked_;
}

}  // namespace lapwing::mappings::testing
