#include "aws/event_stream.hpp"

#include <array>

#include <gtest/gtest.h>

#include "crypto/crc32.hpp"

namespace lapwing::aws {
namespace {

using std::string_view_literals::operator""sv;

// Messages that AWS's readers hold to (botocore's unit tests).
constexpr std::string_view kEmpty = "\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2H\xeb}\x98\xc8\xff"sv;
constexpr std::string_view kPayloadOnly =
    "\x00\x00\x00\x1d\x00\x00\x00\x00\xfdR\x8cZ{'foo':'bar'}\xc3"
    "e96"sv;
constexpr std::string_view kOneString =
    "\x00\x00\x00=\x00\x00\x00 \x07\xfd\x83\x96\x0c"
    "content-type\x07\x00\x10"
    "application/json{'foo':'bar'}\x8d\x9c\x08\xb1"sv;
constexpr std::string_view kInteger =
    "\x00\x00\x00+\x00\x00\x00\x0e"
    "4\x8b\xec{\x08"
    "event-id\x04\x00\x00\xa0\x0c{'foo':'bar'}\xd3\x89\x02\x85"sv;
constexpr std::string_view kPayload = "{'foo':'bar'}";

std::string encoded(std::span<const EventField> fields, std::string_view payload) {
  std::string out;
  append_event(out, fields, payload);
  return out;
}

Result<std::optional<EventMessage>> decoded(std::string_view bytes) {
  EventDecoder decoder;
  decoder.feed(bytes);
  return decoder.next();
}

TEST(EventStream, WritesWhatAwsReads) {
  EXPECT_EQ(encoded({}, ""), kEmpty);
  EXPECT_EQ(encoded({}, kPayload), kPayloadOnly);
  const std::array fields = {EventField{"content-type", "application/json"}};
  EXPECT_EQ(encoded(fields, kPayload), kOneString);
}

TEST(EventStream, ReadsWhatAwsWrites) {
  const auto one = decoded(kOneString);
  ASSERT_TRUE(one && *one);
  EXPECT_EQ((**one).payload, kPayload);
  EXPECT_EQ((**one).header("content-type"), "application/json");
  EXPECT_EQ((**one).header("other"), "");
  const auto number = decoded(kInteger);
  ASSERT_TRUE(number && *number);
  EXPECT_EQ((**number).headers[0].type, EventValueType::kInteger);
  EXPECT_EQ((**number).header("event-id"), "\x00\x00\xa0\x0c"sv);
}

TEST(EventStream, ReadsMessagesCutAnywhere) {
  std::string stream;
  for (const std::string_view one : {kOneString, kEmpty, kPayloadOnly, kInteger}) stream += one;
  EventDecoder decoder;
  std::vector<std::string> payloads;
  for (const char c : stream) {
    decoder.feed({&c, 1});
    auto message = decoder.next();
    ASSERT_TRUE(message) << message.error().to_log();
    if (*message) payloads.push_back((**message).payload);
  }
  EXPECT_EQ(payloads, (std::vector<std::string>{std::string(kPayload), "", std::string(kPayload),
                                                std::string(kPayload)}));
  EXPECT_EQ(decoder.left_over(), 0u);
}

std::string number(std::size_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}

// A message of these header bytes, with lengths as announced and sums that fit.
std::string message(std::string_view headers, std::size_t total, std::size_t headers_size) {
  std::string out = number(total) + number(headers_size);
  out += number(crypto::crc32(out));
  out += headers;
  return out + number(crypto::crc32(out));
}

std::string message(std::string_view headers) {
  return message(headers, headers.size() + 16, headers.size());
}

TEST(EventStream, EveryTypeOfHeader) {
  constexpr std::array<std::size_t, 10> kSizes = {0, 0, 1, 2, 4, 8, 3, 3, 8, 16};
  for (std::size_t type = 0; type < kSizes.size(); ++type) {
    std::string headers = "\x01n";
    headers.push_back(static_cast<char>(type));
    if (type == 6 || type == 7) headers += "\x00\x03"sv;
    const std::string value(kSizes[type], 'v');
    headers += value;
    const auto got = decoded(message(headers));
    ASSERT_TRUE(got && *got) << type;
    EXPECT_EQ((**got).headers[0].type, static_cast<EventValueType>(type));
    EXPECT_EQ((**got).headers[0].value, value);
  }
}

TEST(EventStream, RefusesWhatDoesNotAddUp) {
  for (std::size_t at = 0; at < kOneString.size(); ++at) {
    std::string broken(kOneString);
    broken[at] = static_cast<char>(broken[at] ^ 1);
    const auto got = decoded(broken);
    EXPECT_FALSE(got) << "byte " << at;
  }
  EXPECT_FALSE(decoded(message("", 15, 0)));
  EXPECT_FALSE(decoded(message("", 16, 1)));
  for (const std::string_view headers :
       {"\x01"sv, "\x02n\x07"sv, "\x00\x00"sv, "\x01n"sv, "\x01n\x0a"sv, "\x01n\x07\x00"sv,
        "\x01n\x07\x00\x02v"sv, "\x01n\x04vvv"sv}) {
    EXPECT_FALSE(decoded(message(headers)));
  }
}

TEST(EventStream, RefusesWhatIsTooLargeBeforeItHasArrived) {
  EXPECT_FALSE(decoded(message("", kEventHeadersBytesMax + 17, kEventHeadersBytesMax + 1)));
  EXPECT_FALSE(decoded(message("", kEventPayloadBytesMax + 17, 0)));
  const auto largest = decoded(message("", kEventPayloadBytesMax + 16, 0));
  ASSERT_TRUE(largest);
  EXPECT_FALSE(*largest);  // waits for the rest
}

TEST(EventStream, StaysBroken) {
  EventDecoder decoder;
  decoder.feed(std::string(16, 'x'));
  EXPECT_FALSE(decoder.next());
  decoder.feed(kEmpty);
  EXPECT_FALSE(decoder.next());
}

}  // namespace
}  // namespace lapwing::aws
