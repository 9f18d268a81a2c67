// Target: verifying a request of 1 kB whose signing key is cached in 6 us or less.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "aws/sigv4.hpp"
#include "aws/sigv4_signer.hpp"

namespace lapwing::aws {
namespace {

void BM_VerifySigV4(benchmark::State& state) {
  ManualClock clock;
  MemoryCredentialStore store(nullptr);
  store.add("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {});
  const Authenticator authenticator(AuthMode::kVerify, store, clock);
  const std::string body(1024, 'x');
  std::vector<HeaderView> headers = {{"Host", "localhost:4566"},
                                     {"Content-Type", "application/octet-stream"},
                                     {"X-Amz-Invocation-Type", "RequestResponse"}};
  Request request{"POST", "/2015-03-31/functions/HelloWorldFunction/invocations", "", headers,
                  body};
  const auto added = sign(request, {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""},
                          {"us-east-1", "lambda"}, clock.wall());
  for (const HeaderField& header : added) headers.push_back({header.name, header.value});
  request.headers = headers;
  for (auto _ : state) {
    const auto head = authenticator.read(request);
    const auto caller = authenticator.authenticate(request, *head, "lambda");
    if (!caller) state.SkipWithError(caller.error().message().c_str());
    benchmark::DoNotOptimize(caller);
  }
}
BENCHMARK(BM_VerifySigV4);

}  // namespace
}  // namespace lapwing::aws
