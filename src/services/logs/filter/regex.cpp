#include "services/logs/filter/regex.hpp"

#include <cstring>
#include <optional>
#include <utility>

#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kSymbols = ":_#=@/;,- ";
constexpr std::string_view kOperators = "^$?[]{}|\\*+.";

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_allowed(char c) { return is_alnum(c) || kSymbols.contains(c) || kOperators.contains(c); }

CharSet of_char(char c) {
  CharSet set;
  set.add(static_cast<unsigned char>(c));
  return set;
}
CharSet of_range(char from, char to) {
  CharSet set;
  for (int c = static_cast<unsigned char>(from); c <= static_cast<unsigned char>(to); ++c)
    set.add(static_cast<unsigned char>(c));
  return set;
}
CharSet of_everything() {
  CharSet set;
  set.invert();
  return set;
}

// \d \s \w and their opposites.
std::optional<CharSet> of_class(char letter) {
  CharSet set;
  switch (letter) {
    case 'd':
    case 'D':
      set = of_range('0', '9');
      break;
    case 's':
    case 'S':
      for (const char c : {' ', '\t', '\n', '\r', '\f', '\v'}) set.merge(of_char(c));
      break;
    case 'w':
    case 'W':
      set = of_range('0', '9');
      set.merge(of_range('a', 'z'));
      set.merge(of_range('A', 'Z'));
      set.merge(of_char('_'));
      break;
    default:
      return std::nullopt;
  }
  if (letter < 'a') set.invert();
  return set;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

class Regex::Parser {
 public:
  explicit Parser(std::string_view body) : body_(body) {}

  Result<std::vector<Branch>> run() {
    for (const char c : body_) {
      if (!is_allowed(c))
        return fail(invalid_parameter("Invalid character(s) in term '" + std::string(1, c) + "'"));
    }
    if (body_.empty()) return fail(invalid_filter_pattern());
    std::vector<Branch> branches;
    while (true) {
      LAPWING_TRY(Branch branch, parse_branch());
      branches.push_back(std::move(branch));
      if (done()) return branches;
      ++at_;  // the bar
    }
  }

 private:
  struct Repeat {
    std::size_t min = 1;
    std::size_t max = 1;  // 0: without end
  };

  bool done() const { return at_ == body_.size(); }
  char peek() const { return body_[at_]; }

  Result<Branch> parse_branch() {
    std::vector<Node> nodes;
    bool begin = false;
    bool end = false;
    if (!done() && peek() == '^') {
      begin = true;
      ++at_;
    }
    while (!done() && peek() != '|') {
      if (peek() == '$') {
        ++at_;
        if (!done() && peek() != '|') return fail(invalid_filter_pattern());
        end = true;
        break;
      }
      LAPWING_TRY(const CharSet set, parse_atom());
      LAPWING_TRY(const Repeat repeat, parse_repeat());
      LAPWING_CHECK(expand(nodes, set, repeat));
    }
    if (nodes.empty() && !begin && !end) return fail(invalid_filter_pattern());
    return compile(std::move(nodes), begin, end);
  }

  Result<CharSet> parse_atom() {
    const char c = body_[at_++];
    switch (c) {
      case '.':
        return of_everything();
      case '[':
        return parse_set();
      case '\\':
        return parse_escape();
      case '^':
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        return fail(invalid_filter_pattern());
      default:
        return of_char(c);
    }
  }

  Result<CharSet> parse_escape() {
    if (done()) return fail(invalid_filter_pattern());
    const char c = body_[at_++];
    if (auto named = of_class(c)) return *named;
    if (c == 't') return of_char('\t');
    if (c == 'n') return of_char('\n');
    if (c == 'r') return of_char('\r');
    if (c == 'x') {
      if (at_ + 2 > body_.size()) return fail(invalid_filter_pattern());
      const int high = hex_digit(body_[at_]);
      const int low = hex_digit(body_[at_ + 1]);
      at_ += 2;
      if (high < 0 || low < 0 || high > 7) return fail(invalid_filter_pattern());
      return of_char(static_cast<char>(high * 16 + low));
    }
    if (is_alnum(c)) return fail(invalid_filter_pattern());
    return of_char(c);
  }

  // Behind the opening bracket. A closing bracket that comes first is an ordinary member.
  Result<CharSet> parse_set() {
    CharSet set;
    bool inverted = false;
    if (!done() && peek() == '^') {
      inverted = true;
      ++at_;
    }
    bool first = true;
    while (true) {
      if (done()) return fail(invalid_filter_pattern());
      const char c = body_[at_++];
      if (c == ']' && !first) break;
      first = false;
      CharSet member = of_char(c);
      if (c == '\\') {
        LAPWING_TRY(member, parse_escape());
      }
      const bool range =
          at_ + 1 < body_.size() && body_[at_] == '-' && body_[at_ + 1] != ']' && c != '\\';
      if (range) {
        const char to = body_[at_ + 1];
        if (to < c || to == '\\' || to == '[') return fail(invalid_filter_pattern());
        at_ += 2;
        member = of_range(c, to);
      }
      set.merge(member);
    }
    if (inverted) set.invert();
    return set;
  }

  Result<Repeat> parse_repeat() {
    if (done()) return Repeat{};
    switch (peek()) {
      case '?':
        ++at_;
        return no_second(Repeat{0, 1});
      case '*':
        ++at_;
        return no_second(Repeat{0, 0});
      case '+':
        ++at_;
        return no_second(Repeat{1, 0});
      case '{':
        ++at_;
        return parse_bounds();
      default:
        return Repeat{};
    }
  }
  // Lazy and possessive forms are not part of the dialect.
  Result<Repeat> no_second(Repeat repeat) {
    if (!done() && (peek() == '?' || peek() == '*' || peek() == '+' || peek() == '{'))
      return fail(invalid_filter_pattern());
    return repeat;
  }

  Result<Repeat> parse_bounds() {
    const auto low = parse_number();
    std::optional<std::size_t> high = low;
    bool comma = false;
    skip_spaces();
    if (!done() && peek() == ',') {
      comma = true;
      ++at_;
      skip_spaces();
      high = parse_number();
      skip_spaces();
    }
    if (done() || peek() != '}' || (!low && !high)) return fail(invalid_filter_pattern());
    ++at_;
    Repeat repeat{low.value_or(0), high.value_or(0)};
    if (!comma) repeat.max = repeat.min;
    if (high && (*high == 0 || *high < repeat.min)) return fail(invalid_filter_pattern());
    return no_second(repeat);
  }
  void skip_spaces() {
    while (!done() && peek() == ' ') ++at_;
  }
  std::optional<std::size_t> parse_number() {
    std::optional<std::size_t> value;
    while (!done() && peek() >= '0' && peek() <= '9') {
      value = value.value_or(0) * 10 + static_cast<std::size_t>(peek() - '0');
      if (*value > kRegexStatesMax) value = kRegexStatesMax + 1;  // refused by expand()
      ++at_;
    }
    return value;
  }

  static Status expand(std::vector<Node>& nodes, const CharSet& set, Repeat repeat) {
    const std::size_t wanted = repeat.max == 0 ? std::max<std::size_t>(repeat.min, 1) : repeat.max;
    if (nodes.size() + wanted > kRegexStatesMax) return fail(invalid_filter_pattern());
    for (std::size_t i = 0; i < wanted; ++i) {
      Node node{set, i >= repeat.min, false};
      if (repeat.max == 0 && i + 1 == wanted) node.loop = true;
      nodes.push_back(node);
    }
    return {};
  }

  std::string_view body_;
  std::size_t at_ = 0;
};

Result<Regex> Regex::parse(std::string_view body) {
  LAPWING_TRY(std::vector<Branch> branches, Parser(body).run());
  Regex regex;
  regex.branches_ = std::move(branches);
  return regex;
}

bool Regex::search(std::string_view text) const {
  for (const Branch& branch : branches_) {
    if (search(branch, text)) return true;
  }
  return false;
}

Regex::Branch Regex::compile(std::vector<Node> nodes, bool begin, bool end) {
  Branch branch;
  branch.anchored_begin = begin;
  branch.anchored_end = end;
  branch.size = nodes.size();
  branch.plain = !begin && !end && !nodes.empty();
  const auto set_bit = [](Bits& bits, std::size_t i) {
    bits.word[i / 64] |= std::uint64_t{1} << (i % 64);
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.loop) set_bit(branch.loops, i);
    if (node.optional) {
      set_bit(branch.optionals, i);
      set_bit(branch.optionals, i + 1);
      if (i == 0 || !nodes[i - 1].optional) set_bit(branch.block_first, i);
      if (i + 1 == nodes.size() || !nodes[i + 1].optional) set_bit(branch.block_end, i + 1);
    }
    int members = node.set.beyond ? 2 : 0;
    for (unsigned c = 0; c < 128; ++c) {
      if (!node.set.has(static_cast<unsigned char>(c))) continue;
      set_bit(branch.by_char[c], i);
      ++members;
      if (members == 1) branch.literal += static_cast<char>(c);
    }
    if (node.set.beyond) set_bit(branch.by_char[128], i);
    if (members != 1 || node.optional || node.loop) branch.plain = false;
  }
  return branch;
}

