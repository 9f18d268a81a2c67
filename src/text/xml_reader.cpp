#include "text/xml_reader.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "text/limits.hpp"
#include "text/utf8.hpp"

namespace lapwing::text {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_name_char(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// What XML 1.0 allows as a character.
bool is_xml_char(std::uint32_t c) {
  return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<XmlElement> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    XmlElement root;
    if (skip_misc() && expect_root() && parse_tree(root) && skip_misc()) {
      if (at_ == text_.size()) return root;
      set("content after the root element");
    }
    return fail(std::move(*error_));
  }

 private:
  bool set(std::string_view what, ErrorKind kind = ErrorKind::kInvalid) {
    if (error_) return false;
    std::size_t line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < at_; ++i) {
      if (text_[i] != '\n') continue;
      ++line;
      line_start = i + 1;
    }
    error_.emplace(kind, "MalformedXML",
                   "Malformed XML: " + std::string(what) + " at line " + std::to_string(line) +
                       ", column " + std::to_string(at_ - line_start + 1));
    return false;
  }

  bool more() const { return at_ < text_.size(); }
  bool looking_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void skip_space() {
    while (more() && is_space(text_[at_])) ++at_;
  }
  // Past the end of something that began with `opening`.
  bool skip_to(std::string_view opening, std::string_view closing, std::string_view what) {
    const std::size_t end = text_.find(closing, at_ + opening.size());
    if (end == std::string_view::npos) return set(what);
    at_ = end + closing.size();
    return true;
  }

  // White space, comments and processing instructions outside the root.
  bool skip_misc() {
    for (;;) {
      skip_space();
      if (looking_at("<!--")) {
        if (!skip_to("<!--", "-->", "unfinished comment")) return false;
      } else if (looking_at("<?")) {
        if (!skip_to("<?", "?>", "unfinished processing instruction")) return false;
      } else if (looking_at("<!DOCTYPE")) {
        return set("a document type declaration is not allowed");
      } else {
        return true;
      }
    }
  }

  bool expect_root() {
    const bool begins = looking_at("<") && at_ + 1 < text_.size() && is_name_start(text_[at_ + 1]);
    return begins || set("no root element");
  }

  bool name(std::string& out) {
    const std::size_t start = at_;
    if (!more() || !is_name_start(text_[at_])) return set("expected a name");
    while (more() && is_name_char(text_[at_])) ++at_;
    out = text_.substr(start, at_ - start);
    return true;
  }

  // The start tag at '<'. `empty`: it was <Name/>.
  bool start_tag(XmlElement& element, bool& empty) {
    ++at_;
    if (!name(element.name)) return false;
    for (;;) {
      const std::size_t before = at_;
      skip_space();
      if (looking_at("/>")) {
        at_ += 2;
        empty = true;
        return true;
      }
      if (looking_at(">")) {
        ++at_;
        empty = false;
        return true;
      }
      if (before == at_) return set("expected white space, '>' or '/>'");
      if (!attribute(element)) return false;
    }
  }

