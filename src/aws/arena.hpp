// Memory of one request: everything a value tree points to. Freed at once with the arena.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <forward_list>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lapwing::aws {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes, std::size_t align);

  // Value-initialised elements that live as long as the arena; no destructor runs.
  template <class T>
  std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    T* data = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (data + i) T();
    return {data, count};
  }
  std::string_view copy(std::string_view text);
  // Takes over a string that is already built, for large ones.
  std::string_view keep(std::string text);
  // Gives everything back; nothing that was handed out may be looked at afterwards.
  void clear() {
    blocks_.clear();
    strings_.clear();
    cursor_ = nullptr;
    left_ = 0;
    next_block_ = kFirstBlockBytes;
  }

 private:
  // Blocks double from the first size to the last: a request that waits for long holds little.
  static constexpr std::size_t kFirstBlockBytes = 1024;
  static constexpr std::size_t kBlockBytes = 16 * 1024;

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::forward_list<std::string> strings_;
  std::size_t next_block_ = kFirstBlockBytes;
  std::byte* cursor_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace lapwing::aws
