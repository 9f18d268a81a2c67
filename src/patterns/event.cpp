#include "patterns/event.hpp"

#include <charconv>
#include <cstddef>
#include <system_error>

#include "patterns/limits.hpp"
#include "patterns/number.hpp"
#include "text/json_scan.hpp"
#include "text/json_unescape.hpp"

namespace lapwing::patterns {

// Keeps what stands at used paths; below a key that no pattern names it only counts brackets.
class EventSink {
 public:
  explicit EventSink(Event& event) : event_(event) {}

  void key(std::string_view raw, bool escaped) {
    if (skipped_ != 0) return;
    Event::Frame& top = event_.frames_.back();
    top.node = event_.paths_->descend(top.base, escaped ? event_.decoded(raw) : raw);
  }
  void string(std::string_view raw, bool escaped) {
    if (!wanted()) return;
    add(ValueKind::kString, escaped ? event_.decoded(raw) : raw);
  }
  void number(std::string_view raw, bool /*is_integer*/) {
    if (wanted()) add(ValueKind::kNumber, raw);
  }
  void boolean(bool value) {
    if (wanted()) add(value ? ValueKind::kTrue : ValueKind::kFalse, {});
  }
  void null() {
    if (wanted()) add(ValueKind::kNull, {});
  }

  void begin(bool is_array) {
    if (skipped_ != 0) {
      ++skipped_;
      return;
    }
    auto& frames = event_.frames_;
    if (frames.empty()) {
      is_object_ = !is_array;
      if (is_array) {
        skipped_ = 1;
      } else {
        frames.push_back({kNoPath, kRootPath, 0, 0, 0, false});
      }
      return;
    }
    Event::Frame& top = frames.back();
    const std::uint32_t index = top.index++;
    if (top.node == kNoPath) {
      skipped_ = 1;
      return;
    }
    Membership membership = top.membership;
    if (top.is_array) {
      const std::uint32_t depth = event_.links_[membership].depth + 1;
      event_.links_.push_back({membership, top.array, index, depth});
      membership = static_cast<Membership>(event_.links_.size() - 1);
    }
    const PathId node = top.node;
    const std::uint32_t array = is_array ? event_.arrays_++ : 0;
    frames.push_back({is_array ? node : kNoPath, node, membership, array, 0, is_array});
  }
  void end(bool /*is_array*/) {
    if (skipped_ != 0) {
      --skipped_;
    } else {
      event_.frames_.pop_back();
    }
  }

  bool is_object() const { return is_object_; }

 private:
  bool wanted() {
    if (skipped_ != 0 || event_.frames_.empty()) return false;
    Event::Frame& top = event_.frames_.back();
    ++top.index;
    return top.node != kNoPath && (*event_.used_)[top.node];
  }
  void add(ValueKind kind, std::string_view text) {
    const Event::Frame& top = event_.frames_.back();
    event_.add(top.node, kind, text, top.membership);
  }

  Event& event_;
  std::size_t skipped_ = 0;
  bool is_object_ = false;
};

namespace {

// The scalars of one array.
class ItemSink {
 public:
  struct Item {
    ValueKind kind;
    std::string_view raw;
    bool escaped;
  };

  void key(std::string_view /*raw*/, bool /*escaped*/) {}
  void string(std::string_view raw, bool escaped) { add({ValueKind::kString, raw, escaped}); }
  void number(std::string_view raw, bool /*is_integer*/) { add({ValueKind::kNumber, raw, false}); }
  void boolean(bool value) { add({value ? ValueKind::kTrue : ValueKind::kFalse, {}, false}); }
  void null() { add({ValueKind::kNull, {}, false}); }
  void begin(bool is_array) { depth_ += is_array || depth_ != 0 ? 1 : 2; }
  void end(bool /*is_array*/) { --depth_; }

  const std::vector<Item>& items() const { return items_; }

 private:
  void add(const Item& item) {
    if (depth_ == 1) items_.push_back(item);
  }

  std::vector<Item> items_;
  std::size_t depth_ = 0;
};

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return end == text.data() + text.size() && error != std::errc::invalid_argument &&
         text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

}  // namespace

void Event::start(const Paths& paths, const std::vector<bool>& used, std::size_t text_size) {
  paths_ = &paths;
  used_ = &used;
  for (const PathId path : touched_) heads_[path] = kEnd;
  touched_.clear();
  if (heads_.size() < paths.size()) {
    heads_.resize(paths.size(), kEnd);
    tails_.resize(paths.size(), kEnd);
  }
  fields_.clear();
  links_.assign(1, Link{});
  frames_.clear();
  decoded_.clear();
  decoded_.reserve(text_size);
  arrays_ = 0;
  in_arrays_ = false;
}

std::string_view Event::decoded(std::string_view raw) {
  const std::size_t begin = decoded_.size();
  decoded_.resize(begin + raw.size());
  const char* const end = text::json_unescape(raw, decoded_.data() + begin);
  decoded_.resize(static_cast<std::size_t>(end - decoded_.data()));
  return std::string_view(decoded_).substr(begin);
}

void Event::add(PathId path, ValueKind kind, std::string_view text, Membership membership) {
  const auto index = static_cast<std::uint32_t>(fields_.size());
  Field& field = fields_.emplace_back();
  field.text = text;
  field.kind = kind;
  if (kind == ValueKind::kNumber) field.number = number_key(text);
  field.path = path;
  field.membership = membership;
  if (membership != 0) in_arrays_ = true;
  if (heads_[path] == kEnd) {
    heads_[path] = index;
    touched_.push_back(path);
  } else {
    fields_[tails_[path]].next = index;
  }
  tails_[path] = index;
}

std::expected<bool, text::JsonError> Event::read(std::string_view json, const Paths& paths,
                                                 const std::vector<bool>& used) {
  start(paths, used, json.size());
  EventSink sink(*this);
  text::JsonScanner<EventSink> scanner(json, kEventMaxDepth, sink);
  if (!scanner.run()) return std::unexpected(scanner.take_error());
  return sink.is_object();
}

void Event::read(std::span<const Attribute> attributes, const Paths& paths,
                 const std::vector<bool>& used) {
  std::size_t size = 0;
  for (const Attribute& attribute : attributes) size += attribute.value.size();
  start(paths, used, size);
  for (const Attribute& attribute : attributes) {
    const PathId path = paths.descend(kRootPath, attribute.name);
    if (path == kNoPath || !used[path]) continue;
    switch (attribute.kind) {
      case Attribute::Kind::kString:
        add(path, ValueKind::kString, attribute.value, 0);
        break;
      case Attribute::Kind::kNumber:
        if (is_number(attribute.value)) add(path, ValueKind::kNumber, attribute.value, 0);
        break;
      case Attribute::Kind::kStringArray:
        read_items(path, attribute.value);
        break;
      case Attribute::Kind::kBinary:
        break;
    }
  }
}

void Event::read_items(PathId path, std::string_view json) {
  ItemSink sink;
  text::JsonScanner<ItemSink> scanner(json, kEventMaxDepth, sink);
  if (!scanner.run()) return;
  for (const ItemSink::Item& item : sink.items()) {
    add(path, item.kind, item.escaped ? decoded(item.raw) : item.raw, 0);
  }
}

bool Event::consistent(Membership a, Membership b) const {
  while (links_[a].depth > links_[b].depth) a = links_[a].outer;
  while (links_[b].depth > links_[a].depth) b = links_[b].outer;
  while (a != b) {
    if (links_[a].array == links_[b].array) return false;
    a = links_[a].outer;
    b = links_[b].outer;
  }
  return true;
}

}  // namespace lapwing::patterns
