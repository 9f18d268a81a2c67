#include "runtime/start/recent_starts.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include <fmt/core.h>

#include "os/file.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::string_view kHead = "lapwing starts 1\n";

std::string line_of(const FunctionVersion& function) {
  return fmt::format("{} {} {} {}", function.account.view(), function.region.view(),
                     function.name.view(), function.version);
}

std::string_view account_of(std::string_view line) { return line.substr(0, line.find(' ')); }

std::optional<RecentStarts::Start> parse(std::string_view line) {
  std::array<std::string_view, 4> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t end = line.find(' ');
    words.at(i) = line.substr(0, end);
    const bool last = i + 1 == words.size();
    if (words.at(i).empty() || last != (end == std::string_view::npos)) return std::nullopt;
    if (!last) line.remove_prefix(end + 1);
  }
  return RecentStarts::Start{AccountId(words[0]), Region(words[1]), FunctionName(words[2]),
                             std::string(words[3])};
}

}  // namespace

std::vector<RecentStarts::Start> RecentStarts::load() {
  const std::lock_guard lock(mutex_);
  std::vector<Start> starts;
  const Result<std::string> text = os::read_file(path_, kRecentStartsBytesMax);
  if (!text || !text->starts_with(kHead)) return starts;
  std::string_view rest = std::string_view(*text).substr(kHead.size());
  while (const std::size_t end = rest.find('\n') + 1) {
    const std::string_view line = rest.substr(0, end - 1);
    if (std::optional<Start> start = parse(line)) {
      starts.push_back(*std::move(start));
      lines_.emplace_back(line);
    }
    rest.remove_prefix(end);
  }
  std::ranges::reverse(starts);
  if (starts.size() > kRecentStartsMax) {
    lines_.erase(lines_.begin(), lines_.end() - kRecentStartsMax);
    starts.resize(kRecentStartsMax);
  }
  return starts;
}

bool RecentStarts::note(const FunctionVersion& function) {
  std::string line = line_of(function);
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(lines_, line);
  if (known != lines_.end()) {
    std::rotate(known, known + 1, lines_.end());
    return false;
  }
  lines_.push_back(std::move(line));
  if (lines_.size() > kRecentStartsMax) forget_one();
  if (due_) return false;
  due_ = clock_.mono() + kRecentStartsSettle;
  if (written_) due_ = std::max(*due_, *written_ + kRecentStartsEvery);
  return true;
}

// With mutex_ held.
void RecentStarts::forget_one() {
  std::unordered_map<std::string_view, std::size_t> count;
  for (const std::string& line : lines_) ++count[account_of(line)];
  std::size_t most = 0;
  for (const auto& [account, lines] : count) most = std::max(most, lines);
  lines_.erase(std::ranges::find_if(
      lines_, [&](const std::string& line) { return count[account_of(line)] == most; }));
}

Status RecentStarts::write() {
  std::string text(kHead);
  {
    const std::lock_guard lock(mutex_);
    if (!due_) return {};
    due_.reset();
    written_ = clock_.mono();
    for (const std::string& line : lines_) text.append(line) += '\n';
  }
  return os::write_atomically(path_, text, 0600);
}

Result<std::optional<MonoTime>> RecentStarts::next_due() {
  const std::lock_guard lock(mutex_);
  return due_;
}

}  // namespace lapwing::runtime
