#include "text/xml_writer.hpp"

#include <algorithm>
#include <cstddef>

#include "text/utf8.hpp"

namespace lapwing::text {
namespace {

// What XML 1.0 has no way to carry: control characters but tab, line feed and carriage
// return, and the two noncharacters at the end of the basic plane.
bool is_forbidden(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) {
    return first < 0x20 && first != '\t' && first != '\n' && first != '\r';
  }
  return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
}

// Stands for itself everywhere, as nearly all that is written does.
bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"';
}

void append_escaped(std::string& out, std::string_view value, bool attribute) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  while (true) {
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(value, is_plain) - value.begin());
    out += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) return;
    const std::size_t length = utf8_sequence_length(value);
    if (length == 0) {
      out += kReplacement;
      value.remove_prefix(1);
      continue;
    }
    const std::string_view sequence = value.substr(0, length);
    value.remove_prefix(length);
    const char c = sequence.front();
    if (is_forbidden(sequence)) {
      out += kReplacement;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '\r') {
      out += "&#xD;";  // a parser would turn a bare one into a line feed
    } else if (attribute && c == '"') {
      out += "&quot;";
    } else if (attribute && c == '\n') {
      out += "&#xA;";
    } else if (attribute && c == '\t') {
      out += "&#x9;";
    } else {
      out += sequence;
    }
  }
}

}  // namespace

void XmlWriter::declaration() { *out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"; }

void XmlWriter::close_start_tag() {
  if (in_start_tag_) *out_ += '>';
  in_start_tag_ = false;
}

void XmlWriter::begin(std::string_view name) {
  close_start_tag();
  *out_ += '<';
  *out_ += name;
  open_.emplace_back(name);
  in_start_tag_ = true;
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
  *out_ += ' ';
  *out_ += name;
  *out_ += "=\"";
  append_escaped(*out_, value, true);
  *out_ += '"';
}

void XmlWriter::text(std::string_view value) {
  if (value.empty()) return;
  close_start_tag();
  append_escaped(*out_, value, false);
}

void XmlWriter::end() {
  if (in_start_tag_) {
    *out_ += "/>";
    in_start_tag_ = false;
  } else {
    *out_ += "</";
    *out_ += open_.back();
    *out_ += '>';
  }
  open_.pop_back();
}

}  // namespace lapwing::text
