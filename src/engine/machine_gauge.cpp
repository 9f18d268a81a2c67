#include "engine/machine_gauge.hpp"

#include <charconv>
#include <string_view>

#include "os/file.hpp"

namespace lapwing::engine {
namespace {

// The number behind the first `name` in the file.
std::optional<std::uint64_t> number_in(const std::string& path, std::string_view name) {
  const Result<std::string> text = os::read_file(path);
  if (!text) return std::nullopt;
  const std::size_t at = text->find(name);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t digits = text->find_first_not_of(' ', at + name.size());
  if (digits == std::string::npos) return std::nullopt;
  std::uint64_t number = 0;
  const char* const begin = text->data() + digits;
  if (std::from_chars(begin, text->data() + text->size(), number).ptr == begin) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<std::uint64_t> ProcMachineGauge::available_mb() const {
  const std::optional<std::uint64_t> kib = number_in(memory_, "MemAvailable:");
  if (!kib) return std::nullopt;
  return *kib / 1024;
}

std::optional<Duration> ProcMachineGauge::processor_waits() const {
  const std::optional<std::uint64_t> us = number_in(pressure_, "total=");
  if (!us) return std::nullopt;
  return std::chrono::microseconds(*us);
}

}  // namespace lapwing::engine
