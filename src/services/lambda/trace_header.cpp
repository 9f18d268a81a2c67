#include "services/lambda/trace_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "services/lambda/limits.hpp"

namespace lapwing::lambda {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::size_t kTimeDigits = 8;
constexpr std::size_t kUniqueDigits = 24;
constexpr std::size_t kParentDigits = 16;
constexpr std::size_t kLineageDigits = 8;
constexpr std::size_t kUsualBytes = 96;

// What a header says; empty where it says nothing, or nothing of use.
struct Trace {
  std::string_view root;
  std::string_view parent;
  std::string_view sampled;
  std::string_view lineage;
};

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

// "1-5759e988-bd862e3fe1be46a994272793"
bool is_root(std::string_view text) {
  return text.size() == 2 + kTimeDigits + 1 + kUniqueDigits && text.starts_with("1-") &&
         text[2 + kTimeDigits] == '-' && is_hex(text.substr(2, kTimeDigits)) &&
         is_hex(text.substr(3 + kTimeDigits));
}

bool is_lineage(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_hex(std::string_view(&c, 1)) || c == ':' || c == '|';
  });
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Trace read(std::string_view header) {
  Trace out;
  if (header.size() > kMaxTraceHeaderBytes) return out;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view field = trim(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    const std::string_view name = field.substr(0, equals);
    if (name == "Root" && is_root(value)) out.root = value;
    if (name == "Parent" && value.size() == kParentDigits && is_hex(value)) out.parent = value;
    if (name == "Sampled" && (value == "0" || value == "1")) out.sampled = value;
    if (name == "Lineage" && is_lineage(value)) out.lineage = value;
  }
  return out;
}

// In pieces, not digit by digit: every invocation has such a header.
template <std::size_t kBytes>
void append_hex(std::string& out, std::span<const std::byte, kBytes> bytes) {
  std::array<char, 2 * kBytes> digits;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const auto value = std::to_integer<unsigned>(bytes[i]);
    digits[2 * i] = kHex[value >> 4];
    digits[2 * i + 1] = kHex[value & 15];
  }
  out.append(digits.data(), digits.size());
}

void append_hex(std::string& out, std::uint32_t number) {
  std::array<std::byte, sizeof(number)> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(number >> (24 - 8 * i));
  }
  append_hex(out, std::span<const std::byte, sizeof(number)>(bytes));
}

// The same function always has the same one. FNV-1a, but eight bytes at a time.
std::uint32_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u ^ text.size();
  while (!text.empty()) {
    std::uint64_t piece = 0;
    const std::size_t size = std::min(text.size(), sizeof(piece));
    std::memcpy(&piece, text.data(), size);
    hash = (hash ^ piece) * 1099511628211u;
    hash ^= hash >> 32;
    text.remove_prefix(size);
  }
  return static_cast<std::uint32_t>(hash);
}

// "1:a87bd80c:2|68fd508a:0", or without the first number, as older ones are: each function's hash
// and how often it has run beyond its first time.
struct Run {
  std::string_view hash;
  std::uint32_t again = 0;
};

std::vector<Run> runs_of(std::string_view lineage) {
  std::vector<Run> out;
  // The leading number is that of the form.
  if (lineage.size() > 2 && lineage[1] == ':' &&
      std::ranges::count(lineage.substr(0, lineage.find('|')), ':') == 2) {
    lineage.remove_prefix(2);
  }
  while (!lineage.empty()) {
    const std::size_t end = std::min(lineage.find('|'), lineage.size());
    const std::string_view one = lineage.substr(0, end);
    lineage.remove_prefix(std::min(end + 1, lineage.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    Run run{one.substr(0, colon), 0};
    const std::string_view count = one.substr(colon + 1);
    if (std::from_chars(count.data(), count.data() + count.size(), run.again).ec == std::errc()) {
      out.push_back(run);
    }
  }
  return out;
}

std::string hash_text(std::string_view function_arn) {
  std::string out;
  append_hex(out, hash_of(function_arn));
  return out;
}

// With this run counted; of more than kMaxLineage functions those that ran most often.
std::string next_lineage(std::string_view sent, std::string_view function_arn) {
  std::vector<Run> runs = runs_of(sent);
  const std::string own = hash_text(function_arn);
  const auto found = std::ranges::find(runs, own, &Run::hash);
  if (found != runs.end()) {
    ++found->again;
  } else {
    runs.push_back({own, 0});
  }
  while (runs.size() > kMaxLineage) runs.erase(std::ranges::min_element(runs, {}, &Run::again));
  std::string out = "1:";
  for (const Run& run : runs) {
    if (out.size() > 2) out += '|';
    out += run.hash;
    out += ':';
    out += std::to_string(run.again);
  }
  return out;
}

static_assert(kLineageDigits == 2 * sizeof(std::uint32_t));

}  // namespace

std::string complete_trace_header(std::string_view sent, const TraceScope& scope, WallTime now,
                                  Random& random) {
  Trace trace = read(sent);
  if (trace.root.empty()) trace = {};
  const bool own_segment = scope.active && trace.sampled != "0";
  std::array<std::byte, (kUniqueDigits + kParentDigits) / 2> drawn;
  random.fill(drawn);
  const std::span<const std::byte, drawn.size()> bytes(drawn);
  std::string out;
  out.reserve(kUsualBytes + trace.lineage.size());
  out += "Root=";
  if (trace.root.empty()) {
    out += "1-";
    append_hex(
        out, static_cast<std::uint32_t>(
                 std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()));
    out += '-';
    append_hex(out, bytes.first<kUniqueDigits / 2>());
  } else {
    out += trace.root;
  }
  out += ";Parent=";
  if (trace.parent.empty() || own_segment) {
    append_hex(out, bytes.last<kParentDigits / 2>());
  } else {
    out += trace.parent;
  }
  out += ";Sampled=";
  out += trace.sampled.empty() ? (scope.active ? "1" : "0") : trace.sampled;
  out += ";Lineage=";
  if (trace.lineage.empty()) {
    out += "1:";
    append_hex(out, hash_of(scope.function_arn));
    out += ":0";
  } else {
    out += next_lineage(trace.lineage, scope.function_arn);
  }
  return out;
}

std::uint32_t runs_in_chain(std::string_view header, std::string_view function_arn) {
  const std::vector<Run> runs = runs_of(read(header).lineage);
  const auto found = std::ranges::find(runs, hash_text(function_arn), &Run::hash);
  return found == runs.end() ? 0 : found->again + 1;
}

}  // namespace lapwing::lambda
