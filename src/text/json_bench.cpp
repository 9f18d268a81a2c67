// Targets: parse_json of 1.3 kB in 2 us; check_json at 500 MB/s or more.
#include <string>

#include <benchmark/benchmark.h>

#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::text {
namespace {

// A request like CreateFunction's: nested, mostly short strings, some numbers.
std::string control_plane_request() {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("FunctionName", "HelloWorldFunction");
  json.member("Runtime", "python3.12");
  json.member("Role", "arn:aws:iam::000000000000:role/lambda-ex");
  json.member("Timeout", 30);
  json.member("MemorySize", 512);
  json.key("Environment");
  json.begin_object();
  json.key("Variables");
  json.begin_object();
  for (int i = 0; i < 16; ++i) {
    json.member("VARIABLE_" + std::to_string(i),
                "some value of ordinary length " + std::to_string(i));
  }
  json.end_object();
  json.end_object();
  json.key("Layers");
  json.begin_array();
  for (int i = 0; i < 4; ++i) json.string("arn:aws:lambda:us-east-1:000000000000:layer:l:1");
  json.end_array();
  json.end_object();
  return out;
}

// An array of small objects, as event batches are.
std::string payload(std::size_t bytes) {
  std::string out = "[";
  while (out.size() < bytes) {
    if (out.size() > 1) out += ',';
    out += R"({"messageId":"059f36b4-87a3-44ab-83d2-661975830a7d","body":"Test message with some )"
           R"(text \"quoted\"","attributes":{"ApproximateReceiveCount":1,"SentTimestamp":)"
           R"(1545082649.183},"ok":true})";
  }
  return out + "]";
}

void BM_ParseJson(benchmark::State& state) {
  const std::string text = control_plane_request();
  for (auto _ : state) benchmark::DoNotOptimize(parse_json(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(BM_ParseJson);

void BM_CheckJsonEvents(benchmark::State& state) {
  const std::string text = payload(6 << 20);
  for (auto _ : state) benchmark::DoNotOptimize(check_json(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_CheckJsonEvents);

void BM_CheckJsonLongString(benchmark::State& state) {
  const std::string text = "\"" + std::string(6 << 20, 'x') + "\"";
  for (auto _ : state) benchmark::DoNotOptimize(check_json(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_CheckJsonLongString);

void BM_WriteJson(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(control_plane_request());
}
BENCHMARK(BM_WriteJson);

void BM_Base64Decode(benchmark::State& state) {
  const std::string text = base64_encode(std::string_view(std::string(1 << 20, 'x')));
  for (auto _ : state) benchmark::DoNotOptimize(base64_decode(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_Base64Decode);

}  // namespace
}  // namespace lapwing::text
