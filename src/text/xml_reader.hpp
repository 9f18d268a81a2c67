// A small XML reader: what AWS's rest-xml bodies need, no more. Elements, attributes, text,
// CDATA, comments, the five named entities and character references. A document type
// declaration is refused (no external or recursive entities); processing instructions are
// skipped; prefixes are kept as part of the name and local_name() drops them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::text {

struct XmlAttribute {
  std::string name;
  std::string value;
};

struct XmlElement {
  std::string name;
  std::vector<XmlAttribute> attributes;
  std::vector<XmlElement> children;
  std::string text;  // all character data of this element, joined

  std::string_view local_name() const;
  const XmlElement* find(std::string_view local) const;  // first child of that local name
  const std::string* attribute(std::string_view attribute_name) const;
};

// The root element. kInvalid names line and column; kTooLarge beyond kXmlMaxBytes or
// kXmlMaxDepth.
Result<XmlElement> parse_xml(std::string_view text);

}  // namespace lapwing::text
