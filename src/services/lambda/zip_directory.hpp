// The zip format's structures, read field by field: where the central directory is and what
// each of its records says. Knows nothing of paths and policies (zip_archive.hpp).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::lambda {

struct ZipRecord {
  std::string_view name;
  std::uint16_t made_by = 0;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint32_t external_attributes = 0;
  std::uint64_t compressed_size = 0;
  std::uint64_t size = 0;
  std::uint64_t header_at = 0;  // of the local header, from the file's start
  std::uint64_t data_at = 0;
  // Unix time, UTC: of the extended timestamp field where there is one, else the DOS time.
  std::int64_t modified_s = 0;
};

// Every record, local headers checked against it. Bytes before the archive and up to
// kMaxTrailingBytes behind it are passed over. The error says what is wrong, and in which entry.
Result<std::vector<ZipRecord>> read_zip_directory(std::string_view bytes);

}  // namespace lapwing::lambda
