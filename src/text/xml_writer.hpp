// Streaming XML writer: appends to a string. Names are the caller's and not checked; text
// and attribute values are escaped, characters that XML 1.0 cannot carry become U+FFFD.
//
//   text::XmlWriter xml(out);
//   xml.declaration();
//   xml.begin("GetCallerIdentityResponse");
//   xml.attribute("xmlns", "https://sts.amazonaws.com/doc/2011-06-15/");
//   xml.element("Account", account);
//   xml.end();
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lapwing::text {

class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(&out) {}

  void declaration();  // <?xml version="1.0" encoding="UTF-8"?>
  void begin(std::string_view name);
  // Only straight after begin().
  void attribute(std::string_view name, std::string_view value);
  void text(std::string_view value);
  void end();  // an element without content is written <Name/>
  void element(std::string_view name, std::string_view value) {
    begin(name);
    text(value);
    end();
  }

 private:
  void close_start_tag();

  std::string* out_;
  std::vector<std::string> open_;
  bool in_start_tag_ = false;
};

}  // namespace lapwing::text
