// Runs the escape probe (tests/system/escape) in sandboxes, in every way a program comes to run
// in one, with bait on the host for it to look for.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox::testing {

enum class Way {
  kLaunched,           // with its sandbox
  kStarted,            // in a sandbox that waited
  kForked,             // there, as a template's child
  kForkedAndExecuted,  // which then executes a program of the function's
};
std::string_view to_string(Way way);

struct HostBait;

class Prober {
 public:
  explicit Prober(World& world);
  ~Prober();

  Plan plan(std::vector<std::string> arguments) const;
  // Every attempt.
  Outcome run(Way way, Weakness weakness);
  // A program of a sandbox watches while that many children of a template come into it; what it
  // said.
  std::string watch_forks(int children);
  // Names of the attempts that succeeded.
  static std::set<std::string> escaped(const std::string& output);

 private:
  std::vector<std::pair<std::string, std::string>> environment() const;
  TemplatePlan template_plan(std::vector<std::string> argv);
  Plan waiting(Weakness weakness) const;
  Assignment assignment() const;
  net::Task<void> run_later(net::Loop& loop, Way way, Weakness weakness, Outcome& outcome);
  net::Task<void> watch(net::Loop& loop, int children, std::string& output);

  World& world_;
  std::string task_;  // host directory with the probe
  std::unique_ptr<HostBait> bait_;
};

}  // namespace lapwing::sandbox::testing
