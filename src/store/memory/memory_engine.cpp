#include "store/memory/memory_engine.hpp"

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"

namespace lapwing::store {
namespace memory {

Status Core::check_not_nested() const {
  if (body_thread.load() == std::this_thread::get_id()) return fail(nested_call_error());
  return {};
}

Status Core::check_open() const {
  LAPWING_CHECK(check_not_nested());
  if (closed) return fail(shut_down_error());
  return {};
}

Status Writer::submit(UniqueFunction<void()> job) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return fail(shut_down_error());
  if (jobs_.size() >= kMaxSubmitted) return fail(backlog_error());
  jobs_.push_back(std::move(job));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  arrived_.notify_one();
  return {};
}

void Writer::stop() {
  std::thread ended;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    ended = std::move(thread_);
  }
  arrived_.notify_all();
  if (ended.joinable()) ended.join();
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    UniqueFunction<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

namespace {

// Of what was given to be kept.
std::uint64_t bytes_of(const State& state) {
  std::uint64_t out = 0;
  for (const auto& [kind, table] : state.kinds) {
    for (const auto& [key, record] : table.records) out += key.size() + record.value.size();
  }
  for (const auto& [id, message] : state.messages) out += message.request.payload.size();
  for (const auto& [name, shard] : state.shards) out += shard.bytes;
  return out;
}

class MemorySpace final : public Space {
 public:
  MemorySpace(const Clock& clock, const MemoryOptions& options, bool counts_blobs)
      : core(clock, options, counts_blobs),
        store_(make_store(core)),
        feed_(make_feed(core)),
        queue_(make_queue(core, *store_)),
        log_(make_log(core, core.state.shards, core.logged)),
        lease_(make_lease(core)),
        due_(make_due(core)) {}
  ~MemorySpace() override { core.writer.stop(); }

  Store& store() override { return *store_; }
  ChangeFeed& changes() override { return *feed_; }
  Queue& queue() override { return *queue_; }
  Log& log() override { return *log_; }
  Lease& lease() override { return *lease_; }
  DueSource& due() override { return *due_; }
  Result<std::uint64_t> used_bytes() override {
    LAPWING_CHECK(core.check_not_nested());
    const std::scoped_lock lock(core.mutex);
    return bytes_of(core.state);
  }

  void shut_down() {
    core.writer.stop();
    core.closed = true;
    core.changed.close();
    core.queues.close();
    core.logged.close();
    core.bulk_logged.close();
  }

  Core core;

 private:
  std::unique_ptr<Store> store_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Lease> lease_;
  std::unique_ptr<DueSource> due_;
};

class MemoryEngine final : public Engine {
 public:
  MemoryEngine(const Clock& clock, const MemoryOptions& options)
      : clock_(clock),
        options_(options),
        own_(clock, options, true),
        bulk_log_(make_log(own_.core, bulk_shards_, own_.core.bulk_logged)),
        blobs_(make_blobs(clock)) {}
  ~MemoryEngine() override { MemoryEngine::shut_down(); }

  Store& store() override { return own_.store(); }
  ChangeFeed& changes() override { return own_.changes(); }
  Queue& queue() override { return own_.queue(); }
  Log& log() override { return own_.log(); }
  Lease& lease() override { return own_.lease(); }
  DueSource& due() override { return own_.due(); }
  Result<std::uint64_t> used_bytes() override { return own_.used_bytes(); }
  Log& bulk_log() override { return *bulk_log_; }
  BlobStore& blobs() override { return *blobs_; }

  Result<Space*> space(std::string_view name) override {
    LAPWING_CHECK(check_space_name(name));
    LAPWING_CHECK(own_.core.check_open());
    const std::scoped_lock lock(mutex_);
    auto& found = spaces_[std::string(name)];
    if (!found) found = std::make_unique<MemorySpace>(clock_, options_, false);
    return found.get();
  }

  Result<BlobStore::Swept> collect_blobs(Duration older_than) override {
    std::vector<BlobId> used;
    {
      const std::scoped_lock lock(own_.core.mutex);
      for (const auto& [id, uses] : own_.core.state.blob_uses) used.push_back(id);
    }
    return blobs_->gc(std::move(used), older_than);
  }

  void shut_down() override {
    own_.shut_down();
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, space] : spaces_) space->shut_down();
  }

 private:
  const Clock& clock_;
  MemoryOptions options_;
  MemorySpace own_;
  Shards bulk_shards_;
  std::unique_ptr<Log> bulk_log_;
  std::unique_ptr<BlobStore> blobs_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<MemorySpace>> spaces_;  // guarded by mutex_
};

}  // namespace
}  // namespace memory

std::unique_ptr<Engine> make_memory_engine(const Clock& clock, MemoryOptions options) {
  return std::make_unique<memory::MemoryEngine>(clock, options);
}

}  // namespace lapwing::store
