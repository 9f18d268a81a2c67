// Memory of coroutine frames. Frames of some hundred bytes to some kilobytes come and go with
// every request, always of the same few sizes: what was freed last is given out next, while it
// is still in the processor's caches.
//
// Kept by each thread for itself, up to kPooledBytesPerSize of a size and kPooledBytes of all.
// Frames of more than kPooledFrameMax bytes, and all of them under AddressSanitizer (which would
// not see the use of a dead frame), come from the heap.
//
// Thread-safety: any thread; a frame may be freed on another thread than it was made on.
#pragma once

#include <cstddef>

namespace lapwing::net::detail {

inline constexpr std::size_t kPooledFrameMax = 16 * 1024;
inline constexpr std::size_t kPooledBytesPerSize = 128 * 1024;
inline constexpr std::size_t kPooledBytes = 2 * 1024 * 1024;

void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace lapwing::net::detail
