#include "services/lambda/testing/zip_builder.hpp"

#include <algorithm>

#include "crypto/crc32.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda::testing {

namespace {

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// DEFLATE without compression: blocks of type 0.
std::string stored_blocks(std::string_view content) {
  std::string out;
  do {
    const std::string_view block = content.substr(0, 0xffff);
    content.remove_prefix(block.size());
    out += content.empty() ? '\1' : '\0';
    put(out, block.size(), 2);
    put(out, ~block.size(), 2);
    out += block;
  } while (!content.empty());
  return out;
}

}  // namespace

std::string build_zip(const std::vector<ZipInput>& inputs, std::string_view comment) {
  std::string out;
  std::string directory;
  for (const ZipInput& in : inputs) {
    const std::string data = in.deflate ? stored_blocks(in.content) : in.content;
    const auto method = static_cast<std::uint16_t>((in.deflate ? 8 : 0) + in.method);
    const std::uint32_t crc = in.claimed_crc.value_or(crypto::crc32(in.content));
    const std::uint64_t size = in.claimed_size.value_or(in.content.size());
    const std::uint64_t compressed = in.claimed_compressed.value_or(data.size());
    const std::uint64_t offset = in.claimed_offset.value_or(out.size());
    const std::string local_name = in.local_name.value_or(in.name);

    put(out, 0x04034b50, 4);
    put(out, 20, 2);
    put(out, in.flags, 2);
    put(out, method, 2);
    put(out, in.time, 2);
    put(out, in.date, 2);
    put(out, crc, 4);
    put(out, compressed, 4);
    put(out, size, 4);
    put(out, local_name.size(), 2);
    put(out, 0, 2);
    out += local_name;
    out += data;

    put(directory, 0x02014b50, 4);
    put(directory, in.made_by, 2);
    put(directory, 20, 2);
    put(directory, in.flags, 2);
    put(directory, method, 2);
    put(directory, in.time, 2);
    put(directory, in.date, 2);
    put(directory, crc, 4);
    put(directory, compressed, 4);
    put(directory, size, 4);
    put(directory, in.name.size(), 2);
    put(directory, in.extra.size(), 2);
    put(directory, 0, 6);
    put(directory, std::uint64_t{in.mode} << 16, 4);
    put(directory, offset, 4);
    directory += in.name;
    directory += in.extra;
  }
  const std::size_t at = out.size();
  out += directory;
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, inputs.size(), 2);
  put(out, inputs.size(), 2);
  put(out, directory.size(), 4);
  put(out, at, 4);
  put(out, comment.size(), 2);
  out += comment;
  return out;
}

std::string hello_zip(std::string_view source) {
  return build_zip({{.name = "lambda_function.py", .content = std::string(source)}});
}

std::string python_made_zip() {
  constexpr std::string_view kBase64 =
      "UEsDBBQAAAAIAAAAIVidA5J4UgAAAEgBAAASAAAAbGFtYmRhX2Z1bmN0aW9uLnB5S0lNU8hJzE1KSYzPSMxLyUkt"
      "0kgtS80r0VFIzs8rSa0o0bTiUgCCotSS0qI8BSWP1JycfAUlBW0FsLJopbzE3FSlWCBfSVFJQUvBmCtlRJoIAFBL"
      "AwQUAAAACAAAACFYAAAAAAIAAAAAAAAABAAAAGJpbi8DAFBLAwQUAAAACAAAACFY2/szchYAAAAUAAAACAAAAGJp"
      "bi90b29sU1bUT8rM0y/O4EpNzshXKMnPz+ECAFBLAwQUAAAACAAAACFY0T7zIAYAAAAEAAAACAAAAGJpbi9saW5r"
      "K8nPzwEAUEsDBBQAAAAIAAAAIVgm8NsAFgAAAIgTAAAPAAAAZGF0YS9kZWVwL3gudHh07cExAQAAAMKg2otvCj+g"
      "AAAAAIC3AVBLAQIUAxQAAAAIAAAAIVidA5J4UgAAAEgBAAASAAAAAAAAAAAAAACkgQAAAABsYW1iZGFfZnVuY3Rp"
      "b24ucHlQSwECFAMUAAAACAAAACFYAAAAAAIAAAAAAAAABAAAAAAAAAAAAAAA7UGCAAAAYmluL1BLAQIUAxQAAAAI"
      "AAAAIVjb+zNyFgAAABQAAAAIAAAAAAAAAAAAAADtiaYAAABiaW4vdG9vbFBLAQIUAxQAAAAIAAAAIVjRPvMgBgAA"
      "AAQAAAAIAAAAAAAAAAAAAAD/oeIAAABiaW4vbGlua1BLAQIUAxQAAAAIAAAAIVgm8NsAFgAAAIgTAAAPAAAAAAAA"
      "AAAAAACAgQ4BAABkYXRhL2RlZXAveC50eHRQSwUGAAAAAAUABQAbAQAAUQEAAAAA";
  return text::base64_decode(kBase64).value();
}

}  // namespace lapwing::lambda::testing
