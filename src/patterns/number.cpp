#include "patterns/number.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace lapwing::patterns {

double to_double(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc::result_out_of_range) return value;
  // from_chars does not say in which direction; the exponent's sign does, or, without an exponent,
  // whether there is anything before the point.
  const std::size_t e = text.find_first_of("eE");
  const bool tiny = e != std::string_view::npos ? text[e + 1] == '-'
                                                : text.find_first_of("123456789") > text.find('.');
  const double size = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  return text.front() == '-' ? -size : size;
}

std::uint64_t number_key(double value) {
  if (!std::isfinite(value)) return 0;
  if (value == 0) value = 0;  // -0 is 0
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

std::uint64_t number_key(std::string_view json_number) {
  return number_key(to_double(json_number));
}

}  // namespace lapwing::patterns
