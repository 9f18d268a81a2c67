#include "delivery/http_reach.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "delivery/http_caller.hpp"
#include "delivery/http_destination.hpp"
#include "net/listener.hpp"
#include "net/testing/run.hpp"

namespace lapwing::delivery {
namespace {

net::Address at(std::string_view text) { return net::Address::parse(text).value(); }

bool lets(const HttpReach& reach, std::string_view text) {
  const Status done = reach.check(at(text));
  EXPECT_TRUE(done || is_refused_address(done.error())) << text;
  return done.has_value();
}

TEST(HttpReach, NeverLinkLocalMetadataOrUnspecified) {
  const HttpReach reach(true);
  for (const char* const text :
       {"169.254.169.254:80", "169.254.170.2:80", "0.0.0.0:80", "0.1.2.3:80", "[::]:80",
        "[fe80::1]:80", "[febf::1]:80", "[::ffff:169.254.169.254]:80", "[::ffff:0.0.0.0]:80",
        "[64:ff9b::a9fe:a9fe]:80", "[::169.254.169.254]:80", "[fd00:ec2::254]:80",
        "100.100.100.200:80"}) {
    EXPECT_FALSE(lets(reach, text)) << text;
  }
}

TEST(HttpReach, LoopbackIfItIsLet) {
  const HttpReach lax(true);
  const HttpReach strict(false);
  for (const char* const text : {"127.0.0.1:80", "127.9.9.9:80", "[::1]:80",
                                 "[::ffff:127.0.0.1]:80", "[64:ff9b::7f00:1]:80"}) {
    EXPECT_TRUE(lets(lax, text)) << text;
    EXPECT_FALSE(lets(strict, text)) << text;
  }
  EXPECT_TRUE(strict.check(at("127.0.0.1:80"))
                  .error()
                  .message()
                  .contains("delivery.http_loopback = allow"));
}

TEST(HttpReach, PrivateNetworksAlways) {
  const HttpReach reach(false);
  for (const char* const text :
       {"10.255.254.253:80", "192.168.255.253:80", "172.31.255.253:80", "203.0.113.5:443",
        "[fd12:3456::1]:80", "[2001:db8::1]:443", "[::ffff:203.0.113.5]:80"}) {
    EXPECT_TRUE(lets(reach, text)) << text;
  }
}

TEST(HttpReach, NeverTheServerItself) {
  HttpReach reach(true);
  reach.listens(at("127.0.0.1:4566"));
  EXPECT_FALSE(lets(reach, "127.0.0.1:4566"));
  EXPECT_FALSE(lets(reach, "[::ffff:127.0.0.1]:4566"));
  EXPECT_TRUE(lets(reach, "127.0.0.1:4567"));
  EXPECT_TRUE(lets(reach, "203.0.113.5:4566"));
  reach.listens(at("0.0.0.0:4570"));
  for (const char* const text : {"127.0.0.1:4570", "127.0.0.2:4570", "[::1]:4570"}) {
    EXPECT_FALSE(lets(reach, text)) << text;
  }
  EXPECT_TRUE(lets(reach, "203.0.113.5:4570"));
}

// Whatever a name is written like, what counts is what it resolves to.
TEST(HttpReach, IsAskedOfWhatANameResolvesTo) {
  net::testing::TestLoop loop;
  auto main = [](net::Loop& l) -> net::Task<void> {
    auto listener = net::Listener::listen(l, at("127.0.0.1:0"));
    const std::string port = std::to_string(listener->address().port());
    net::WorkerPool workers(1);
    const HttpReach reach(false);
    HttpCaller caller(workers, reach);
    HttpDestination destination(caller, std::chrono::seconds(5));
    for (const char* const name : {"127.0.0.1", "localhost", "2130706433", "0x7f.1",
                                   "[::ffff:127.0.0.1]", "169.254.169.254", "0"}) {
      std::vector<ports::Parcel> parcels(1);
      parcels[0].target = std::string("http://") + name + ":" + port + "/";
      const auto got = co_await destination.deliver(l, parcels);
      EXPECT_EQ(got[0].kind, ports::Delivered::Kind::kRefused) << name;
      EXPECT_EQ(got[0].code, "AddressRefused") << name << ": " << got[0].message;
    }
  };
  loop.run(main(loop.get()));
}

}  // namespace
}  // namespace lapwing::delivery
