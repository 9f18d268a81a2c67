// The raw http floor: the smallest echo over our own http/ floor.
//
//   lapwing_floor_http LOOPS
//
// Listens on a free port of 127.0.0.1, prints "listening on HOST:PORT", ends with its standard
// input.
#include <chrono>
#include <cstdlib>
#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "http/server.hpp"
#include "net/loop_group.hpp"

namespace lapwing {
namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;

net::Task<void> echo(http::RequestContext& context) {
  auto body = co_await context.body().read_all(kBodyBytesMax);
  if (!body) co_return;
  const auto sent =
      co_await context.respond(http::Response(200, "application/json", *std::move(body)));
  if (!sent) context.close_after();
}

int serve(std::size_t loop_count) {
  const SystemClock clock;
  net::LoopGroup loops(loop_count, clock, null_logger());
  http::Server server(loops, http::ServerOptions(), echo);
  loops.start();
  const auto listening = server.listen(net::Address::ip("127.0.0.1", 0).value());
  if (!listening) return 1;
  fmt::print("listening on {}\n", server.addresses().front().to_string());
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  server.stop(std::chrono::seconds(1));
  loops.stop();
  return 0;
}

}  // namespace
}  // namespace lapwing

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  return lapwing::serve(static_cast<std::size_t>(std::strtoul(argv[1], nullptr, 10)));
}
