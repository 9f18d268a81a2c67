// What registries and layers send: whatever the bytes, reading them ends with an answer, and an
// archive never yields more content than its entries announced.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "images/challenge.hpp"
#include "images/decompress.hpp"
#include "images/limits.hpp"
#include "images/manifest.hpp"
#include "images/reference.hpp"
#include "images/tar_reader.hpp"

namespace {

using lapwing::images::ByteSource;
using lapwing::images::Index;
using lapwing::images::kUnpackedBytesMax;
using lapwing::images::TarReader;

// More would only make the fuzzer slow.
constexpr std::uint64_t kReadMax = 1 << 22;

void require(bool holds) {
  if (!holds) std::abort();
}

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  lapwing::Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t got = text_.copy(into, std::min<std::size_t>(size, 700));
    text_.remove_prefix(got);
    return got;
  }

 private:
  std::string_view text_;
};

void read_layer(std::string_view bytes) {
  TextSource source(bytes);
  const auto plain = lapwing::images::decompress(source);
  if (!plain) return;
  TarReader tar(**plain);
  std::uint64_t total = 0;
  while (total < kReadMax) {
    const auto entry = tar.next();
    if (!entry || !*entry) return;
    require((*entry)->size <= kUnpackedBytesMax && ((*entry)->mode & ~07777u) == 0);
    std::uint64_t seen = 0;
    char piece[1000];
    while (seen < kReadMax) {
      const auto got = tar.read(piece, sizeof piece);
      if (!got) return;
      if (*got == 0) break;
      seen += *got;
    }
    require(seen <= (*entry)->size);
    total += seen + 512;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Safe: bytes are bytes.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_layer(bytes);
  if (const auto parsed = lapwing::images::parse_manifest(bytes, "")) {
    if (const auto* index = std::get_if<Index>(&*parsed))
      (void)lapwing::images::choose_platform(*index);
  }
  (void)lapwing::images::parse_config(bytes);
  (void)lapwing::images::parse_challenge(bytes);
  (void)lapwing::images::parse_reference(bytes);
  return 0;
}
