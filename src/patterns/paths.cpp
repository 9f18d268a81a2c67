#include "patterns/paths.hpp"

#include "patterns/hash.hpp"

namespace lapwing::patterns {

Paths::Paths() : slots_(16) {}

std::uint64_t Paths::hash_of(PathId from, std::string_view step) {
  return hash_text(step, (from + 1) * 0xff51afd7ed558ccdu);
}

PathId Paths::child(PathId from, std::string_view step) const {
  const std::uint64_t hash = hash_of(from, step);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.to == kNoPath) return kNoPath;
    if (slot.hash == hash && slot.from == from &&
        std::string_view(text_).substr(slot.begin, slot.size) == step) {
      return slot.to;
    }
  }
}

PathId Paths::make(PathId from, std::string_view step) {
  if (const PathId known = child(from, step); known != kNoPath) return known;
  if (size_ * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_of(from, step);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].to != kNoPath) at = (at + 1) & mask;
  slots_[at] = {from, size_, static_cast<std::uint32_t>(text_.size()),
                static_cast<std::uint32_t>(step.size()), hash};
  text_ += step;
  return size_++;
}

void Paths::grow() {
  std::vector<Slot> wider(slots_.size() * 2);
  const std::size_t mask = wider.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.to == kNoPath) continue;
    std::size_t at = slot.hash & mask;
    while (wider[at].to != kNoPath) at = (at + 1) & mask;
    wider[at] = slot;
  }
  slots_ = std::move(wider);
}

PathId Paths::intern(std::string_view path) {
  PathId at = kRootPath;
  while (true) {
    const std::size_t dot = path.find('.');
    at = make(at, path.substr(0, dot));
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
}

PathId Paths::descend(PathId from, std::string_view key) const {
  while (true) {
    const std::size_t dot = key.find('.');
    from = child(from, key.substr(0, dot));
    if (dot == std::string_view::npos || from == kNoPath) return from;
    key.remove_prefix(dot + 1);
  }
}

}  // namespace lapwing::patterns
