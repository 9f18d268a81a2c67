#include "text/decimal.hpp"

#include <string>

#include <gtest/gtest.h>

namespace lapwing::text {
namespace {

TEST(Decimal, HasAtMost38DigitsAndAMagnitude) {
  const std::string most(kDecimalDigitsMax, '9');
  const std::string zeros(200, '0');
  for (const std::string& good : {std::string("0"),
                                  std::string("-0.0"),
                                  std::string("0e999999999999999999999"),
                                  std::string("+1.50"),
                                  std::string(".5"),
                                  std::string("5."),
                                  std::string("-1E+5"),
                                  most,
                                  most.substr(1) + ".9",
                                  "0." + most,
                                  zeros + most,
                                  most + zeros.substr(0, 80),
                                  "1." + zeros,
                                  std::string("1e-128"),
                                  std::string("9.99e125"),
                                  std::string("1e126"),
                                  std::string("-1e126"),
                                  "1" + zeros.substr(0, 126),
                                  std::string("10e125"),
                                  "0." + zeros.substr(0, 127) + "1",
                                  "0." + zeros + "1e100",
                                  "1" + zeros + "e-100"}) {
    EXPECT_TRUE(is_decimal(good)) << good;
  }
  for (const std::string& bad : {std::string(),
                                 std::string("."),
                                 std::string("e5"),
                                 std::string("1e"),
                                 std::string("1e+"),
                                 std::string("x"),
                                 std::string("1x"),
                                 std::string(" 1"),
                                 std::string("1 "),
                                 std::string("0x10"),
                                 std::string("--1"),
                                 std::string("1.2.3"),
                                 std::string("NaN"),
                                 std::string("Infinity"),
                                 most + "9",
                                 "0." + most + "9",
                                 "1" + zeros.substr(0, 37) + "1",
                                 std::string("1e-129"),
                                 std::string("9.99e-129"),
                                 std::string("1.1e126"),
                                 std::string("2e126"),
                                 std::string("1e127"),
                                 std::string("1e9999"),
                                 std::string("1e99999999999999999999999"),
                                 "1" + zeros,
                                 "0." + zeros + "1"}) {
    EXPECT_FALSE(is_decimal(bad)) << bad;
  }
}

}  // namespace
}  // namespace lapwing::text
