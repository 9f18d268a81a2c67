// Who is charged before and after it is proven whose a request is.
#include <charconv>
#include <string>

#include <gtest/gtest.h>

#include "http/server.hpp"
#include "net/testing/run.hpp"

namespace lapwing::http {
namespace {

using net::Loop;
using net::Stream;
using net::Task;
using net::testing::TestLoop;

std::uint64_t number_in(const Headers& headers, const char* name) {
  const std::string_view text = headers.get_or(name, "0");
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// "<who is charged once it is claimed>,<... once it is proven>;"
Task<void> claims(RequestContext& context) {
  const Headers& headers = context.request().headers;
  if (headers.get("Claims")) context.claim(number_in(headers, "Claims"));
  std::string said = std::to_string(context.caller().hash) + ",";
  if (headers.get("Proves")) context.charge_to(number_in(headers, "Proves"));
  said += std::to_string(context.caller().hash) + ";";
  EXPECT_TRUE(co_await context.respond(Response(200, "text/plain", said)));
}

class Client {
 public:
  Client(Loop& loop, Connections& connections) {
    auto ends = net::socket_pair().value();
    connections.serve(Stream::adopt(loop, std::move(ends.first)).value());
    stream_ = Stream::adopt(loop, std::move(ends.second)).value();
  }
  Task<std::pair<std::string, std::string>> say(std::string fields) {
    EXPECT_TRUE(co_await stream_->write_all("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"));
    std::string all;
    char byte = 0;
    while (!all.ends_with(';')) {
      auto count = co_await stream_->read_some(std::as_writable_bytes(std::span(&byte, 1)));
      if (!count || *count == 0) break;
      all += byte;
    }
    const std::string said = all.substr(all.rfind('\n') + 1);
    const std::size_t comma = said.find(',');
    co_return std::pair(said.substr(0, comma), said.substr(comma + 1));
  }

 private:
  std::optional<Stream> stream_;
};

TEST(Claim, IsNotWhoItNamesUntilItsConnectionHasProvenIt) {
  TestLoop loop;
  auto main = [](Loop& l) -> Task<void> {
    ServiceShared shared({}, claims);
    Connections connections(l, shared);
    Client owner(l, connections);
    Client stranger(l, connections);
    const auto address = co_await owner.say("");
    EXPECT_EQ(address.first + ";", address.second);
    const auto first = co_await owner.say("Claims: 7\r\nProves: 70\r\n");
    EXPECT_NE(first.first + ";", first.second) << "the owner's share is not there for who says so";
    const auto named = co_await stranger.say("Claims: 7\r\n");
    EXPECT_EQ(named.first, first.first);
    EXPECT_EQ(named.first + ";", named.second);
    EXPECT_NE(named.first, address.first);
    // From here on the owner's connection is known.
    const auto again = co_await owner.say("Claims: 7\r\nProves: 70\r\n");
    EXPECT_EQ(again.first + ";", first.second);
    EXPECT_EQ(again.second, first.second);
    // Another key is another claim, and without one the address counts.
    const auto other = co_await owner.say("Claims: 8\r\n");
    EXPECT_NE(other.first + ";", first.second);
    EXPECT_EQ((co_await owner.say("")).first, address.first);
    EXPECT_EQ((co_await owner.say("Claims: 7\r\n")).first + ";", first.second);
    // Two keys of one owner have one share.
    EXPECT_EQ((co_await stranger.say("Claims: 9\r\nProves: 70\r\n")).second, first.second);
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::http