  bool attribute(XmlElement& element) {
    XmlAttribute made;
    if (!name(made.name)) return false;
    if (element.attribute(made.name) != nullptr) return set("repeated attribute");
    skip_space();
    if (!looking_at("=")) return set("expected '='");
    ++at_;
    skip_space();
    const char quote = more() ? text_[at_] : '\0';
    if (quote != '"' && quote != '\'') return set("expected a quoted value");
    ++at_;
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) return set("unfinished attribute value");
    if (!characters(end, made.value)) return false;
    ++at_;
    element.attributes.push_back(std::move(made));
    return true;
  }

  // Text up to `end` with references resolved and line ends made '\n'.
  bool characters(std::size_t end, std::string& out) {
    while (at_ < end) {
      const char c = text_[at_];
      if (c == '&') {
        if (!reference(end, out)) return false;
      } else if (c == '<') {
        return set("'<' is not allowed here");
      } else if (c == '\r') {
        out += '\n';
        at_ += at_ + 1 < end && text_[at_ + 1] == '\n' ? 2 : 1;
      } else if (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) {
        return set("control character");
      } else {
        out += c;
        ++at_;
      }
    }
    return true;
  }

  bool reference(std::size_t end, std::string& out) {
    const std::size_t semicolon = text_.substr(0, end).find(';', at_);
    if (semicolon == std::string_view::npos) return set("unfinished reference");
    const std::string_view what = text_.substr(at_ + 1, semicolon - at_ - 1);
    constexpr std::pair<std::string_view, char> kNamed[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [entity, c] : kNamed) {
      if (what != entity) continue;
      out += c;
      at_ = semicolon + 1;
      return true;
    }
    if (!what.starts_with('#')) return set("unknown entity");
    const bool hex = what.starts_with("#x");
    const std::string_view digits = what.substr(hex ? 2 : 1);
    std::uint32_t value = 0;
    const char* last = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), last, value, hex ? 16 : 10);
    if (error != std::errc() || stopped != last || !is_xml_char(value)) {
      return set("invalid character reference");
    }
    append_utf8(out, value);
    at_ = semicolon + 1;
    return true;
  }

  // Iterative, so that nesting cannot exhaust the stack. An element moves into its parent
  // when it closes.
  bool parse_tree(XmlElement& root) {
    std::vector<XmlElement> open;
    for (;;) {
      if (looking_at("</")) {
        if (!end_tag(open.back())) return false;
        if (close(open, root)) return true;
      } else if (looking_at("<!--")) {
        if (!skip_to("<!--", "-->", "unfinished comment")) return false;
      } else if (looking_at("<![CDATA[")) {
        if (!cdata(open.back())) return false;
      } else if (looking_at("<?")) {
        if (!skip_to("<?", "?>", "unfinished processing instruction")) return false;
      } else if (looking_at("<")) {
        if (open.size() == kXmlMaxDepth) return set("too deeply nested", ErrorKind::kTooLarge);
        bool empty = false;
        open.emplace_back();
        if (!start_tag(open.back(), empty)) return false;
        if (empty && close(open, root)) return true;
      } else {
        const std::size_t end = text_.find('<', at_);
        if (end == std::string_view::npos) return set("unfinished element");
        if (!characters(end, open.back().text)) return false;
      }
    }
  }

  // True when the root is complete.
  static bool close(std::vector<XmlElement>& open, XmlElement& root) {
    XmlElement done = std::move(open.back());
    open.pop_back();
    if (open.empty()) {
      root = std::move(done);
      return true;
    }
    open.back().children.push_back(std::move(done));
    return false;
  }

  bool end_tag(const XmlElement& element) {
    const std::size_t start = at_;
    at_ += 2;
    std::string closed;
    if (!name(closed)) return false;
    skip_space();
    if (!looking_at(">")) return set("expected '>'");
    if (closed != element.name) {
      at_ = start;
      return set("'</" + closed + ">' closes '<" + element.name + ">'");
    }
    ++at_;
    return true;
  }

  bool cdata(XmlElement& element) {
    const std::size_t start = at_ + 9;
    if (!skip_to("<![CDATA[", "]]>", "unfinished CDATA section")) return false;
    element.text += text_.substr(start, at_ - 3 - start);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

}  // namespace

std::string_view XmlElement::local_name() const {
  return std::string_view(name).substr(name.rfind(':') + 1);
}

const XmlElement* XmlElement::find(std::string_view local) const {
  for (const XmlElement& child : children) {
    if (child.local_name() == local) return &child;
  }
  return nullptr;
}

const std::string* XmlElement::attribute(std::string_view attribute_name) const {
  for (const XmlAttribute& one : attributes) {
    if (one.name == attribute_name) return &one.value;
  }
  return nullptr;
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > kXmlMaxBytes) {
    return fail(make_error(ErrorKind::kTooLarge, "XML document of " + std::to_string(text.size()) +
                                                     " bytes is larger than " +
                                                     std::to_string(kXmlMaxBytes)));
  }
  if (!is_valid_utf8(text)) {
    return fail(Error(ErrorKind::kInvalid, "MalformedXML", "Malformed XML: not UTF-8"));
  }
  return Parser(text).run();
}

}  // namespace lapwing::text
