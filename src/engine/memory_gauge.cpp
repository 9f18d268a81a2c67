#include "engine/memory_gauge.hpp"

#include <charconv>
#include <string_view>

#include "os/file.hpp"

namespace lapwing::engine {

std::optional<std::uint64_t> ProcMemoryGauge::available_mb() const {
  const Result<std::string> text = os::read_file(path_);
  if (!text) return std::nullopt;
  constexpr std::string_view kName = "MemAvailable:";
  const std::size_t at = text->find(kName);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t digits = text->find_first_not_of(' ', at + kName.size());
  if (digits == std::string::npos) return std::nullopt;
  std::uint64_t kib = 0;
  const char* const begin = text->data() + digits;
  if (std::from_chars(begin, text->data() + text->size(), kib).ptr == begin) return std::nullopt;
  return kib / 1024;
}

}  // namespace lapwing::engine
