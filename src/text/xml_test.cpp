#include <string>

#include <gtest/gtest.h>

#include "text/limits.hpp"
#include "text/xml_reader.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::text {
namespace {

TEST(XmlReader, ElementsAttributesAndText) {
  const auto root = parse_xml(
      "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- c --><a xmlns='urn:x' k=\"1 &amp; 2\">\r\n"
      "<n:b>&lt;&#65;&#x20AC;<![CDATA[<&]]></n:b ><b/>t<!-- x -->u</a>\n");
  ASSERT_TRUE(root) << root.error().message();
  EXPECT_EQ(root->name, "a");
  EXPECT_EQ(*root->attribute("k"), "1 & 2");
  EXPECT_EQ(root->attribute("none"), nullptr);
  EXPECT_EQ(root->text, "\ntu");
  ASSERT_EQ(root->children.size(), 2u);
  EXPECT_EQ(root->children[0].local_name(), "b");
  EXPECT_EQ(root->find("b")->text, "<A\u20AC<&");
  EXPECT_EQ(root->find("c"), nullptr);
}

TEST(XmlReader, RefusesWhatIsNotWellFormed) {
  for (const char* bad : {"",
                          "text",
                          "<a>",
                          "<a></b>",
                          "<a",
                          "<a b>",
                          "<a b=1/>",
                          "<a b='1' b='2'/>",
                          "<a/><b/>",
                          "<a>&nope;</a>",
                          "<a>&#0;</a>",
                          "<a>&#xD800;</a>",
                          "<a>&amp</a>",
                          "<a>\x01</a>",
                          "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
                          "<a><!-- </a>",
                          "<a><![CDATA[ </a>",
                          "<1/>",
                          "<a b='<'/>",
                          "<a>\xff</a>",
                          "</a>",
                          "<a b='1'c='2'/>"}) {
    EXPECT_FALSE(parse_xml(bad)) << bad;
  }
  EXPECT_EQ(parse_xml("<a>\n <b></a>").error().message(),
            "Malformed XML: '</a>' closes '<b>' at line 2, column 5");
}

TEST(XmlReader, LimitsOfDepth) {
  std::string open;
  std::string close;
  for (std::size_t i = 0; i < kXmlMaxDepth; ++i) {
    open += "<a>";
    close += "</a>";
  }
  EXPECT_TRUE(parse_xml(open + close));
  EXPECT_EQ(parse_xml(open + "<a></a>" + close).error().kind(), ErrorKind::kTooLarge);
  EXPECT_EQ(parse_xml(std::string(kXmlMaxBytes + 1, ' ')).error().kind(), ErrorKind::kTooLarge);
}

TEST(XmlWriter, TheReaderReadsWhatItWrites) {
  const std::string text = "a<b>&\"'\u20AC\r\n\tz";
  std::string out;
  XmlWriter xml(out);
  xml.declaration();
  xml.begin("Root");
  xml.attribute("xmlns", "urn:x");
  xml.attribute("odd", "<&\"'>");
  xml.element("Text", text);
  xml.begin("Empty");
  xml.end();
  xml.element("Control", std::string_view("\x01", 1));
  xml.end();
  const auto root = parse_xml(out);
  ASSERT_TRUE(root) << root.error().message() << out;
  EXPECT_EQ(*root->attribute("odd"), "<&\"'>");
  EXPECT_EQ(root->find("Text")->text, text);
  EXPECT_EQ(root->find("Empty")->text, "");
  EXPECT_EQ(root->find("Control")->text, "\uFFFD");
  EXPECT_TRUE(out.contains("<Empty/>")) << out;
}

}  // namespace
}  // namespace lapwing::text
