#include "patterns/glob.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace lapwing::patterns {
namespace {

// How many starts of `piece` a text can be in at the same time: those that are ends of each other.
std::size_t overlaps(std::string_view piece) {
  std::vector<std::uint32_t> border(piece.size() + 1, 0);
  std::vector<std::uint32_t> chain(piece.size() + 1, 0);
  std::uint32_t most = 0;
  for (std::size_t i = 1; i <= piece.size(); ++i) {
    if (i > 1) {
      std::uint32_t shorter = border[i - 1];
      while (shorter != 0 && piece[shorter] != piece[i - 1]) shorter = border[shorter];
      border[i] = piece[shorter] == piece[i - 1] ? shorter + 1 : 0;
    }
    chain[i] = chain[border[i]] + 1;
    most = std::max(most, chain[i]);
  }
  return most;
}

}  // namespace

bool Glob::matches(std::string_view text) const {
  const std::string& first = pieces.front();
  if (pieces.size() == 1) return text == first;
  const std::string& last = pieces.back();
  if (text.size() < first.size() + last.size() || !text.starts_with(first) ||
      !text.ends_with(last)) {
    return false;
  }
  const std::string_view between =
      text.substr(first.size(), text.size() - first.size() - last.size());
  std::size_t at = 0;
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    at = between.find(pieces[i], at);
    if (at == std::string_view::npos) return false;
    at += pieces[i].size();
  }
  return true;
}

std::expected<Glob, std::string> parse_glob(std::string_view text) {
  Glob glob;
  std::string piece;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '"';
    if (text[i] == '*') {
      if (next == '*')
        return std::unexpected(fmt::format("Consecutive wildcard characters at pos {}", i + 1));
      glob.pieces.push_back(std::move(piece));
      piece.clear();
    } else if (text[i] == '\\') {
      if (next != '*' && next != '\\')
        return std::unexpected(fmt::format("Invalid escape character at pos {}", i + 1));
      piece += next;
      ++i;
    } else {
      piece += text[i];
    }
  }
  glob.pieces.push_back(std::move(piece));
  return glob;
}

std::size_t complexity(const Glob& glob) {
  std::size_t sum = glob.pieces.size() - 1;
  for (std::size_t i = 1; i < glob.pieces.size(); ++i) sum += overlaps(glob.pieces[i]);
  return sum;
}

}  // namespace lapwing::patterns
