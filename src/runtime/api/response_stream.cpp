#include "runtime/api/response_stream.hpp"

#include <algorithm>

#include "runtime/limits.hpp"

namespace lapwing::runtime {

Duration Bandwidth::take(std::size_t bytes, MonoTime now) {
  if (rate_ == 0) return Duration::zero();
  const double passed = std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  tokens_ = std::min(burst_, tokens_ + passed * rate_) - static_cast<double>(bytes);
  if (tokens_ >= 0) return Duration::zero();
  return std::chrono::ceil<Duration>(std::chrono::duration<double>(-tokens_ / rate_));
}

ResponseStream response_stream(net::Loop& reader_loop) {
  net::BytePipe pipe = net::byte_pipe(reader_loop, kStreamPipeBytes);
  auto content_type = std::make_shared<std::string>();
  return {std::make_shared<ResponseSink>(std::move(pipe.writer), content_type),
          std::move(pipe.reader), content_type};
}

}  // namespace lapwing::runtime
