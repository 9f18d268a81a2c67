#include <algorithm>

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"
#include "store/pages.hpp"

namespace lapwing::store::memory {
namespace {

ShardInfo describe(const std::string& name, const Shard& shard) {
  ShardInfo info{name, shard.next, shard.records.size(), shard.bytes, {}, {}, shard.sealed};
  if (!shard.by_time.empty()) {
    info.first_time_ms = shard.by_time.begin()->time_ms;
    info.last_time_ms = shard.by_time.rbegin()->time_ms;
  }
  return info;
}

class MemoryLog final : public Log {
 public:
  MemoryLog(Core& core, Shards& shards, Signal& signal)
      : core_(&core), shards_(&shards), signal_(&signal) {}

  Result<LogSequence> append(std::string_view stream, std::string_view shard,
                             std::span<const LogInput> records,
                             std::optional<LogSequence> expected_next,
                             const TransactOptions& options) override;
  Status append_all(std::span<const LogAppend> parts, const TransactOptions& options) override;
  Result<LogPage> read(const LogRead& read) override;
  Result<LogPage> read_by_time(const LogTimeRead& read) override;
  Result<ShardInfo> shard(std::string_view stream, std::string_view shard) override;
  Result<ShardPage> shards(std::string_view stream, std::string_view after,
                           std::size_t limit) override;
  Result<std::vector<std::string>> streams(std::string_view after, std::size_t limit) override;
  Result<std::uint64_t> trim_before(std::string_view stream, std::string_view shard,
                                    LogSequence sequence) override {
    return trim(stream, shard, [&](const LogRecord& r) { return r.sequence < sequence; });
  }
  Result<std::uint64_t> trim_before_time(std::string_view stream, std::string_view shard,
                                         std::int64_t time_ms) override {
    return trim(stream, shard, [&](const LogRecord& r) { return r.time_ms < time_ms; });
  }
  Status seal(std::string_view stream, std::string_view shard) override;
  Status drop_shard(std::string_view stream, std::string_view shard) override;
  Status drop_stream(std::string_view stream) override;
  Result<std::uint64_t> stream_bytes(std::string_view stream) override {
    return sum([&](const ShardName& name) { return name.first == stream; });
  }
  Result<std::uint64_t> used_bytes() override {
    return sum([](const ShardName&) { return true; });
  }
  Result<bool> wait_for(std::string_view stream, std::string_view shard, LogSequence after,
                        Duration timeout) override;
  Subscription subscribe(Listener& listener) override { return signal_->subscribe(listener); }

 private:
  Result<Shard*> find(std::string_view stream, std::string_view shard) {
    LAPWING_CHECK(check_shard_name(stream, shard));
    const auto found = shards_->find({std::string(stream), std::string(shard)});
    if (found == shards_->end()) return fail(no_shard_error(stream, shard));
    return &found->second;
  }
  template <class Wanted>
  std::uint64_t sum(Wanted wanted) {
    const std::scoped_lock lock(core_->mutex);
    std::uint64_t total = 0;
    for (const auto& [name, shard] : *shards_) total += wanted(name) ? shard.bytes : 0;
    return total;
  }
  template <class Old>
  Result<std::uint64_t> trim(std::string_view stream, std::string_view shard, Old old) {
    LAPWING_CHECK(core_->check_open());
    const std::scoped_lock lock(core_->mutex);
    LAPWING_TRY(Shard* const found, find(stream, shard));
    return std::erase_if(found->records, [&](const auto& item) {
      if (!old(item.second)) return false;
      found->bytes -= item.second.data.size();
      found->by_time.erase({item.second.time_ms, item.first});
      return true;
    });
  }

  Core* core_;
  Shards* shards_;
  Signal* signal_;
};

Result<LogSequence> MemoryLog::append(std::string_view stream, std::string_view shard,
                                      std::span<const LogInput> records,
                                      std::optional<LogSequence> expected_next,
                                      const TransactOptions& options) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_append(stream, shard, records));
  if (core_->clock->mono() > options.deadline) return fail(timed_out_error());
  LogSequence first = 0;
  {
    const std::scoped_lock lock(core_->mutex);
    LAPWING_TRY(first, append_records(*shards_, stream, shard, records, expected_next));
  }
  signal_->raise();
  return first;
}

Status MemoryLog::append_all(std::span<const LogAppend> parts, const TransactOptions& options) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_append_all(parts));
  if (core_->clock->mono() > options.deadline) return fail(timed_out_error());
  {
    const std::scoped_lock lock(core_->mutex);
    for (const LogAppend& part : parts) {
      const auto found = shards_->find({std::string(part.stream), std::string(part.shard)});
      if (found != shards_->end() && found->second.sealed) return fail(sealed_error(part.shard));
    }
    for (const LogAppend& part : parts) {
      LAPWING_CHECK(append_records(*shards_, part.stream, part.shard, part.records, std::nullopt));
    }
  }
  signal_->raise();
  return {};
}

Result<LogPage> MemoryLog::read(const LogRead& read) {
  LAPWING_CHECK(check_log_page(read.max_records, read.max_bytes));
  const std::scoped_lock lock(core_->mutex);
  LAPWING_TRY(const Shard* const shard, find(read.stream, read.shard));
  LogPageBuilder page(read.max_records, read.max_bytes);
  const auto& records = shard->records;
  if (read.direction == Direction::kForward) {
    for (auto at = records.lower_bound(read.from); at != records.end(); ++at) {
      if (!page.add(at->second)) break;
    }
  } else {
    for (auto at = records.upper_bound(read.from); at != records.begin();) {
      if (!page.add((--at)->second)) break;
    }
  }
  return page.take();
}

