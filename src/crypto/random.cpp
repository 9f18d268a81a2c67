#include "crypto/random.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <sys/mman.h>

#include <openssl/rand.h>

namespace lapwing::crypto {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kSmallBytes = 64;

void generate(std::byte* out, std::size_t size) {
  auto* data = reinterpret_cast<unsigned char*>(out);  // safe: bytes may alias
  constexpr std::size_t kMost = 1 << 30;               // RAND_bytes counts in int
  for (std::size_t done = 0; done < size;) {
    const std::size_t piece = std::min(size - done, kMost);
    if (RAND_bytes(data + done, static_cast<int>(piece)) != 1) {
      throw std::runtime_error("the system has no randomness to give");
    }
    done += piece;
  }
}

}  // namespace

// All zero, as a child finds it, is the empty page.
struct SystemRandom::Page {
  std::size_t left = 0;
  std::array<std::byte, kPageBytes - sizeof(std::size_t)> bytes;
};

SystemRandom::SystemRandom() {
  void* page =
      ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::runtime_error("no memory for randomness");
  if (::madvise(page, kPageBytes, MADV_WIPEONFORK) != 0) {
    ::munmap(page, kPageBytes);
    throw std::runtime_error("the kernel cannot keep memory from a child (MADV_WIPEONFORK)");
  }
  page_ = static_cast<Page*>(page);
}

SystemRandom::~SystemRandom() {
  OPENSSL_cleanse(page_, kPageBytes);
  ::munmap(page_, kPageBytes);
}

void SystemRandom::fill(MutableBytes out) {
  if (out.empty()) return;
  if (out.size() > kSmallBytes) return generate(out.data(), out.size());
  const std::scoped_lock lock(mutex_);
  if (page_->left < out.size()) {
    generate(page_->bytes.data(), page_->bytes.size());
    page_->left = page_->bytes.size();
  }
  page_->left -= out.size();
  std::byte* const from = page_->bytes.data() + page_->left;
  std::memcpy(out.data(), from, out.size());
  std::memset(from, 0, out.size());
}

}  // namespace lapwing::crypto
