// What matching costs by one pattern and by many that do not match. Targets: by 100,000 at least
// 0.8 times as many events as by one; two to five times as many as event-ruler on one thread.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "patterns/compile.hpp"
#include "patterns/pattern_set.hpp"

namespace lapwing::patterns {
namespace {

constexpr std::string_view kEvent =
    R"({"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":)"
    R"("EC2 Instance State-change Notification","source":"aws.ec2","account":"111122223333",)"
    R"("time":"2026-12-22T18:43:48Z","region":"us-west-1","resources":)"
    R"(["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],"detail":)"
    R"({"instance-id":"i-1234567890abcdef0","state":"terminated","size":42,"address":)"
    R"("10.0.1.17","tags":[{"key":"team","value":"red"},{"key":"stage","value":"test"}]}})";

std::vector<Identified> made(std::size_t count, const auto& text_of) {
  std::vector<Identified> out;
  for (std::size_t i = 0; i < count; ++i) {
    auto pattern = compile(text_of(i), Dialect::kRule);
    if (!pattern) std::abort();
    out.push_back({i, std::make_shared<const Pattern>(*std::move(pattern))});
  }
  return out;
}

void run(benchmark::State& state, const auto& text_of) {
  PatternSet set;
  set.add(made(static_cast<std::size_t>(state.range(0)), text_of));
  const auto snapshot = set.snapshot();
  Match match;
  std::size_t found = 0;
  for (auto _ : state) {
    if (!snapshot->match(kEvent, match)) std::abort();
    found += match.ids().size();
  }
  benchmark::DoNotOptimize(found);
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kEvent.size()));
  state.counters["matches"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}

// Same source, another instance each: what many rules on one bus look like.
void BM_Exact(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(
        R"({{"source":["aws.ec2"],"detail":{{"state":["terminated"],"instance-id":["i-{}"]}}}})",
        i);
  });
}
BENCHMARK(BM_Exact)->Arg(1)->Arg(1000)->Arg(100'000);

// Two conditions, each shared by hundreds, met by one half each.
void BM_Pairs(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(R"({{"region":["us-west-{}"],"detail":{{"size":[{}]}}}})", i % 316,
                       i / 316 == 42 ? 10'000 : i / 316);
  });
}
BENCHMARK(BM_Pairs)->Arg(1)->Arg(1000)->Arg(100'000);

void BM_Prefix(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(R"({{"detail":{{"instance-id":[{{"prefix":"i-{}x"}}]}}}})", i);
  });
}
BENCHMARK(BM_Prefix)->Arg(1)->Arg(1000)->Arg(100'000);

void BM_Wildcard(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(R"({{"resources":[{{"wildcard":"arn:*:instance/i-{}*"}}]}})", i + 200'000);
  });
}
BENCHMARK(BM_Wildcard)->Arg(1)->Arg(1000)->Arg(100'000);

void BM_Numeric(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(R"({{"detail":{{"size":[{{"numeric":[">",{},"<",{}]}}]}}}})", 100 + i,
                       200 + i);
  });
}
BENCHMARK(BM_Numeric)->Arg(1)->Arg(1000)->Arg(100'000);

void BM_AnythingBut(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(
        R"({{"detail":{{"state":[{{"anything-but":"running"}}],"instance-id":["i-{}"]}}}})", i);
  });
}
BENCHMARK(BM_AnythingBut)->Arg(1)->Arg(1000)->Arg(100'000);

// Fields of one element.
void BM_Arrays(benchmark::State& state) {
  run(state, [](std::size_t i) {
    return fmt::format(R"({{"detail":{{"tags":{{"key":["team"],"value":["v{}"]}}}}}})", i);
  });
}
BENCHMARK(BM_Arrays)->Arg(1)->Arg(1000)->Arg(100'000);

void BM_Add(benchmark::State& state) {
  const auto text_of = [](std::size_t i) { return fmt::format(R"({{"a":["{}"]}})", i); };
  PatternSet set;
  set.add(made(static_cast<std::size_t>(state.range(0)), text_of));
  const Pattern pattern = *compile(R"({"a":["x"]})", Dialect::kRule);
  PatternId id = 1'000'000;
  for (auto _ : state) set.add(id++, pattern);
}
BENCHMARK(BM_Add)->Arg(1)->Arg(100'000)->Iterations(10'000);

void BM_Compile(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(compile(
        R"({"source":["aws.ec2"],"detail":{"state":["terminated"],"n":[{"numeric":[">",5]}]}})",
        Dialect::kRule));
  }
}
BENCHMARK(BM_Compile);

}  // namespace
}  // namespace lapwing::patterns
