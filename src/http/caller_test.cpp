#include "http/caller.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace lapwing::http {
namespace {

std::uint64_t of(const std::string& host) { return network_of(net::Address::ip(host, 80).value()); }

TEST(NetworkOf, AnAddressIsOneCaller) {
  const std::set<std::uint64_t> different = {of("127.0.0.1"), of("10.0.0.1"), of("10.0.0.2"),
                                             of("2001:db8::1"), of("2001:db8:0:1::1")};
  EXPECT_EQ(different.size(), 5u);
  EXPECT_FALSE(different.contains(0));
}

TEST(NetworkOf, WhoHasOneAddressHasTheWholeNetwork) {
  EXPECT_EQ(of("127.0.0.1"), of("127.255.3.9"));
  EXPECT_EQ(of("127.0.0.1"), of("::1"));
  EXPECT_EQ(of("127.0.0.1"), of("::ffff:127.9.9.9"));
  EXPECT_EQ(of("10.0.0.1"), of("::ffff:10.0.0.1"));
  EXPECT_NE(of("::ffff:10.0.0.1"), of("::ffff:10.0.0.2"));
  EXPECT_EQ(of("2001:db8::1"), of("2001:db8::ffff:ffff:ffff:ffff"));
}

}  // namespace
}  // namespace lapwing::http
