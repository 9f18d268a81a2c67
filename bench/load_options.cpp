#include "load_options.hpp"

#include <charconv>
#include <string_view>

#include <fmt/core.h>

namespace lapwing::bench {
namespace {

// 0 for what is no number.
template <class T>
T number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

bool parse_options(int argc, char** argv, LoadOptions& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--address") {
      options.address = value;
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--body") {
      options.body = value;
    } else if (name == "--expect") {
      options.expect = value;
    } else if (name == "--key") {
      options.access_key_id = value;
    } else if (name == "--secret") {
      options.secret_access_key = value;
    } else if (name == "--service") {
      options.service = value;
    } else if (name == "--type") {
      options.type = value;
    } else if (name == "--finish") {
      options.finish = number<int>(value) != 0;
    } else if (name == "--event") {
      options.event = number<int>(value) != 0;
    } else if (name == "--target") {
      options.target = value;
    } else if (name == "--functions") {
      options.functions = number<int>(value);
    } else if (name == "--first") {
      options.first = number<int>(value);
    } else if (name == "--zipf") {
      options.zipf = number<double>(value);
    } else if (name == "--connections") {
      options.connections = number<int>(value);
    } else if (name == "--warm-up") {
      options.warm_up = number<int>(value);
    } else if (name == "--seconds") {
      options.seconds = number<double>(value);
    } else if (name == "--requests") {
      options.requests = number<long>(value);
    } else {
      fmt::print(stderr, "load: unknown option {}\n", name);
      return false;
    }
  }
  if (argc % 2 == 0 || options.address.empty() || options.connections < 1 ||
      options.functions < 1) {
    fmt::print(stderr, "load: --address HOST:PORT and pairs of option and value are needed\n");
    return false;
  }
  return true;
}

}  // namespace lapwing::bench
