#include "services/lambda/code_download.hpp"

#include <span>
#include <utility>

#include <fmt/core.h>

#include "net/loop.hpp"

namespace lapwing::lambda {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr int kGone = 404;

http::Response refusal(const Error& error) {
  http::Response response = hosting::plain_error(error);
  if (error.http_status() == 0) response.status = kGone;
  return response;
}

// Empty at the end.
Result<std::string> read_chunk(store::BlobReader& reader) {
  std::string buffer(kChunkBytes, '\0');
  LAPWING_TRY(const std::size_t n,
              reader.read(std::as_writable_bytes(std::span(buffer.data(), buffer.size()))));
  buffer.resize(n);
  return buffer;
}

}  // namespace

Result<CodeDownload> CodeDownloads::open(std::string_view raw_path,
                                         std::string_view raw_query) const {
  LAPWING_TRY(const CodeUrlTarget target, urls_.verify(raw_path, raw_query));
  LAPWING_TRY(const store::BlobId id, store::BlobId::from_hex(target.sha256));
  LAPWING_TRY(const store::BlobInfo info, blobs_.stat(id));
  CodeDownload out;
  LAPWING_TRY(out.reader, blobs_.open(id));
  out.size = info.size;
  out.file_name = target.name + ".zip";
  return out;
}

net::Task<void> CodeDownloads::handle(http::RequestContext& context, hosting::Arrival) {
  const http::Request& request = context.request();
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    http::Response response(405, "application/json", R"({"message":"Method Not Allowed"})");
    response.headers.add("Allow", "GET, HEAD");
    co_await context.respond(std::move(response));
    co_return;
  }
  Result<CodeDownload> code = co_await workers_.run(
      context.loop(), [this, path = std::string(request.path()),
                       query = std::string(request.query())] { return open(path, query); });
  if (!code) {
    co_await context.respond(refusal(code.error()));
    co_return;
  }
  http::Response head(200);
  head.headers.add("Content-Type", "application/zip");
  head.headers.add("Content-Length", fmt::format("{}", code->size));
  head.headers.add("Content-Disposition",
                   fmt::format("attachment; filename=\"{}\"", code->file_name));
  Result<http::BodyWriter*> writer = co_await context.respond_stream(std::move(head));
  if (!writer) co_return;
  const std::shared_ptr<store::BlobReader> reader = std::move(code->reader);
  while (true) {
    Result<std::string> chunk =
        co_await workers_.run(context.loop(), [reader] { return read_chunk(*reader); });
    if (!chunk || chunk->empty()) break;  // an error leaves the length short: the client sees it
    if (!co_await (*writer)->write(*chunk)) co_return;
  }
  co_await (*writer)->finish();
}

}  // namespace lapwing::lambda
