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

namespace {

class MemoryEngine final : public Engine {
 public:
  MemoryEngine(const Clock& clock, const MemoryOptions& options)
      : core_(clock, options),
        store_(make_store(core_)),
        feed_(make_feed(core_)),
        queue_(make_queue(core_)),
        log_(make_log(core_, core_.state.shards, core_.logged)),
        bulk_log_(make_log(core_, bulk_shards_, core_.bulk_logged)),
        lease_(make_lease(core_)),
        blobs_(make_blobs(clock)) {}
  ~MemoryEngine() override { MemoryEngine::shut_down(); }

  Store& store() override { return *store_; }
  ChangeFeed& changes() override { return *feed_; }
  Queue& queue() override { return *queue_; }
  Log& log() override { return *log_; }
  Log& bulk_log() override { return *bulk_log_; }
  Lease& lease() override { return *lease_; }
  BlobStore& blobs() override { return *blobs_; }

  void shut_down() override {
    core_.closed = true;
    core_.changed.close();
    core_.queued.close();
    core_.logged.close();
    core_.bulk_logged.close();
  }

 private:
  Core core_;
  Shards bulk_shards_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Log> bulk_log_;
  std::unique_ptr<Lease> lease_;
  std::unique_ptr<BlobStore> blobs_;
};

}  // namespace
}  // namespace memory

std::unique_ptr<Engine> make_memory_engine(const Clock& clock, MemoryOptions options) {
  return std::make_unique<memory::MemoryEngine>(clock, options);
}

}  // namespace lapwing::store
