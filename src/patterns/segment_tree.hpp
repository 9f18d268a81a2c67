// Ranges of keys, and which of them hold a key: a walk from a leaf to the root, whose nodes list
// the ranges that cover all of them. Internal to this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lapwing::patterns {

// `Key` is ordered. Bounds are included on both sides.
template <class Key>
class SegmentTree {
 public:
  bool empty() const { return points_.empty(); }
  // A range that ends before it begins holds nothing.
  void add(const Key& first, const Key& last, std::uint32_t number) {
    if (!(last < first)) ranges_.push_back({first, last, number});
  }
  void finish() {
    if (ranges_.empty()) return;
    for (const Range& range : ranges_) {
      points_.push_back(range.first);
      points_.push_back(range.last);
    }
    std::sort(points_.begin(), points_.end());
    points_.erase(std::unique(points_.begin(), points_.end()), points_.end());
    // Leaves: a point, what lies behind it up to the next, the next point, ...
    leaves_ = points_.size() * 2;
    std::vector<std::vector<std::uint32_t>> lists(leaves_ * 2);
    for (const Range& range : ranges_) {
      std::size_t from = leaf_of_point(range.first) + leaves_;
      std::size_t to = leaf_of_point(range.last) + 1 + leaves_;
      for (; from < to; from /= 2, to /= 2) {
        if (from % 2 != 0) lists[from++].push_back(range.number);
        if (to % 2 != 0) lists[--to].push_back(range.number);
      }
    }
    begins_.reserve(lists.size() + 1);
    for (const auto& list : lists) {
      begins_.push_back(static_cast<std::uint32_t>(numbers_.size()));
      numbers_.insert(numbers_.end(), list.begin(), list.end());
    }
    begins_.push_back(static_cast<std::uint32_t>(numbers_.size()));
    ranges_ = {};
  }

  template <class Visit>
  void find(const Key& key, Visit&& visit) const {
    const auto behind = std::upper_bound(points_.begin(), points_.end(), key);
    if (behind == points_.begin()) return;  // before all ranges
    const std::size_t point = static_cast<std::size_t>(behind - points_.begin()) - 1;
    const std::size_t leaf = point * 2 + (points_[point] == key ? 0 : 1);
    for (std::size_t at = leaf + leaves_; at != 0; at /= 2) {
      for (std::uint32_t i = begins_[at]; i != begins_[at + 1]; ++i) visit(numbers_[i]);
    }
  }

 private:
  struct Range {
    Key first;
    Key last;
    std::uint32_t number;
  };
  std::size_t leaf_of_point(const Key& key) const {
    return 2 * static_cast<std::size_t>(std::lower_bound(points_.begin(), points_.end(), key) -
                                        points_.begin());
  }

  std::vector<Range> ranges_;
  std::vector<Key> points_;
  std::size_t leaves_ = 0;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> numbers_;
};

}  // namespace lapwing::patterns
