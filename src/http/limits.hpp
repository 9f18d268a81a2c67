// Limits of the HTTP floor: defaults, changed through ServerOptions and ClientOptions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace lapwing::http {

struct HeadLimits {
  std::size_t head_bytes = 64 * kKiB;     // beyond: 431
  std::size_t header_count = 128;         // beyond: 431
  std::size_t target_bytes = 16 * kKiB;   // beyond: 414
  std::size_t trailer_bytes = 16 * kKiB;  // of all trailers together; beyond: 400
};

// Of one chunk's size line, extensions included.
inline constexpr std::size_t kChunkLineBytesMax = 1 * kKiB;
// Body bytes a handler left unread that are skipped to keep the connection; beyond it closes.
inline constexpr std::uint64_t kUnreadBodyBytesMax = 256 * kKiB;
// First size of a connection's read buffer; it grows up to HeadLimits::head_bytes.
inline constexpr std::size_t kReadBufferBytes = 8 * kKiB;
// Requests, or reads of a body, of one connection before others on its loop are let through.
inline constexpr std::uint32_t kTurnsMax = 32;
// How long a connection is read after an error answer, so that the client sees the answer
// rather than a reset.
inline constexpr Duration kLingerTimeout = std::chrono::seconds(2);
inline constexpr std::uint64_t kLingerBytesMax = 1 * kMiB;

struct Timeouts {
  Duration head = std::chrono::seconds(30);         // first byte of a head to its last: 408
  Duration body_idle = std::chrono::seconds(30);    // without a body byte: 408
  Duration keep_alive = std::chrono::seconds(75);   // before a first byte: closed silently
  Duration write_stall = std::chrono::seconds(30);  // the client takes nothing: closed
};

}  // namespace lapwing::http
