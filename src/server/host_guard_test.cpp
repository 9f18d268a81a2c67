#include "server/host_guard.hpp"

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

TEST(HostGuard, OwnNamesAndAddressesPassForeignNamesDoNot) {
  const HostGuard guard({"lapwing.internal"});
  for (const char* good : {"localhost:4566", "127.0.0.1:4566", "[::1]:4566", "LOCALHOST",
                           "bucket.localhost:4566", "169.254.100.1:4566", "lapwing.internal:80"}) {
    EXPECT_TRUE(guard.host_allowed(good)) << good;
  }
  for (const char* bad :
       {"evil.example:4566", "localhost.evil.example", "127.0.0.1.evil.example", "1e100.net"}) {
    EXPECT_FALSE(guard.host_allowed(bad)) << bad;
  }
}

TEST(HostGuard, OnlyTheSameOriginMayAsk) {
  const HostGuard guard({});
  EXPECT_TRUE(guard.origin_allowed("", "localhost:4566"));
  EXPECT_TRUE(guard.origin_allowed("http://localhost:4566", "localhost:4566"));
  EXPECT_FALSE(guard.origin_allowed("http://evil.example", "localhost:4566"));
  EXPECT_FALSE(guard.origin_allowed("http://localhost:8080", "localhost:4566"));
  EXPECT_FALSE(guard.origin_allowed("null", "localhost:4566"));
}

}  // namespace
}  // namespace lapwing::server
