// HTTP's two ends of an operation that streams (aws/streaming.hpp): the body as it arrives, and the
// answer in pieces.
//
// Thread-safety: the request's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/streaming.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "crypto/sha256.hpp"
#include "http/server.hpp"
#include "net/task.hpp"
#include "server/admission.hpp"

namespace lapwing::server {

class StreamedBody final : public aws::BodySource {
 public:
  // `too_large`: what is answered beyond `limit` bytes. `sha256`: what the body has to hash to, in
  // hexadecimal; empty where nobody has said so.
  StreamedBody(http::RequestContext& context, std::size_t limit, Error too_large,
               std::string sha256)
      : context_(context),
        limit_(limit),
        too_large_(std::move(too_large)),
        sha256_(std::move(sha256)) {}

  std::optional<std::uint64_t> length() const override { return context_.content_length(); }
  net::Task<Result<std::string_view>> next() override;

 private:
  std::unexpected<Error> failed(Error error);

  http::RequestContext& context_;
  const std::size_t limit_;
  const Error too_large_;
  const std::string sha256_;
  crypto::Sha256 hash_;
  std::size_t read_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
};

class StreamedAnswer final : public aws::AnswerWire {
 public:
  StreamedAnswer(http::RequestContext& context, Logger& logger, const RequestId& request_id,
                 const Asked& asked)
      : context_(context), logger_(logger), request_id_(request_id), asked_(asked) {}

  net::Task<Status> respond(aws::Response whole) override;
  net::Task<Status> begin(aws::Response head) override;
  net::Task<Status> write(std::string_view bytes) override;
  net::Task<Status> finish() override;

 private:
  http::RequestContext& context_;
  Logger& logger_;
  const RequestId& request_id_;
  const Asked& asked_;
  http::BodyWriter* writer_ = nullptr;
};

// What the body of `head` has to hash to: x-amz-content-sha256, where it is a hash.
std::string announced_sha256(const aws::Request& head);

}  // namespace lapwing::server
