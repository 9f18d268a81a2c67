#include "http/url.hpp"

#include <string>

#include <gtest/gtest.h>

namespace lapwing::http {
namespace {

TEST(Url, IsTakenApart) {
  const Url plain = parse_url("http://example.com").value();
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.target, "/");
  const Url whole = parse_url("https://example.com:8443/a%20b?c=d#e").value();
  EXPECT_TRUE(whole.tls);
  EXPECT_EQ(whole.host, "example.com:8443");
  EXPECT_EQ(whole.name, "example.com");
  EXPECT_EQ(whole.port, 8443);
  EXPECT_EQ(whole.target, "/a%20b?c=d");
  EXPECT_EQ(parse_url("https://[::1]/x")->name, "::1");
  EXPECT_EQ(parse_url("https://h?q")->target, "/?q");
}

TEST(Url, ThatIsNoneIsRefused) {
  for (const char* text : {"", "example.com", "ftp://h/", "http://", "http:///a", "http://u@h/",
                           "http://h:0/", "http://h:99999/", "http://h:x/", "http://[::1",
                           "http://h /", "http://h/\r\nX: y", "http://h\xff/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
  EXPECT_TRUE(parse_url("http://h/" + std::string(kUrlBytesMax - 9, 'x')));
  EXPECT_FALSE(parse_url("http://h/" + std::string(kUrlBytesMax - 8, 'x')));
}

}  // namespace
}  // namespace lapwing::http
