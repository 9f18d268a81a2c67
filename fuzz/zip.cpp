// Zip packages: whatever the bytes, opening ends with an answer; what is accepted has only
// paths that stay inside, each once, none below a file or link, and never yields more than it
// declared.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "services/lambda/limits.hpp"
#include "services/lambda/zip_archive.hpp"

namespace {

using lapwing::lambda::ZipArchive;
using lapwing::lambda::ZipEntry;

// More would only make the fuzzer slow.
constexpr std::uint64_t kMaxExtracted = 1 << 22;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  require(!path.empty() && path.front() != '/' && path.back() != '/');
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    require(!part.empty() && part != "." && part != ".." && !part.contains('\0'));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
}

// Nothing lies below a file or a link: unpacking never goes through one.
void check_parents(std::string_view path, const std::set<std::string_view>& leaves) {
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos;
       slash = path.rfind('/')) {
    path = path.substr(0, slash);
    require(!leaves.contains(path));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Safe: bytes are bytes.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto archive = ZipArchive::open(bytes);
  if (!archive) return 0;
  require(archive->unpacked_bytes() < lapwing::lambda::kMaxUnzippedBytes);
  std::set<std::string_view> names;
  std::set<std::string_view> leaves;
  for (const ZipEntry& entry : archive->entries()) {
    require(names.insert(entry.path).second);
    if (entry.kind != ZipEntry::Kind::kDirectory) leaves.insert(entry.path);
  }
  std::uint64_t total = 0;
  for (const ZipEntry& entry : archive->entries()) {
    check_path(entry.path);
    require((entry.mode & ~0777u) == 0);
    check_parents(entry.path, leaves);
    require((entry.kind == ZipEntry::Kind::kLink) == !entry.target.empty());
    require(entry.target.size() <= lapwing::lambda::kMaxLinkTargetBytes);
    require(!entry.target.contains('\0'));
    if (entry.size > kMaxExtracted - total) continue;
    std::uint64_t seen = 0;
    const auto done = archive->extract(entry, [&](std::string_view piece) -> lapwing::Status {
      seen += piece.size();
      return {};
    });
    require(seen <= entry.size && (!done || seen == entry.size));
    total += seen;
  }
  return 0;
}
