// A pipeline for tests of services: everything is allowed, one worker.
#pragma once

#include <memory>
#include <string_view>

#include "aws/service.hpp"
#include "text/pattern.hpp"

namespace lapwing::aws::testing {

class TestPipeline {
 public:
  explicit TestPipeline(const Clock& clock, Logger& log = null_logger(),
                        const Authoriser* authoriser = nullptr)
      : pipeline_{patterns_, log, clock, authoriser == nullptr ? all_ : *authoriser, workers_} {}

  operator const Pipeline&() const { return pipeline_; }

 private:
  text::PatternCache patterns_;
  AuthoriseAll all_;
  net::WorkerPool workers_{1};
  Pipeline pipeline_;
};

}  // namespace lapwing::aws::testing
