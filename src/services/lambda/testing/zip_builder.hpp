// Zips for tests, well-formed unless told otherwise. Content is stored, or deflated as
// uncompressed blocks, so that every byte is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::lambda::testing {

struct ZipInput {
  std::string name = {};
  std::string content = {};
  std::uint32_t mode = 0100644;  // with type bits; 0: none recorded
  bool deflate = false;
  std::uint16_t flags = 0;
  std::uint16_t made_by = 0x031e;  // Unix
  std::uint16_t method = 0;        // added to what `deflate` says
  std::uint16_t date = 0x5821;     // MS-DOS: 2024-01-01
  std::uint16_t time = 0;
  std::string extra = {};  // fields of the directory's record
  // What the directory claims instead of the truth.
  std::optional<std::uint32_t> claimed_size = {};
  std::optional<std::uint32_t> claimed_compressed = {};
  std::optional<std::uint32_t> claimed_crc = {};
  std::optional<std::uint32_t> claimed_offset = {};
  std::optional<std::string> local_name = {};
};

std::string build_zip(const std::vector<ZipInput>& inputs, std::string_view comment = {});

// One function file, as a deployment package has it.
std::string hello_zip(std::string_view source = "def lambda_handler(event, core): pass\n");

// Made by Python's zipfile with real compression: lambda_function.py (0644), bin/ (0755),
// bin/tool (set-uid, 0755), bin/link -> tool, data/deep/x.txt (0600, 5000 bytes of 'x').
std::string python_made_zip();

}  // namespace lapwing::lambda::testing
