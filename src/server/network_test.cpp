#include "server/network.hpp"

#include <gtest/gtest.h>

#include "sandbox/limits.hpp"

namespace lapwing::server {
namespace {

sandbox::NetworkStatus status(bool available) {
  sandbox::NetworkStatus status;
  status.available = available;
  status.text = available ? "NAT" : "needs root";
  return status;
}

sandbox::Settings with(const std::string& network) {
  sandbox::Settings config;
  config.network = network;
  return config;
}

TEST(Network, TheDefaultIsAWayOutWhereItCanBeHad) {
  const sandbox::Settings config;
  EXPECT_EQ(default_network_mode(config, status(true)).value(), sandbox::NetworkMode::kNat);
  EXPECT_EQ(default_network_mode(config, status(false)).value(), sandbox::NetworkMode::kNone);
}

TEST(Network, WhatIsAskedForIsHadOrRefused) {
  EXPECT_EQ(default_network_mode(with("host"), status(true)).value(), sandbox::NetworkMode::kHost);
  EXPECT_EQ(default_network_mode(with("none"), status(false)).value(), sandbox::NetworkMode::kNone);
  for (const char* mode : {"nat", "host"}) {
    const auto refused = default_network_mode(with(mode), status(false));
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().message(), std::string("sandbox.network = ") + mode + ": needs root");
  }
}

TEST(Network, TheLauncherIsToldWhatIsConfigured) {
  EXPECT_FALSE(network_options(with("none"))->wanted);
  EXPECT_FALSE(network_options(with("auto"))->host);
  EXPECT_TRUE(network_options(with("host"))->host);
  sandbox::Settings config;
  config.network_host_allowed = true;
  config.network_range = "10.200.0.0/19";
  config.network_deny = {"10.0.0.0/8", "fd00::/8", "203.0.113.9"};
  const auto options = network_options(config);
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->host);
  EXPECT_EQ(options->range->to_string(), "10.200.0.0/19");
  EXPECT_EQ(options->denied.size(), 3u);
  config.network_deny.resize(sandbox::kDeniedNetworksMax + 1, "10.0.0.0/8");
  EXPECT_FALSE(network_options(config));
}

TEST(Network, MisspeltNetworksAreRefusedByName) {
  sandbox::Settings config;
  config.network_range = "10.200.0.0/24";
  EXPECT_TRUE(network_options(config).error().message().starts_with("sandbox.network_range"));
  config.network_range = "office";
  EXPECT_TRUE(network_options(config).error().message().starts_with("sandbox.network_range"));
  config.network_range.clear();
  config.network_deny = {"10.0.0.1/8"};
  EXPECT_TRUE(network_options(config).error().message().starts_with("sandbox.network_deny"));
}

TEST(Network, TagsAreTakenWhereTheyCanBeKept) {
  sandbox::Settings config;
  auto values = network_tag_values(config, status(true));
  EXPECT_EQ(values["nat"], "");
  EXPECT_NE(values["host"].find("sandbox.network_host_allowed"), std::string::npos);
  config.network_host_allowed = true;
  EXPECT_EQ(network_tag_values(config, status(true))["host"], "");
  EXPECT_NE(network_tag_values(config, status(false))["host"].find("needs root"),
            std::string::npos);
  values = network_tag_values(with("none"), status(false));
  EXPECT_EQ(values["none"], "");
  EXPECT_NE(values["nat"].find("sandbox.network = none"), std::string::npos);
}

}  // namespace
}  // namespace lapwing::server
