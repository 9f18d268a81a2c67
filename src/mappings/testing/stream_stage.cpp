#include "mappings/testing/stream_stage.hpp"

#include <atomic>
#include <utility>

#include "base/testing/eventually.hpp"

namespace lapwing::mappings::testing {

Status NotedGivenUp::tell(store::Txn& txn, const GivenUpNotice& notice) {
  LAPWING_CHECK(txn.put("told", notice.id, notice.record));
  const std::scoped_lock lock(mutex_);
  all_.push_back(notice);
  return {};
}

std::vector<GivenUpNotice> NotedGivenUp::all() const {
  const std::scoped_lock lock(mutex_);
  return all_;
}

StreamStage::StreamStage(int shards) : engine(store::make_memory_engine(clock)) {
  streams.create(kStream, shards);
  begin();
}

StreamStage::~StreamStage() { end(); }

void StreamStage::begin() {
  runner_ = std::make_unique<background::Runner>(
      clock, logger_, background::RunnerOptions{.pace = background::Pace::kManual});
  loops_ = std::make_unique<net::LoopGroup>(1, real, logger_);
  time_ = std::make_unique<hosting::ManualTime>(clock, *runner_, engine->store(),
                                                std::vector<net::Loop*>{&loops_->at(0)});
  pollers = std::make_unique<Pollers>(PollerNeeds{.clock = clock,
                                                  .random = random,
                                                  .logger = logger_,
                                                  .background = *runner_,
                                                  .loops = *loops_,
                                                  .checkpoints = &store(),
                                                  .given_up = &given_up,
                                                  .metrics = &metrics});
  runner_->start();
  loops_->start();
}

void StreamStage::end() {
  // As a crash does: what is at work is cut.
  loops_->stop();
  pollers->drain();
  consumer->let_go();
  pollers.reset();
  runner_->stop();
  time_.reset();
  loops_.reset();
  runner_.reset();
}

void StreamStage::restart() {
  end();
  begin();
}

void StreamStage::put_all(const Ids& data, const std::string& key, const std::string& shard) {
  for (const std::string& each : data) put(each, key, shard);
}

void StreamStage::start(StreamMapping mapping, const std::string& id) {
  mapping.arn = "mapping";
  mapping.stream_arn = kStream;
  mapping.source = &streams;
  mapping.function_arn = "function";
  pollers->start(id, std::move(mapping), consumer);
}

void StreamStage::stop(const std::string& id) {
  std::atomic<bool> stopped{false};
  pollers->stop(id, [&] { stopped = true; });
  EXPECT_TRUE(lapwing::testing::eventually([&] { return stopped.load(); }));
}

Ids StreamStage::seen() const {
  Ids out;
  for (const Ids& each : batches()) out.insert(out.end(), each.begin(), each.end());
  return out;
}

std::optional<Checkpoint> StreamStage::checkpoint(const std::string& shard) {
  std::optional<Checkpoint> out;
  EXPECT_TRUE(store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto found, CheckpointRecords::find(reader, "m/" + shard));
    if (found) out = std::move(found->record);
    return {};
  }));
  return out;
}

}  // namespace lapwing::mappings::testing
