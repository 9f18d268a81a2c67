// Matches each line of a file of events against the patterns of another one, a line each, on one
// thread, for so many seconds after one whole pass:
//
//   lapwing_bench_matcher PATTERNS EVENTS SECONDS
//
// Prints one JSON object: events a second, and how many patterns matched in one pass.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "patterns/compile.hpp"
#include "patterns/pattern_set.hpp"

namespace {

using lapwing::patterns::Identified;

std::vector<std::string> lines(const char* path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(std::move(line));
  return out;
}

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "matcher: {}\n", what);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) die("PATTERNS EVENTS SECONDS are needed");
  lapwing::patterns::PatternSet set;
  std::vector<Identified> made;
  for (const std::string& text : lines(argv[1])) {
    auto pattern = lapwing::patterns::compile(text, lapwing::patterns::Dialect::kRule);
    if (!pattern) die("not a pattern: " + text);
    made.push_back(
        {made.size(), std::make_shared<const lapwing::patterns::Pattern>(*std::move(pattern))});
  }
  set.add(std::move(made));
  const auto snapshot = set.snapshot();
  const std::vector<std::string> events = lines(argv[2]);
  lapwing::patterns::Match match;
  const auto one = [&](const std::string& event) {
    if (!snapshot->match(event, match)) die("not an event: " + event);
    return match.ids().size();
  };
  std::size_t matches = 0;
  for (const std::string& event : events) matches += one(event);

  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const auto end = began + std::chrono::duration<double>(std::strtod(argv[3], nullptr));
  std::size_t done = 0;
  std::size_t found = 0;
  while (Clock::now() < end) {
    for (int i = 0; i < 100; ++i) found += one(events[done++ % events.size()]);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  fmt::print("{{\"per_second\": {:.0f}, \"matches\": {}, \"found\": {}}}\n",
             static_cast<double>(done) / seconds, matches, found);
}
