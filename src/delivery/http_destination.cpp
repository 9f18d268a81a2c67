#include "delivery/http_destination.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "delivery/limits.hpp"
#include "text/decimal.hpp"
#include "text/time_format.hpp"
#include "text/utf8.hpp"

namespace lapwing::delivery {
namespace {

using ports::Delivered;

Delivered not_answered(const Error& error) {
  if (is_refused_address(error)) {
    return {.kind = Delivered::Kind::kRefused, .code = error.code(), .message = error.message()};
  }
  const bool hopeless = error.kind() == ErrorKind::kInvalid || error.kind() == ErrorKind::kTooLarge;
  return {.kind = hopeless ? Delivered::Kind::kRefused : Delivered::Kind::kLater,
          .code = error.kind() == ErrorKind::kTimeout ? "Timeout"
                  : hopeless                          ? "InvalidAnswer"
                                                      : "ConnectionFailed",
          .message = error.kind() == ErrorKind::kTimeout ? "No answer in time." : error.message()};
}

// Seconds, or a date: that counts from the answer's own.
Duration retry_after(const http::Response& answer) {
  const std::string_view text = answer.headers.get_or("Retry-After");
  if (text.empty()) return Duration::zero();
  const std::chrono::seconds most(kNotBeforeMost);
  if (const auto seconds = text::integer_of(text)) {
    return std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 0, most.count()));
  }
  const auto until = text::parse_http_date(text);
  const auto now = text::parse_http_date(answer.headers.get_or("Date"));
  if (!until || !now) return Duration::zero();
  return std::clamp<Duration>(*until - *now, Duration::zero(), most);
}

}  // namespace

Delivered delivered_by(const Result<http::Response>& answer) {
  if (!answer) return not_answered(answer.error());
  Delivered out;
  out.answer = text::truncate_utf8(answer->body, kFailureTextMax);
  if (answer->status / 100 == 2) return out;
  const bool later = answer->status == 429 || answer->status / 100 == 5;
  out.kind = later ? Delivered::Kind::kLater : Delivered::Kind::kRefused;
  if (later) out.not_before = retry_after(*answer);
  out.code = fmt::format("{}", answer->status);
  out.message = fmt::format("The endpoint answered {} {}.", answer->status,
                            http::reason_phrase(answer->status));
  return out;
}

net::Task<std::vector<Delivered>> HttpDestination::deliver(
    net::Loop& loop, const std::vector<ports::Parcel>& parcels) {
  std::vector<Delivered> out;
  for (const ports::Parcel& parcel : parcels) {
    HttpCall call{.url = parcel.target, .body = parcel.body, .timeout = timeout_};
    if (!parcel.method.empty()) {
      const auto method = http::parse_method(parcel.method);
      if (!method) {
        out.push_back({.kind = Delivered::Kind::kRefused,
                       .code = "InvalidMethod",
                       .message = "There is no method " + parcel.method + "."});
        continue;
      }
      call.method = *method;
    }
    for (const ports::ParcelHeader& header : parcel.headers) {
      call.headers.add(header.name, header.value);
    }
    out.push_back(delivered_by(co_await caller_.send(loop, std::move(call))));
  }
  co_return out;
}

}  // namespace lapwing::delivery
