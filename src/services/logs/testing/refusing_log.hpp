// A log whose disk is full while `refuse` is set; everything else goes to the one below.
#pragma once

#include <atomic>

#include "os/disk_space.hpp"
#include "store/log.hpp"

namespace lapwing::logs {

class RefusingLog final : public store::Log {
 public:
  explicit RefusingLog(store::Log& below) : below_(&below) {}

  std::atomic<bool> refuse = false;
  std::atomic<bool> full = false;  // refuses as a full disk does
  std::atomic<int> refused = 0;
  std::atomic<int> commits_of_several = 0;

  Result<store::LogSequence> append(std::string_view stream, std::string_view shard,
                                    std::span<const store::LogInput> records,
                                    std::optional<store::LogSequence> expected_next,
                                    const store::TransactOptions& options) override {
    LAPWING_CHECK(check());
    return below_->append(stream, shard, records, expected_next, options);
  }
  Status append_all(std::span<const store::LogAppend> parts,
                    const store::TransactOptions& options) override {
    LAPWING_CHECK(check());
    ++commits_of_several;
    return below_->append_all(parts, options);
  }
  Result<store::LogPage> read(const store::LogRead& read) override { return below_->read(read); }
  Result<store::LogPage> read_by_time(const store::LogTimeRead& read) override {
    return below_->read_by_time(read);
  }
  Result<store::ShardInfo> shard(std::string_view stream, std::string_view name) override {
    return below_->shard(stream, name);
  }
  Result<store::ShardPage> shards(std::string_view stream, std::string_view after,
                                  std::size_t limit) override {
    return below_->shards(stream, after, limit);
  }
  Result<std::vector<std::string>> streams(std::string_view after, std::size_t limit) override {
    return below_->streams(after, limit);
  }
  Result<std::uint64_t> trim_before(std::string_view stream, std::string_view shard,
                                    store::LogSequence sequence) override {
    return below_->trim_before(stream, shard, sequence);
  }
  Result<std::uint64_t> trim_before_time(std::string_view stream, std::string_view shard,
                                         std::int64_t time_ms) override {
    return below_->trim_before_time(stream, shard, time_ms);
  }
  Status seal(std::string_view stream, std::string_view shard) override {
    return below_->seal(stream, shard);
  }
  Status drop_shard(std::string_view stream, std::string_view shard) override {
    return below_->drop_shard(stream, shard);
  }
  Status drop_stream(std::string_view stream) override { return below_->drop_stream(stream); }
  Result<std::uint64_t> stream_bytes(std::string_view stream) override {
    return below_->stream_bytes(stream);
  }
  Result<std::uint64_t> used_bytes() override { return below_->used_bytes(); }
  Result<bool> wait_for(std::string_view stream, std::string_view shard, store::LogSequence after,
                        Duration timeout) override {
    return below_->wait_for(stream, shard, after, timeout);
  }
  store::Subscription subscribe(store::Listener& listener) override {
    return below_->subscribe(listener);
  }

 private:
  Status check() {
    if (!refuse && !full) return {};
    ++refused;
    if (full) return fail(os::disk_full_error("no space"));
    return fail(make_error(ErrorKind::kUnavailable, "not now"));
  }

  store::Log* below_;
};

}  // namespace lapwing::logs
