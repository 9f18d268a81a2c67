// FilterCriteria: which records of a source are wanted. One of the patterns must match.
//
// Thread-safety: immutable once made; passes() from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "patterns/pattern_set.hpp"

namespace lapwing::mappings {

class Filter {
 public:
  // kInvalid, in AWS's words, for a pattern that is none. Null where there are none: all are
  // wanted.
  static Result<std::shared_ptr<const Filter>> compile(const std::vector<std::string>& patterns);

  // `record`: JSON. `memory` is a thread's own, kept for the next.
  bool passes(std::string_view record, patterns::Match& memory) const;

 private:
  explicit Filter(std::shared_ptr<const patterns::Snapshot> patterns)
      : patterns_(std::move(patterns)) {}

  std::shared_ptr<const patterns::Snapshot> patterns_;
};
using FilterPtr = std::shared_ptr<const Filter>;

}  // namespace lapwing::mappings
