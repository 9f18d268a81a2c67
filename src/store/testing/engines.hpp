// The engines the contract suite drives. A test of the contract is a TEST_P of
// ContractTest; it runs once for every engine named in engines.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "store/engine.hpp"

namespace lapwing::store::testing {

struct EngineKind {
  std::string name;
  bool durable = false;
  // Opens, or opens again, over `dir`.
  std::unique_ptr<Engine> (*open)(const std::string& dir, const Clock& clock,
                                  std::uint64_t feed_history);
};

std::vector<EngineKind> all_engines();

// A new directory under $TMPDIR (or /tmp), removed with everything in it at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ContractTest : public ::testing::TestWithParam<EngineKind> {
 protected:
  ContractTest() : engine_(GetParam().open(dir_.path(), clock_, kFeedHistory)) {}

  Store& store() { return engine_->store(); }
  Queue& queue() { return engine_->queue(); }
  Lease& lease() { return engine_->lease(); }
  // What a restart is; not for engines that keep nothing.
  void reopen(std::uint64_t feed_history = kFeedHistory) {
    engine_.reset();
    engine_ = GetParam().open(dir_.path(), clock_, feed_history);
  }
  // With another length of history, the engine being empty.
  void start_with_history(std::uint64_t commits) { reopen(commits); }

  TempDir dir_;
  ManualClock clock_;
  std::unique_ptr<Engine> engine_;
};

std::string engine_name(const ::testing::TestParamInfo<EngineKind>& info);

// Whether `result` failed with this kind; shows what it was otherwise.
template <class T>
::testing::AssertionResult failed_with(const Result<T>& result, ErrorKind kind) {
  if (result) return ::testing::AssertionFailure() << "it succeeded";
  if (result.error().kind() == kind) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.error().to_log();
}
template <class T>
::testing::AssertionResult succeeded(const Result<T>& result) {
  if (result) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.error().to_log();
}

}  // namespace lapwing::store::testing

#define LAPWING_CONTRACT_SUITE(suite)                                                   \
  INSTANTIATE_TEST_SUITE_P(Engines, suite,                                              \
                           ::testing::ValuesIn(lapwing::store::testing::all_engines()), \
                           lapwing::store::testing::engine_name)
