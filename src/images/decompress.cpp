#include "images/decompress.hpp"

#include <algorithm>
#include <string_view>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "images/errors.hpp"

namespace lapwing::images {
namespace {

constexpr std::size_t kInputBytes = 128 * 1024;
// Windows up to 128 MiB (2^27), what zstd's own tool takes without being told more.
constexpr int kZstdWindowLogMax = 27;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

// The input with its first bytes looked at.
class Input {
 public:
  explicit Input(ByteSource& source) : source_(source), buffer_(kInputBytes) {}

  // False at the end.
  Result<bool> fill() {
    if (at_ < end_) return true;
    LAPWING_TRY(end_, source_.read(buffer_.data(), buffer_.size()));
    at_ = 0;
    return end_ != 0;
  }
  Status peek(std::size_t bytes) {
    while (end_ < bytes) {
      LAPWING_TRY(const std::size_t got, source_.read(buffer_.data() + end_, bytes - end_));
      if (got == 0) break;
      end_ += got;
    }
    return {};
  }
  std::string_view rest() const { return {buffer_.data() + at_, end_ - at_}; }
  void take(std::size_t bytes) { at_ += bytes; }

 private:
  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

class Plain final : public ByteSource {
 public:
  explicit Plain(Input input) : input_(std::move(input)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    LAPWING_TRY(const bool more, input_.fill());
    if (!more) return std::size_t{0};
    const std::size_t got = std::min(size, input_.rest().size());
    input_.rest().copy(into, got);
    input_.take(got);
    return got;
  }

 private:
  Input input_;
};

class Gzip final : public ByteSource {
 public:
  explicit Gzip(Input input) : input_(std::move(input)) {
    ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK;
  }
  ~Gzip() override {
    if (ready_) inflateEnd(&stream_);
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (!ready_) return fail(internal_error("inflateInit2"));
    // Safe: zlib writes unsigned bytes into the caller's buffer.
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
    const uInt whole = stream_.avail_out;
    while (stream_.avail_out == whole) {
      LAPWING_TRY(const bool more, input_.fill());
      if (!more) {
        if (!between_members_) return fail(errors::invalid("gzip data end early"));
        return std::size_t{0};
      }
      if (between_members_ && used_ && inflateReset(&stream_) != Z_OK) {
        return fail(internal_error("inflateReset"));
      }
      between_members_ = false;
      used_ = true;
      const std::string_view rest = input_.rest();
      // Safe: zlib does not write to its input, whatever its type says.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
      stream_.avail_in = static_cast<uInt>(rest.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      input_.take(rest.size() - stream_.avail_in);
      if (code == Z_STREAM_END) {
        between_members_ = true;
      } else if (code != Z_OK) {
        return fail(errors::invalid("damaged gzip data"));
      }
    }
    return std::size_t{whole - stream_.avail_out};
  }

 private:
  Input input_;
  z_stream stream_{};
  bool ready_ = false;
  bool used_ = false;
  bool between_members_ = true;
};

class Zstd final : public ByteSource {
 public:
  explicit Zstd(Input input) : input_(std::move(input)), stream_(ZSTD_createDStream()) {
    ready_ = stream_ != nullptr && ZSTD_isError(ZSTD_initDStream(stream_.get())) == 0 &&
             ZSTD_isError(ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax,
                                                 kZstdWindowLogMax)) == 0;
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (!ready_) return fail(internal_error("ZSTD_initDStream"));
    ZSTD_outBuffer out{into, size, 0};
    while (out.pos == 0) {
      LAPWING_TRY(const bool more, input_.fill());
      // What is still inside comes out without further input.
      if (!more && frame_done_) return std::size_t{0};
      const std::string_view rest = input_.rest();
      ZSTD_inBuffer in{rest.data(), rest.size(), 0};
      const std::size_t code = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(code) != 0) return fail(errors::invalid("damaged zstd data"));
      input_.take(in.pos);
      frame_done_ = code == 0;
      if (!more && out.pos == 0) return fail(errors::invalid("zstd data end early"));
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  Input input_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool ready_ = false;
  bool frame_done_ = true;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> decompress(ByteSource& compressed) {
  Input input(compressed);
  LAPWING_CHECK(input.peek(kZstdMagic.size()));
  const std::string_view start = input.rest();
  if (start.starts_with(kGzipMagic)) return std::make_unique<Gzip>(std::move(input));
  if (start.starts_with(kZstdMagic)) return std::make_unique<Zstd>(std::move(input));
  return std::make_unique<Plain>(std::move(input));
}

}  // namespace lapwing::images
