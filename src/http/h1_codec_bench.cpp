// What the codec and the server cost a request, in CPU of this process. The promise: at most
// 2 µs in user space for codec and server together (PROMISES.md); the exchange below also
// holds the client's side and the kernel's work on both.
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "base/log.hpp"
#include "http/h1_codec.hpp"
#include "http/server.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace lapwing::http {
namespace {

// An invocation as boto3 sends it.
constexpr std::string_view kInvoke =
    "POST /2015-03-31/functions/HelloWorldFunction/invocations HTTP/1.1\r\n"
    "Host: 127.0.0.1:4566\r\n"
    "Accept-Encoding: identity\r\n"
    "User-Agent: Boto3/1.34.46 md/Botocore#1.34.46 ua/2.0 os/linux#6.1 md/arch#x86_64 "
    "lang/python#3.11.2 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.46\r\n"
    "X-Amz-Date: 20261120T100000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/lambda/aws4_request, "
    "SignedHeaders=host;x-amz-date, "
    "Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "amz-sdk-invocation-id: 7a1f0d53-6c1f-4c84-a7f9-5d0a0f2f9c11\r\n"
    "amz-sdk-request: attempt=1\r\n"
    "Content-Length: 16\r\n\r\n"
    "{\"name\":\"World\"}";

void parse_head(benchmark::State& state) {
  const HeadLimits limits;
  HeadParser parser(limits);
  Request request;
  HeadInfo info;
  for (auto _ : state) {
    parser.reset();
    benchmark::DoNotOptimize(parser.parse_request(kInvoke, request, info));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kInvoke.size()));
}
BENCHMARK(parse_head);

void write_head(benchmark::State& state) {
  Response response(200, "application/json", "{}");
  response.headers.add("x-amzn-RequestId", "7a1f0d53-6c1f-4c84-a7f9-5d0a0f2f9c11");
  response.headers.add("X-Amz-Executed-Version", "$LATEST");
  ResponseFraming framing;
  framing.framing = BodyFraming::kLength;
  framing.content_length = 2;
  framing.date = "Fri, 20 Nov 2026 10:00:00 GMT";
  std::string out;
  for (auto _ : state) {
    out.clear();
    write_response_head(out, response, framing);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_head);

double user_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec) * 1e-6;
}

// Server and a raw client on one loop: request in, answer out, over a socket pair.
net::Task<void> exchange(net::Loop& loop, benchmark::State& state, std::size_t pipelined) {
  ServiceShared shared({}, [](RequestContext& context) -> net::Task<void> {
    auto body = co_await context.body().read_all(1000);
    [[maybe_unused]] Status sent =
        co_await context.respond(Response(200, "application/json", *std::move(body)));
  });
  {
    Connections connections(loop, shared);
    auto fds = net::socket_pair().value();
    connections.serve(net::Stream::adopt(loop, std::move(fds.first)).value());
    std::string requests;
    for (std::size_t i = 0; i < pipelined; ++i) requests += kInvoke;
    char buffer[64 * 1024];
    auto answers = net::Stream::adopt(loop, std::move(fds.second));
    // How long an answer is, from the first.
    [[maybe_unused]] Status first = co_await answers->write_all(kInvoke);
    const MutableBytes into = std::as_writable_bytes(std::span(buffer));
    const std::size_t size = *co_await answers->read_some(into);
    const double before = user_seconds();
    for (auto _ : state) {
      [[maybe_unused]] Status sent = co_await answers->write_all(requests);
      for (std::size_t got = 0; got < size * pipelined;) got += *co_await answers->read_some(into);
    }
    const auto total = static_cast<double>(state.iterations() * pipelined);
    state.counters["user_us"] = (user_seconds() - before) * 1e6 / total;
    state.SetItemsProcessed(static_cast<std::int64_t>(total));
  }
  loop.stop();
}

void request_and_answer(benchmark::State& state) {
  SystemClock clock;
  net::Loop loop(clock, null_logger());
  loop.spawn(exchange(loop, state, static_cast<std::size_t>(state.range(0))));
  loop.run();
}
// Pipelined by 16 the kernel's share fades and what is ours shows.
BENCHMARK(request_and_answer)->Arg(1)->Arg(16);

}  // namespace
}  // namespace lapwing::http
