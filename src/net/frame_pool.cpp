#include "net/frame_pool.hpp"

#include <array>
#include <bit>
#include <new>

namespace lapwing::net::detail {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAPWING_FRAMES_FROM_HEAP 1
#endif
#endif
#ifdef LAPWING_FRAMES_FROM_HEAP
constexpr bool kPools = false;
#else
constexpr bool kPools = true;
#endif

// What the heap adds to a piece, and the sizes in which it gives them out. A pooled frame fills its
// piece, so that those who wait hold nothing beside.
constexpr std::size_t kHeapHeader = sizeof(std::size_t);
constexpr std::size_t kStep = 16;
// Beyond this piece, so many sizes to each power of two: at most a ninth is not used.
constexpr std::size_t kExactMax = 2048;
constexpr std::size_t kStepsPerDoubling = 8;

struct SizeClass {
  std::size_t index;
  std::size_t bytes;  // without the header
};

constexpr SizeClass class_of(std::size_t bytes) {
  const std::size_t piece = bytes + kHeapHeader;
  if (piece <= kExactMax) {
    const std::size_t steps = (piece + kStep - 1) / kStep;
    return {steps, steps * kStep - kHeapHeader};
  }
  const auto doubling = static_cast<std::size_t>(std::bit_width(piece - 1)) - 1;  // floor(log2)
  const std::size_t base = std::size_t{1} << doubling;
  const std::size_t step = base / kStepsPerDoubling;
  const std::size_t steps = (piece - base + step - 1) / step;  // 1 to 8
  constexpr auto kFirst = static_cast<std::size_t>(std::bit_width(kExactMax)) - 1;
  return {kExactMax / kStep + (doubling - kFirst) * kStepsPerDoubling + steps,
          base + steps * step - kHeapHeader};
}

constexpr std::size_t kClasses = class_of(kPooledFrameMax).index + 1;

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* first = nullptr;
  std::size_t bytes = 0;
};

// Needs no destruction of its own: frames may be freed while a thread's objects are destroyed.
struct Pool {
  std::array<FreeList, kClasses> lists;
  std::size_t bytes = 0;
  bool closed = false;
};
constinit thread_local Pool pool;

struct PoolEnd {
  // A first use registers the end of the thread.
  void registered() {}
  ~PoolEnd() {
    pool.closed = true;
    for (FreeList& list : pool.lists) {
      while (FreeFrame* frame = list.first) {
        list.first = frame->next;
        ::operator delete(frame);
      }
    }
  }
};
thread_local PoolEnd pool_end;

}  // namespace

void* allocate_frame(std::size_t bytes) {
  if (!kPools || bytes > kPooledFrameMax) return ::operator new(bytes);
  const SizeClass size = class_of(bytes);
  FreeList& list = pool.lists[size.index];
  if (FreeFrame* frame = list.first) {
    list.first = frame->next;
    list.bytes -= size.bytes;
    pool.bytes -= size.bytes;
    return frame;
  }
  return ::operator new(size.bytes);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  if (!kPools || bytes > kPooledFrameMax) return ::operator delete(frame);
  const SizeClass size = class_of(bytes);
  FreeList& list = pool.lists[size.index];
  if (pool.closed || list.bytes + size.bytes > kPooledBytesPerSize ||
      pool.bytes + size.bytes > kPooledBytes) {
    return ::operator delete(frame);
  }
  if (list.bytes == 0) pool_end.registered();
  list.first = ::new (frame) FreeFrame{list.first};
  list.bytes += size.bytes;
  pool.bytes += size.bytes;
}

}  // namespace lapwing::net::detail
