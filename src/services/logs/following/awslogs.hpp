// What a subscription gets: events of one stream as a document, gzipped. Functions get it as
// {"awslogs":{"data":"<base64>"}}, streams as it is.
//
// Sources: CloudWatch Logs user guide, "Subscription filters with AWS Lambda", "... with Amazon
// Kinesis Data Streams".
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/logs/filter/pattern.hpp"
#include "services/logs/following/records.hpp"

namespace lapwing::logs {

class AwslogsBuilder {
 public:
  AwslogsBuilder(const SubscriptionFilter& filter, std::string_view stream);

  bool empty() const { return events_ == 0; }
  std::size_t events() const { return events_; }
  std::size_t bytes() const { return json_.size(); }
  // `extracted`: fields of a delimited pattern, else empty.
  void add(std::string_view id, std::int64_t time_ms, std::string_view message,
           const Extracted& extracted);
  // Gzipped; leaves an empty builder.
  std::string finish();

 private:
  std::string head_;
  std::string json_;
  std::size_t events_ = 0;
};

// What a stream is sent when a filter that leads to it is put: whether it takes anything.
std::string control_message(std::int64_t now_ms, std::string_view vendor);

// A function's event.
std::string function_event(std::string_view gzipped);
// How long that is.
std::size_t function_event_bytes(std::size_t gzipped_bytes);

}  // namespace lapwing::logs
