// A pipe as it works: what its record says, read once.
//
// Thread-safety: constant once made.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "expressions/template.hpp"
#include "mappings/filter.hpp"
#include "services/pipes/parameters.hpp"
#include "services/pipes/pipe.hpp"

namespace lapwing::pipes {

enum class LogLevel : std::uint8_t { kOff, kError, kInfo, kTrace };

struct LogPlan {
  LogLevel level = LogLevel::kOff;  // kOff where there is no place for them, too
  aws::Scope scope;
  std::string group;
  bool with_data = false;  // payloads, requests and answers
};

struct Plan {
  std::string arn;
  std::string name;
  std::string id;
  aws::Scope scope;
  std::string role_arn;
  std::string source_arn;
  std::string enrichment_arn;  // empty: none
  std::string target_arn;
  bool ordered = false;  // the source is a FIFO queue
  std::optional<Kind> enrichment;
  Kind target = Kind::kQueue;
  bool waits = true;  // for the answer of a function that is the target
  std::int32_t batch_size = 0;
  std::chrono::seconds window{};
  mappings::FilterPtr filter;
  std::optional<expressions::Template> enrichment_template;
  std::optional<expressions::Template> target_template;
  gen::pipes::PipeEnrichmentParameters enrichment_parameters;
  gen::pipes::PipeTargetParameters target_parameters;
  LogPlan log;
};
using PlanPtr = std::shared_ptr<const Plan>;

// The most that a batch may hold, for what it goes to.
std::int32_t batch_max(const Pipe& pipe);

// Errors where the record cannot be read, or is of what is not built.
Result<PlanPtr> make_plan(const Pipe& pipe);

// FilterCriteria; kInvalid, with the reason, for a pattern that is none.
Result<mappings::FilterPtr> filter_of(const Parameters& parameters);

// "arn:aws:logs:REGION:ACCOUNT:log-group:NAME", with ":*" or without.
std::optional<LogPlan> log_place(std::string_view group_arn);

}  // namespace lapwing::pipes
