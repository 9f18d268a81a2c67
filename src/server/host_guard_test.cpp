#include "server/host_guard.hpp"

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

TEST(HostGuard, OwnNamesAndAddressesPassForeignNamesDoNot) {
  const HostGuard guard({"lapwing.internal"});
  for (const char* good :
       {"localhost:4566", "127.0.0.1:4566", "[::1]:4566", "LOCALHOST", "bucket.localhost:4566",
        "169.254.100.1:4566", "lapwing.internal:80", "stream-127.0.0.1:4566",
        "streaming-localhost:4566", "stream-lapwing.internal"}) {
    EXPECT_TRUE(guard.host_allowed(good)) << good;
  }
  for (const char* bad :
       {"evil.example:4566", "localhost.evil.example", "127.0.0.1.evil.example", "1e100.net",
        "stream-evil.example", "stream-stream-localhost", "stream-"}) {
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

TEST(HostGuard, WhatAnotherSitesPageFetchesIsRefused) {
  const HostGuard guard({});
  const std::string_view host = "localhost:4566";
  EXPECT_TRUE(guard.fetch_allowed("", "", host));
  EXPECT_TRUE(guard.fetch_allowed("none", "", host));  // typed, or a bookmark
  EXPECT_TRUE(guard.fetch_allowed("same-origin", "http://localhost:4566/x?y", host));
  EXPECT_FALSE(guard.fetch_allowed("cross-site", "", host));
  EXPECT_FALSE(guard.fetch_allowed("same-site", "", host));  // another port of this machine
  EXPECT_FALSE(guard.fetch_allowed("", "http://evil.example/page", host));
  EXPECT_FALSE(guard.fetch_allowed("", "http://localhost:4566.evil.example/", host));
}

}  // namespace
}  // namespace lapwing::server
