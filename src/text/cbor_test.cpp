#include "text/cbor.hpp"

#include <cmath>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "text/hex.hpp"
#include "text/limits.hpp"

namespace lapwing::text {
namespace {

std::string bytes(std::string_view hex) { return hex_decode(hex).value(); }

CborItem first(std::string_view encoded) {
  const auto item = CborReader(encoded).next();
  EXPECT_TRUE(item) << item.error().message();
  return item.value_or(CborItem());
}

// The examples of RFC 8949, appendix A.
TEST(CborReader, Integers) {
  EXPECT_EQ(first(bytes("00")).number, 0u);
  EXPECT_EQ(first(bytes("1818")).number, 24u);
  EXPECT_EQ(first(bytes("1903e8")).number, 1000u);
  EXPECT_EQ(first(bytes("1bffffffffffffffff")).number, 18446744073709551615u);
  const std::string negative = bytes("3903e7");
  EXPECT_TRUE(first(negative).negative);
  EXPECT_EQ(first(negative).number, 999u);
}

TEST(CborReader, Floats) {
  for (const auto& [hex, value] :
       {std::pair("f90000", 0.0), std::pair("f93c00", 1.0), std::pair("f97bff", 65504.0),
        std::pair("f90001", 0x1p-24), std::pair("f9c400", -4.0), std::pair("fa47c35000", 100000.0),
        std::pair("fb3ff199999999999a", 1.1), std::pair("f97c00", HUGE_VAL),
        std::pair("f9fc00", -HUGE_VAL)}) {
    EXPECT_EQ(first(bytes(hex)).real, value) << hex;
    EXPECT_EQ(first(bytes(hex)).kind, CborKind::kDouble) << hex;
  }
  EXPECT_TRUE(std::isnan(first(bytes("f97e00")).real));
}

TEST(CborReader, StringsInPieces) {
  const std::string encoded = bytes("7f657374726561646d696e67ff");
  CborReader in(encoded);
  const auto item = in.next();
  std::string pieces;
  EXPECT_EQ(in.string(*item, pieces).value(), "streaming");
  EXPECT_TRUE(in.at_end());
  const std::string mixed = bytes("7f65737472656141ffff");
  CborReader wrong(mixed);
  const auto begun = wrong.next();
  EXPECT_FALSE(wrong.string(*begun, pieces));
}

TEST(CborReader, SkipsWholeValues) {
  for (const char* hex : {"01", "f6", "c11a514b67b0", "8301820203820405", "a26161016162820203",
                          "9f018202039f0405ffff", "bf61610161629f0203ffff", "5f42010243030405ff",
                          "80", "a0", "9fff"}) {
    const std::string encoded = bytes(hex) + '\x07';
    CborReader in(encoded);
    const auto item = in.next();
    ASSERT_TRUE(item) << hex;
    ASSERT_TRUE(in.skip(*item)) << hex;
    EXPECT_EQ(in.next()->number, 7u) << hex;
  }
}

TEST(CborReader, RefusesWhatIsNotThere) {
  for (const char* hex : {"", "18", "1b00", "62c3", "9a00010000", "ba7fffffff61",
                          "5bffffffffffffffff", "1c", "fc", "ff", "81", "bf6161", "e0"}) {
    const std::string encoded = bytes(hex);
    CborReader in(encoded);
    const auto item = in.next();
    EXPECT_FALSE(item && in.skip(*item)) << hex;
  }
}

TEST(CborReader, DepthHasALimit) {
  for (const char opening : {'\x81', '\x9f', '\xc1'}) {
    const std::string deep = std::string(kCborMaxDepth + 1, opening) + '\x01';
    CborReader in(deep);
    const auto item = in.next();
    const auto skipped = in.skip(*item);
    ASSERT_FALSE(skipped);
    EXPECT_NE(skipped.error().message().find("too deep"), std::string::npos);
  }
}

TEST(CborWriter, ShortestForms) {
  std::string out;
  CborWriter writer(out);
  writer.begin_map(1);
  writer.text("a");
  writer.begin_array(9);
  for (const std::int64_t value :
       {std::int64_t{23}, std::int64_t{24}, std::int64_t{256}, std::int64_t{65536}, INT64_MIN}) {
    writer.integer(value);
  }
  writer.number(1.5);
  writer.number(1.1);
  writer.boolean(true);
  writer.bytes(std::string(256, 'x'));
  EXPECT_EQ(hex_encode(out.substr(0, out.size() - 256)),
            "a1616189171818190100"
            "1a000100003b7fffffffffffffff"
            "fa3fc00000fb3ff199999999999af5590100");
}

TEST(CborWriter, EveryNumberReadsBack) {
  for (const double value : {0.0, -1.0, 1e300, -1e300, 0x1p-1074, 3.4e38, 3.5e38, HUGE_VAL}) {
    std::string out;
    CborWriter(out).number(value);
    EXPECT_EQ(first(out).real, value);
  }
}

}  // namespace
}  // namespace lapwing::text