Result<LogPage> MemoryLog::read_by_time(const LogTimeRead& read) {
  LAPWING_CHECK(check_log_page(read.max_records, read.max_bytes));
  const std::scoped_lock lock(core_->mutex);
  LAPWING_TRY(const Shard* const shard, find(read.stream, read.shard));
  LogPageBuilder page(read.max_records, read.max_bytes);
  if (read.start_ms >= read.end_ms) return page.take();
  const auto& places = shard->by_time;
  auto begin = places.lower_bound({read.start_ms, 0});
  auto end = places.lower_bound({read.end_ms, 0});
  const bool forward = read.direction == Direction::kForward;
  if (read.beyond && forward && read.beyond->time_ms >= read.start_ms) {
    if (read.beyond->time_ms >= read.end_ms) return page.take();
    begin = places.upper_bound(*read.beyond);
  }
  if (read.beyond && !forward && read.beyond->time_ms < read.end_ms) {
    if (read.beyond->time_ms < read.start_ms) return page.take();
    end = places.lower_bound(*read.beyond);
  }
  while (begin != end) {
    const LogPlace place = forward ? *begin++ : *--end;
    if (!page.add(shard->records.at(place.sequence))) break;
  }
  return page.take();
}

Result<ShardInfo> MemoryLog::shard(std::string_view stream, std::string_view shard) {
  const std::scoped_lock lock(core_->mutex);
  LAPWING_TRY(const Shard* const found, find(stream, shard));
  return describe(std::string(shard), *found);
}

Result<ShardPage> MemoryLog::shards(std::string_view stream, std::string_view after,
                                    std::size_t limit) {
  const std::scoped_lock lock(core_->mutex);
  ShardPage page;
  auto at = shards_->upper_bound({std::string(stream), std::string(after)});
  for (; at != shards_->end() && at->first.first == stream; ++at) {
    page.more = page.shards.size() == std::min(limit, kMaxShardPage);
    if (page.more) break;
    page.shards.push_back(describe(at->first.second, at->second));
  }
  return page;
}

Result<std::vector<std::string>> MemoryLog::streams(std::string_view after, std::size_t limit) {
  const std::scoped_lock lock(core_->mutex);
  std::vector<std::string> out;
  for (const auto& [name, shard] : *shards_) {
    if (name.first <= after || (!out.empty() && out.back() == name.first)) continue;
    if (out.size() == std::min(limit, kMaxShardPage)) break;
    out.push_back(name.first);
  }
  return out;
}

Status MemoryLog::seal(std::string_view stream, std::string_view shard) {
  LAPWING_CHECK(core_->check_open());
  const std::scoped_lock lock(core_->mutex);
  LAPWING_TRY(Shard* const found, find(stream, shard));
  found->sealed = true;
  return {};
}

Status MemoryLog::drop_shard(std::string_view stream, std::string_view shard) {
  LAPWING_CHECK(core_->check_open());
  const std::scoped_lock lock(core_->mutex);
  LAPWING_CHECK(find(stream, shard));
  shards_->erase({std::string(stream), std::string(shard)});
  return {};
}

Status MemoryLog::drop_stream(std::string_view stream) {
  LAPWING_CHECK(core_->check_open());
  const std::scoped_lock lock(core_->mutex);
  std::erase_if(*shards_, [&](const auto& item) { return item.first.first == stream; });
  return {};
}

Result<bool> MemoryLog::wait_for(std::string_view stream, std::string_view shard, LogSequence after,
                                 Duration timeout) {
  LAPWING_CHECK(check_shard_name(stream, shard));
  const MonoTime until = SystemClock().mono() + timeout;
  while (true) {
    const std::uint64_t seen = signal_->count();
    {
      const std::scoped_lock lock(core_->mutex);
      const auto found = shards_->find({std::string(stream), std::string(shard)});
      if (found != shards_->end() &&
          found->second.records.upper_bound(after) != found->second.records.end()) {
        return true;
      }
    }
    const Duration left = until - SystemClock().mono();
    if (left <= Duration::zero() || signal_->closed()) return false;
    signal_->wait(seen, left);
  }
}

}  // namespace

Result<LogSequence> append_records(Shards& shards, std::string_view stream, std::string_view shard,
                                   std::span<const LogInput> records,
                                   std::optional<LogSequence> expected_next) {
  const ShardName name{stream, shard};
  const auto found = shards.find(name);
  const LogSequence next = found == shards.end() ? 1 : found->second.next;
  if (found != shards.end() && found->second.sealed) return fail(sealed_error(shard));
  if (expected_next && *expected_next != next) return fail(log_moved_error(shard));
  Shard& to = shards[name];
  for (const LogInput& record : records) {
    to.by_time.insert({record.time_ms, to.next});
    to.bytes += record.data.size();
    to.records.emplace(to.next, LogRecord{to.next, record.time_ms, record.data});
    ++to.next;
  }
  return next;
}

std::unique_ptr<Log> make_log(Core& core, Shards& shards, Signal& signal) {
  return std::make_unique<MemoryLog>(core, shards, signal);
}

}  // namespace lapwing::store::memory
