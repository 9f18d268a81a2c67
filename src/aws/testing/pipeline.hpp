// A pipeline for tests of services: everything is allowed, one worker unless more are asked for.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "aws/service.hpp"
#include "text/pattern.hpp"

namespace lapwing::aws::testing {

// Lets everybody do everything, and remembers what was asked about last. Any thread.
class Noting final : public Authoriser {
 public:
  Status authorise(const Call&, const Permission& permission) const override {
    const std::scoped_lock lock(mutex_);
    last_ = permission.resource;
    return {};
  }
  std::string last_resource() const {
    const std::scoped_lock lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::string last_;
};

class TestPipeline {
 public:
  explicit TestPipeline(const Clock& clock, Logger& log = null_logger(),
                        const Authoriser* authoriser = nullptr, std::size_t workers = 1)
      : workers_(workers),
        pipeline_{patterns_, log, clock, authoriser == nullptr ? all_ : *authoriser, workers_} {}

  operator const Pipeline&() const { return pipeline_; }

 private:
  text::PatternCache patterns_;
  AuthoriseAll all_;
  net::WorkerPool workers_;
  Pipeline pipeline_;
};

}  // namespace lapwing::aws::testing