bool Regex::search(const Branch& branch, std::string_view text) {
  if (branch.plain) {
    return memmem(text.data(), text.size(), branch.literal.data(), branch.literal.size()) !=
           nullptr;
  }
  // Optional positions follow one another in blocks; from the lowest active position of a
  // block every later one is reachable without consuming. Setting the block's end bit and
  // subtracting its first bit borrows exactly up to that lowest active position.
  const auto close = [&branch](Bits& active) {
    bool borrow = false;
    for (std::size_t w = 0; w < 4; ++w) {
      const std::uint64_t with_end = active.word[w] | branch.block_end.word[w];
      const std::uint64_t first = branch.block_first.word[w];
      const std::uint64_t difference = with_end - first - (borrow ? 1 : 0);
      borrow = with_end < first || (borrow && with_end == first);
      active.word[w] |= branch.optionals.word[w] & ~(difference ^ with_end);
    }
  };
  const std::size_t accept_word = branch.size / 64;
  const std::uint64_t accept_bit = std::uint64_t{1} << (branch.size % 64);
  Bits active;
  active.word[0] = 1;
  close(active);
  std::size_t at = 0;
  while (true) {
    const bool accepted = (active.word[accept_word] & accept_bit) != 0;
    if (accepted && (!branch.anchored_end || at == text.size())) return true;
    if (at == text.size()) return false;
    const auto c = static_cast<unsigned char>(text[at++]);
    if (c >= 0xC0) {  // a multi-byte character is one character
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) ++at;
    }
    const Bits& matching = branch.by_char[c < 128 ? c : 128];
    Bits next;
    std::uint64_t carry = branch.anchored_begin ? 0 : 1;  // unanchored: begin anywhere
    std::uint64_t any = carry;
    for (std::size_t w = 0; w < 4; ++w) {
      const std::uint64_t taken = active.word[w] & matching.word[w];
      next.word[w] = (taken << 1) | carry | (taken & branch.loops.word[w]);
      carry = taken >> 63;
      any |= next.word[w];
    }
    if (any == 0) return false;
    close(next);
    active = next;
  }
}

}  // namespace lapwing::logs
