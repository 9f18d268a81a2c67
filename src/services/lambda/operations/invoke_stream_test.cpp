#include "services/lambda/operations/invoke_stream.hpp"

#include <gtest/gtest.h>

#include "aws/event_stream.hpp"
#include "services/lambda/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda {
namespace {

std::vector<aws::EventMessage> decode(std::string_view bytes) {
  aws::EventDecoder decoder;
  decoder.feed(bytes);
  std::vector<aws::EventMessage> out;
  while (true) {
    auto message = decoder.next();
    EXPECT_TRUE(message);
    if (!message || !*message) break;
    out.push_back(**std::move(message));
  }
  EXPECT_EQ(decoder.left_over(), 0u);
  return out;
}

TEST(InvokeStream, Head) {
  const aws::Response head = render_stream_head(RequestId("r-1"), "7", "Root=1");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(head.header("X-Amz-Executed-Version"), "7");
  EXPECT_EQ(head.header("x-amzn-RequestId"), "r-1");
  EXPECT_EQ(head.header("X-Amzn-Trace-Id"), "Root=1");
}

TEST(InvokeStream, PayloadIsCutIntoChunks) {
  std::string out;
  append_payload_chunks(out, "");
  EXPECT_EQ(out, "");
  append_payload_chunks(out, "Hello");
  append_payload_chunks(out, std::string(kMaxPayloadChunkBytes + 1, 'x'));
  const auto events = decode(out);
  ASSERT_EQ(events.size(), 3u);
  for (const aws::EventMessage& event : events) {
    EXPECT_EQ(event.header(":message-type"), "event");
    EXPECT_EQ(event.header(":event-type"), "PayloadChunk");
    EXPECT_EQ(event.header(":content-type"), "application/octet-stream");
  }
  EXPECT_EQ(events[0].payload, "Hello");
  EXPECT_EQ(events[1].payload.size(), kMaxPayloadChunkBytes);
  EXPECT_EQ(events[2].payload, "x");
}

TEST(InvokeStream, CompleteSaysOnlyWhatThereIsToSay) {
  InvokeRequest request;
  const auto complete = [&](const InvokeComplete& with) {
    std::string out;
    append_invoke_complete(out, request, with);
    const auto events = decode(out);
    EXPECT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].header(":message-type"), "event");
    EXPECT_EQ(events[0].header(":event-type"), "InvokeComplete");
    EXPECT_EQ(events[0].header(":content-type"), "application/json");
    return events[0].payload;
  };
  EXPECT_EQ(complete({}), "{}");
  EXPECT_EQ(complete({.error_code = "Unhandled",
                      .error_details = R"({"errorType":"E"})",
                      .log_tail = "not asked for"}),
            R"({"ErrorCode":"Unhandled","ErrorDetails":"{\"errorType\":\"E\"}"})");
  EXPECT_EQ(complete({.error_code = "Unhandled", .error_details = "a\xff", .log_tail = ""}),
            "{\"ErrorCode\":\"Unhandled\",\"ErrorDetails\":\"a\xef\xbf\xbd\"}");
  EXPECT_EQ(complete({.error_code = "Unhandled",
                      .error_details = std::string(kMaxErrorDetailsBytes + 1, 'e'),
                      .log_tail = ""})
                .size(),
            kMaxErrorDetailsBytes + std::string_view(R"({"ErrorCode":"Unhandled",)"
                                                     R"("ErrorDetails":""})")
                                        .size());
  request.log_type = LogType::kTail;
  EXPECT_EQ(complete({.error_code = "", .error_details = "", .log_tail = "END\n"}),
            R"({"LogResult":")" + text::base64_encode("END\n") + R"("})");
}

}  // namespace
}  // namespace lapwing::lambda
