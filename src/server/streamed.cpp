#include "server/streamed.hpp"

#include <algorithm>
#include <utility>

#include "server/answer.hpp"

namespace lapwing::server {

std::unexpected<Error> StreamedBody::failed(Error error) {
  error_ = error;
  return fail(std::move(error));
}

net::Task<Result<std::string_view>> StreamedBody::next() {
  if (error_) co_return fail(*error_);
  if (ended_) co_return std::string_view();
  if (context_.content_length().value_or(0) > limit_) co_return failed(too_large_);
  const Result<std::string_view> piece = co_await context_.body().next();
  if (!piece) co_return failed(body_error(piece.error()));
  read_ += piece->size();
  if (read_ > limit_) co_return failed(too_large_);
  if (!sha256_.empty() && !piece->empty()) hash_.update(*piece);
  if (!piece->empty()) co_return *piece;
  ended_ = true;
  if (!sha256_.empty() && crypto::to_hex(hash_.finish()) != sha256_) {
    co_return failed(Error(ErrorKind::kInvalid, "XAmzContentSHA256Mismatch",
                           "The provided 'x-amz-content-sha256' header does not match what was "
                           "computed.")
                         .with_status(400));
  }
  co_return std::string_view();
}

net::Task<Status> StreamedAnswer::respond(aws::Response whole) {
  record_access(logger_, context_, request_id_, whole, asked_);
  co_return co_await context_.respond(to_http(std::move(whole)));
}

net::Task<Status> StreamedAnswer::begin(aws::Response head) {
  record_access(logger_, context_, request_id_, head, asked_);
  LAPWING_CO_TRY(writer_, co_await context_.respond_stream(to_http(std::move(head))));
  co_return Status();
}

net::Task<Status> StreamedAnswer::write(std::string_view bytes) { return writer_->write(bytes); }

net::Task<Status> StreamedAnswer::finish() { return writer_->finish(); }

std::string announced_sha256(const aws::Request& head) {
  constexpr std::size_t kHexCharacters = 2 * crypto::kSha256Bytes;
  const std::string_view said = head.header("x-amz-content-sha256").value_or("");
  const bool hash = said.size() == kHexCharacters && std::ranges::all_of(said, [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  return hash ? std::string(said) : std::string();
}

}  // namespace lapwing::server
