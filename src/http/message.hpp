// What HTTP messages are to everyone above: headers, request, response. Bodies are bytes in
// a std::string that is moved along, never parsed here.
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lapwing::http {

// Fields in the order received or added, names in their original spelling, compared without
// case. All text lies in one block, so a head costs two allocations at most, and none when
// the object is reused. Views returned are valid until the object is changed or moved.
//
// Values are trusted to hold no CR, LF or NUL when they come from the parser; what others
// add is cleaned when written (such bytes become spaces): see h1_codec.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  Headers() = default;
  Headers(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }

  void add(std::string_view name, std::string_view value);
  // Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  bool remove(std::string_view name);
  void clear();

  std::optional<std::string_view> get(std::string_view name) const;  // the first
  std::string_view get_or(std::string_view name, std::string_view otherwise = {}) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  std::vector<std::string_view> all(std::string_view name) const;
  // Whether some comma-separated element of the fields of that name is `token`.
  bool has_token(std::string_view name, std::string_view token) const;

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::size_t bytes() const { return block_.size(); }  // of text
  Field operator[](std::size_t index) const;

  class Iterator {
   public:
    Iterator(const Headers* headers, std::size_t index) : headers_(headers), index_(index) {}
    Field operator*() const { return (*headers_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  // For the parser: takes a copy of the whole head, then fields by position in it.
  void assign_block(std::string_view block);
  void add_entry(std::uint32_t name_at, std::uint32_t name_size, std::uint32_t value_at,
                 std::uint32_t value_size);

 private:
  struct Entry {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_at;
    std::uint32_t value_size;
  };
  std::string block_;
  std::vector<Entry> entries_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

enum class Method { kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions };
std::string_view to_string(Method method);
std::optional<Method> parse_method(std::string_view text);  // case matters

struct Request {
  Method method = Method::kGet;
  // As on the request line, undecoded: "/2015-03-31/functions?x=%2F". An absolute-form
  // target is reduced to its path and query, and Host is replaced by its authority.
  std::string target = "/";
  Headers headers;
  bool http_1_0 = false;

  std::string_view path() const;   // up to '?'
  std::string_view query() const;  // after '?', without it
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;

  Response() = default;
  explicit Response(int code) : status(code) {}
  Response(int code, std::string_view content_type, std::string text)
      : status(code), body(std::move(text)) {
    headers.add("Content-Type", content_type);
  }
};

// "Not Found"; "Unknown" for a status without a name.
std::string_view reason_phrase(int status);

}  // namespace lapwing::http
