#include <utility>

#include "text/json.hpp"
#include "text/json_scan.hpp"

namespace lapwing::text {
namespace {

struct IgnoreAll {
  void key(std::string_view, bool) {}
  void string(std::string_view, bool) {}
  void number(std::string_view, bool) {}
  void boolean(bool) {}
  void null() {}
  void begin(bool) {}
  void end(bool) {}
};

}  // namespace

std::expected<void, JsonError> check_json(std::string_view text, std::uint32_t max_depth) {
  if (text.size() > kJsonHardMaxBytes) {
    return std::unexpected(JsonError{"Document is larger than 1 GiB", 0, 0, 0});
  }
  IgnoreAll sink;
  JsonScanner<IgnoreAll> scanner(text, max_depth, sink);
  if (scanner.run()) return {};
  return std::unexpected(scanner.take_error());
}

}  // namespace lapwing::text
