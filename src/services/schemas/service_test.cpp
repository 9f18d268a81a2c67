// Registries, schemas and their versions: making, reading, changing, deleting them.
#include "services/schemas/service.hpp"

#include <string>
#include <string_view>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/bad_input.hpp"
#include "hosting/testing/host.hpp"

namespace lapwing::schemas {
namespace {

using hosting::testing::Answer;
using hosting::testing::in_quotes;

std::string open_api(std::string_view title, std::string_view more = "") {
  return fmt::format(
      R"({{"openapi":"3.0.0","info":{{"version":"1.0.0","title":"{}"}},"paths":{{}}{}}})", title,
      more);
}

class Registers : public hosting::testing::Host<Service> {
 public:
  ~Registers() override { end_service(); }

  Answer registry(std::string_view name, std::string_view more = "") {
    return call("CreateRegistry", fmt::format(R"({{"RegistryName":"{}"{}}})", name, more));
  }
  // `more`: R"(,"Limit":1)".
  Answer on(std::string_view operation, std::string_view schema, std::string_view more = "") {
    return call(operation,
                fmt::format(R"({{"RegistryName":"r","SchemaName":"{}"{}}})", schema, more));
  }
  Answer create(std::string_view schema, std::string_view content, std::string_view more = "",
                std::string_view type = "OpenApi3") {
    return on("CreateSchema", schema,
              fmt::format(R"(,"Type":"{}","Content":{}{})", type, in_quotes(content), more));
  }
  Answer update(std::string_view schema, std::string_view content, std::string_view more = "") {
    return on("UpdateSchema", schema, fmt::format(R"(,"Content":{}{})", in_quotes(content), more));
  }
  // "1 2 3"
  std::string versions(std::string_view schema) {
    const Answer list = on("ListSchemaVersions", schema);
    std::string out;
    for (std::size_t i = 0; i < list.size("SchemaVersions"); ++i) {
      out += (i == 0 ? "" : " ") + list.at(fmt::format("SchemaVersions.{}.SchemaVersion", i));
    }
    return out;
  }
  std::string names(const Answer& list, std::string_view of, std::string_view member) {
    std::string out;
    for (std::size_t i = 0; i < list.size(of); ++i) {
      out += (i == 0 ? "" : " ") + list.at(fmt::format("{}.{}.{}", of, i, member));
    }
    return out;
  }
};

TEST(SchemaRegistries, AreMadeShownChangedAndDeleted) {
  Registers h;
  const Answer made = h.registry("r", R"(,"Description":"d","Tags":{"k":"v"})");
  const std::string shown =
      R"({"Description":"d","RegistryArn":"arn:aws:schemas:us-east-1:000000000000:registry/r",)"
      R"("RegistryName":"r","Tags":{"k":"v"}})";
  EXPECT_EQ(made.text, shown);
  EXPECT_EQ(h.last_resource(), "arn:aws:schemas:us-east-1:000000000000:registry/r");
  EXPECT_EQ(h.registry("r").error, "ConflictException");
  h.restart();
  EXPECT_EQ(h.call("DescribeRegistry", R"({"RegistryName":"r"})").text, shown);
  EXPECT_EQ(h.call("UpdateRegistry", R"({"RegistryName":"r","Description":"e"})").at("Description"),
            "e");
  aws::Caller other = h.caller;
  other.region = Region("eu-west-1");
  EXPECT_EQ(h.call_as(other, "DescribeRegistry", R"({"RegistryName":"r"})").error,
            "NotFoundException");
  ASSERT_TRUE(h.create("s", open_api("a")).ok());
  EXPECT_EQ(h.call("DeleteRegistry", R"({"RegistryName":"r"})").error, "BadRequestException");
  ASSERT_TRUE(h.on("DeleteSchema", "s").ok());
  EXPECT_TRUE(h.call("DeleteRegistry", R"({"RegistryName":"r"})").ok());
  const Answer gone = h.call("DeleteRegistry", R"({"RegistryName":"r"})");
  EXPECT_EQ(gone.error, "NotFoundException");
  EXPECT_EQ(gone.text, "Registry with name r does not exist.");
}

TEST(SchemaRegistries, AreListedPageByPage) {
  Registers h;
  for (const char* const name : {"b", "a", "ab"}) ASSERT_TRUE(h.registry(name).ok());
  EXPECT_EQ(h.names(h.call("ListRegistries"), "Registries", "RegistryName"), "a ab b");
  EXPECT_EQ(h.names(h.call("ListRegistries", R"({"RegistryNamePrefix":"a"})"), "Registries",
                    "RegistryName"),
            "a ab");
  const Answer page = h.call("ListRegistries", R"({"Limit":2})");
  EXPECT_EQ(h.names(page, "Registries", "RegistryName"), "a ab");
  EXPECT_EQ(h.names(h.call("ListRegistries",
                           fmt::format(R"({{"NextToken":"{}"}})", page.at("NextToken"))),
                    "Registries", "RegistryName"),
            "b");
  EXPECT_EQ(h.call("ListRegistries", R"({"Scope":"AWS"})").size("Registries"), 0U);
  EXPECT_EQ(h.call("ListRegistries", R"({"Scope":"LOCAL"})").size("Registries"), 3U);
  for (const char* const bad :
       {R"({"Limit":0})", R"({"Limit":101})", R"({"NextToken":"x"})", R"({"Scope":"none"})"}) {
    EXPECT_EQ(h.call("ListRegistries", bad).error, "BadRequestException") << bad;
  }
}

TEST(SchemaRegistries, NamesAreChecked) {
  Registers h;
  for (const std::string& bad : {std::string("a b"), std::string("a/b"), std::string(65, 'a')}) {
    EXPECT_EQ(h.registry(bad).error, "BadRequestException") << bad;
  }
  EXPECT_EQ(h.registry("aws.mine").error, "ForbiddenException");
  ASSERT_TRUE(h.registry("r").ok());
  EXPECT_TRUE(h.create("com.example@Order_placed-1", open_api("a")).ok());
  EXPECT_EQ(h.create("a b", open_api("a")).error, "BadRequestException");
  EXPECT_EQ(h.create(std::string(386, 'a'), open_api("a")).error, "BadRequestException");
}

TEST(SchemaRegistries, HavePoliciesThatAreChangedByTheirRevision) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  const auto put = [&](std::string_view policy, std::string_view more = "") {
    return h.call("PutResourcePolicy",
                  fmt::format(R"({{"RegistryName":"r","Policy":{}{}}})", in_quotes(policy), more));
  };
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow",)"
      R"("Principal":{"AWS":"111111111111"},"Action":"schemas:*","Resource":"*"}]})";
  EXPECT_EQ(h.call("GetResourcePolicy", R"({"RegistryName":"r"})").error, "NotFoundException");
  EXPECT_EQ(put("{}").error, "BadRequestException");
  const Answer first = put(policy);
  EXPECT_EQ(first.at("Policy"), policy);
  EXPECT_EQ(h.call("GetResourcePolicy", R"({"RegistryName":"r"})").text, first.text);
  EXPECT_EQ(put(policy, R"(,"RevisionId":"other")").error, "PreconditionFailedException");
  EXPECT_TRUE(put(policy, fmt::format(R"(,"RevisionId":"{}")", first.at("RevisionId"))).ok());
  EXPECT_TRUE(h.call("DeleteResourcePolicy", R"({"RegistryName":"r"})").ok());
  EXPECT_EQ(h.call("DeleteResourcePolicy", R"({"RegistryName":"r"})").error, "NotFoundException");
  EXPECT_EQ(h.call("GetResourcePolicy").error, "BadRequestException");
}

TEST(Schemas, HaveVersions) {
  Registers h;
  EXPECT_EQ(h.create("s", open_api("a")).error, "NotFoundException");
  ASSERT_TRUE(h.registry("r").ok());
  const Answer made = h.create("s", open_api("a"), R"(,"Description":"d","Tags":{"k":"v"})");
  EXPECT_EQ(made.at("SchemaArn"), "arn:aws:schemas:us-east-1:000000000000:schema/r/s");
  EXPECT_EQ(made.at("SchemaVersion"), "1");
  EXPECT_EQ(h.create("s", open_api("a")).error, "ConflictException");
  const Answer same = h.update("s", open_api("a"));
  EXPECT_EQ(same.error, "ConflictException");
  EXPECT_NE(same.text.find("No change since the previous"), std::string::npos);
  EXPECT_EQ(h.update("s", open_api("b")).at("SchemaVersion"), "2");
  EXPECT_EQ(h.on("UpdateSchema", "s", R"(,"Description":"e")").at("SchemaVersion"), "2");
  h.restart();
  const Answer newest = h.on("DescribeSchema", "s");
  EXPECT_EQ(newest.at("Content"), open_api("b"));
  EXPECT_EQ(newest.at("Description"), "e");
  EXPECT_EQ(newest.at("Type"), "OpenApi3");
  EXPECT_EQ(newest.at("Tags.k"), "v");
  EXPECT_EQ(h.on("DescribeSchema", "s", R"(,"SchemaVersion":"1")").at("Content"), open_api("a"));
  for (const char* const none : {"3", "0", "x", "01", ""}) {
    EXPECT_EQ(h.on("DescribeSchema", "s", fmt::format(R"(,"SchemaVersion":"{}")", none)).error,
              "NotFoundException")
        << none;
  }
  EXPECT_EQ(h.on("ListSchemas", "").at("Schemas.0.VersionCount"), "2");
}

TEST(Schemas, VersionsAreDeletedAndNeverNumberedAgain) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  ASSERT_TRUE(h.create("s", open_api("1")).ok());
  EXPECT_EQ(h.on("DeleteSchemaVersion", "s", R"(,"SchemaVersion":"1")").error,
            "BadRequestException");
  for (const char* const content : {"2", "3"}) ASSERT_TRUE(h.update("s", open_api(content)).ok());
  EXPECT_EQ(h.versions("s"), "1 2 3");
  ASSERT_TRUE(h.on("DeleteSchemaVersion", "s", R"(,"SchemaVersion":"3")").ok());
  EXPECT_EQ(h.on("DescribeSchema", "s").at("Content"), open_api("2"));
  EXPECT_EQ(h.update("s", open_api("4")).at("SchemaVersion"), "4");
  ASSERT_TRUE(h.on("DeleteSchemaVersion", "s", R"(,"SchemaVersion":"1")").ok());
  EXPECT_EQ(h.versions("s"), "2 4");
  EXPECT_EQ(h.on("DeleteSchemaVersion", "s", R"(,"SchemaVersion":"1")").error, "NotFoundException");
  ASSERT_TRUE(h.on("DeleteSchema", "s").ok());
  EXPECT_EQ(h.on("ListSchemaVersions", "s").error, "NotFoundException");
  ASSERT_TRUE(h.create("s", open_api("1")).ok());
  EXPECT_EQ(h.versions("s"), "1");
}

TEST(Schemas, HaveAHundredVersionsAtMost) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  ASSERT_TRUE(h.create("s", open_api("0")).ok());
  for (int i = 1; i < 100; ++i) ASSERT_TRUE(h.update("s", open_api(std::to_string(i))).ok());
  EXPECT_EQ(h.update("s", open_api("100")).error, "BadRequestException");
  const Answer page = h.on("ListSchemaVersions", "s", R"(,"Limit":99)");
  EXPECT_EQ(page.size("SchemaVersions"), 99U);
  EXPECT_EQ(
      h.on("ListSchemaVersions", "s", fmt::format(R"(,"NextToken":"{}")", page.at("NextToken")))
          .at("SchemaVersions.0.SchemaVersion"),
      "100");
  ASSERT_TRUE(h.on("DeleteSchemaVersion", "s", R"(,"SchemaVersion":"1")").ok());
  EXPECT_EQ(h.update("s", open_api("100")).at("SchemaVersion"), "101");
  EXPECT_TRUE(h.on("DeleteSchema", "s").ok());
  EXPECT_EQ(h.on("DescribeSchema", "s").error, "NotFoundException");
}

TEST(Schemas, ATokenThatComesAgainChangesNothingMore) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  ASSERT_TRUE(h.create("s", open_api("a")).ok());
  const char* const token = R"(,"ClientTokenId":"t")";
  EXPECT_EQ(h.update("s", open_api("b"), token).at("SchemaVersion"), "2");
  EXPECT_EQ(h.update("s", open_api("b"), token).at("SchemaVersion"), "2");
  EXPECT_EQ(h.update("s", open_api("c"), token).error, "ConflictException");
  EXPECT_EQ(h.versions("s"), "1 2");
}

TEST(Schemas, ContentIsWhatItsTypeSays) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  struct Case {
    const char* type;
    std::string content;
    bool good;
  };
  int number = 0;
  for (const Case& each : {
           Case{"OpenApi3", open_api("a", R"(,"components":{"schemas":{"E":{"type":"object"}}})"),
                true},
           Case{"OpenApi3", "{", false},
           Case{"OpenApi3", "[]", false},
           Case{"OpenApi3", R"({"swagger":"2.0","info":{"title":"a","version":"1"},"paths":{}})",
                false},
           Case{"OpenApi3", R"({"openapi":"3.0.0","paths":{}})", false},
           Case{"OpenApi3", R"({"openapi":"3.0.0","info":{"title":"a","version":"1"}})", false},
           Case{"OpenApi3", open_api("a", R"(,"components":[])"), false},
           Case{"JSONSchemaDraft4", R"({"type":"object","properties":{"a":{}}})", true},
           Case{"JSONSchemaDraft4",
                R"({"$schema":"http://json-schema.org/draft-04/schema#","title":"t"})", true},
           Case{"JSONSchemaDraft4", R"({"$schema":"http://json-schema.org/draft-07/schema#"})",
                false},
           Case{"JSONSchemaDraft4", R"({"properties":[]})", false},
           Case{"JSONSchemaDraft4", R"({"required":"a"})", false},
           Case{"JSONSchemaDraft4", std::string(1000, '['), false},
       }) {
    const Answer answer = h.create(fmt::format("s{}", ++number), each.content, "", each.type);
    EXPECT_EQ(answer.error, each.good ? "" : "BadRequestException") << each.content << answer.text;
  }
  const std::string padding(100'000, ' ');
  EXPECT_FALSE(h.create("large", open_api("a") + padding).ok());
  EXPECT_TRUE(h.create("large", (open_api("a") + padding).substr(0, 100'000)).ok());
  EXPECT_EQ(h.on("UpdateSchema", "large", R"(,"Type":"JSONSchemaDraft4")").error,
            "BadRequestException");
}

TEST(Schemas, AreListedAndSearched) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  ASSERT_TRUE(h.create("orders", open_api("Placed")).ok());
  ASSERT_TRUE(h.update("orders", open_api("Shipped")).ok());
  ASSERT_TRUE(h.create("bills", open_api("Placed")).ok());
  EXPECT_EQ(h.names(h.on("ListSchemas", ""), "Schemas", "SchemaName"), "bills orders");
  EXPECT_EQ(h.names(h.on("ListSchemas", "", R"(,"SchemaNamePrefix":"o")"), "Schemas", "SchemaName"),
            "orders");
  const auto search = [&](std::string_view words, std::string_view more = "") {
    return h.on("SearchSchemas", "", fmt::format(R"(,"Keywords":"{}"{})", words, more));
  };
  const Answer placed = search("PLACED");
  EXPECT_EQ(h.names(placed, "Schemas", "SchemaName"), "bills orders");
  EXPECT_EQ(placed.size("Schemas.1.SchemaVersions"), 1U);
  EXPECT_EQ(placed.at("Schemas.1.SchemaVersions.0.SchemaVersion"), "1");
  EXPECT_EQ(h.names(search("order openapi"), "Schemas", "SchemaName"), "orders");
  EXPECT_EQ(search("nothing").size("Schemas"), 0U);
  const Answer page = search("placed", R"(,"Limit":1)");
  EXPECT_EQ(h.names(page, "Schemas", "SchemaName"), "bills");
  EXPECT_EQ(
      h.names(search("placed", fmt::format(R"(,"Limit":1,"NextToken":"{}")", page.at("NextToken"))),
              "Schemas", "SchemaName"),
      "orders");
  EXPECT_EQ(search(" ").error, "BadRequestException");
}

TEST(Schemas, ASearchEndsItsPageWhenItHasReadEnough) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  const auto large = [](std::string_view title) {
    return (open_api(title) + std::string(100'000, ' ')).substr(0, 100'000);
  };
  for (const char* const name : {"a", "b", "c"}) {
    ASSERT_TRUE(h.create(name, large("V0")).ok());
    for (int i = 1; i < 45; ++i) ASSERT_TRUE(h.update(name, large(fmt::format("V{}", i))).ok());
  }
  ASSERT_TRUE(h.create("d", open_api("needle")).ok());
  const auto search = [&](std::string_view words, std::string_view more = "") {
    return h.on("SearchSchemas", "", fmt::format(R"(,"Keywords":"{}"{})", words, more));
  };
  const Answer first = search("needle");
  EXPECT_EQ(first.size("Schemas"), 0U);
  ASSERT_NE(first.at("NextToken"), "");
  const Answer rest = search("needle", fmt::format(R"(,"NextToken":"{}")", first.at("NextToken")));
  EXPECT_EQ(h.names(rest, "Schemas", "SchemaName"), "d");
  const Answer all = search("openapi");
  EXPECT_EQ(h.names(all, "Schemas", "SchemaName"), "a b");
  EXPECT_EQ(all.size("Schemas.0.SchemaVersions"), 45U);
}

TEST(Schemas, AreNotExported) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  ASSERT_TRUE(h.create("s", open_api("a")).ok());
  EXPECT_EQ(h.on("ExportSchema", "s", R"(,"Type":"JSONSchemaDraft4")").error, "ForbiddenException");
  EXPECT_EQ(h.on("ExportSchema", "none", R"(,"Type":"JSONSchemaDraft4")").error,
            "NotFoundException");
}

TEST(Schemas, HaveTags) {
  Registers h;
  ASSERT_TRUE(h.registry("r").ok());
  ASSERT_TRUE(h.create("s", open_api("a")).ok());
  for (const char* const resource : {"registry/r", "schema/r/s"}) {
    const std::string arn =
        fmt::format(R"("ResourceArn":"arn:aws:schemas:us-east-1:000000000000:{}")", resource);
    ASSERT_TRUE(
        h.call("TagResource", fmt::format(R"({{{},"Tags":{{"a":"1","b":"2"}}}})", arn)).ok());
    ASSERT_TRUE(h.call("UntagResource", fmt::format(R"({{{},"TagKeys":["a","c"]}})", arn)).ok());
    EXPECT_EQ(h.call("ListTagsForResource", fmt::format("{{{}}}", arn)).text,
              R"({"Tags":{"b":"2"}})");
    EXPECT_EQ(h.call("TagResource", fmt::format(R"({{{},"Tags":{{"aws:a":"1"}}}})", arn)).error,
              "BadRequestException");
  }
  for (const char* const none : {"arn:aws:schemas:us-east-1:000000000000:registry/none",
                                 "arn:aws:schemas:us-east-1:000000000000:schema/r/none",
                                 "arn:aws:schemas:eu-west-1:000000000000:registry/r", "nothing"}) {
    EXPECT_EQ(h.call("ListTagsForResource", fmt::format(R"({{"ResourceArn":"{}"}})", none)).error,
              "NotFoundException")
        << none;
  }
}

TEST(DiscoveredSchemas, DescribeWhatAllEventsHave) {
  Registers h;
  const auto discover = [&](std::string_view events, std::string_view type = "OpenApi3") {
    return h.call("GetDiscoveredSchema",
                  fmt::format(R"({{"Type":"{}","Events":[{}]}})", type, events));
  };
  const std::string events =
      in_quotes(
          R"({"key":"a","count":1,"list":[{"x":true}],"at":"2024-01-01T00:00:00Z","none":null})") +
      "," + in_quotes(R"({"key":"b","count":1.5,"list":[],"more":[1]})");
  EXPECT_EQ(
      discover(events).at("Content"),
      R"({"openapi":"3.0.0","info":{"version":"1.0.0","title":"Event"},"paths":{},)"
      R"("components":{"schemas":{"Event":{"type":"object","required":["count","key","list"],)"
      R"("properties":{"at":{"type":"string","format":"date-time"},"count":{"type":"number"},)"
      R"("key":{"type":"string"},"list":{"type":"array","items":{"type":"object",)"
      R"("required":["x"],"properties":{"x":{"type":"boolean"}}}},)"
      R"("more":{"type":"array","items":{"type":"integer"}},"none":{}}}}}})");
  EXPECT_EQ(discover(in_quotes(R"({"a":[1,"b"]})"), "JSONSchemaDraft4").at("Content"),
            R"({"$schema":"http://json-schema.org/draft-04/schema#","title":"Event",)"
            R"("type":"object","required":["a"],)"
            R"("properties":{"a":{"type":"array","items":{}}}})");
  EXPECT_EQ(discover("\"x\"").error, "BadRequestException");
  EXPECT_EQ(discover("\"[]\"").error, "BadRequestException");
}

TEST(DiscoveredSchemas, KnowTheEnvelopeOfEvents) {
  Registers h;
  const std::string event =
      R"({"detail-type":"Order placed","source":"shop","detail":{"id":7},"resources":[]})";
  const Answer found =
      h.call("GetDiscoveredSchema",
             fmt::format(R"({{"Type":"OpenApi3","Events":[{}]}})", in_quotes(event)));
  EXPECT_EQ(
      found.at("Content"),
      R"({"openapi":"3.0.0","info":{"version":"1.0.0","title":"OrderPlaced"},"paths":{},)"
      R"("components":{"schemas":{"AWSEvent":{"x-amazon-events-detail-type":"Order placed",)"
      R"("x-amazon-events-source":"shop","type":"object",)"
      R"("required":["detail","detail-type","resources","source"],"properties":{)"
      R"("detail":{"$ref":"#/components/schemas/OrderPlaced"},"detail-type":{"type":"string"},)"
      R"("resources":{"type":"array","items":{}},"source":{"type":"string"}}},)"
      R"("OrderPlaced":{"type":"object","required":["id"],)"
      R"("properties":{"id":{"type":"integer"}}}}}})");
  ASSERT_TRUE(h.registry("r").ok());
  EXPECT_TRUE(h.create("s", found.at("Content")).ok());
}

TEST(Schemas, WhatIsNotBuiltIsRefusedByName) {
  Registers h;
  EXPECT_EQ(h.call("ListDiscoverers").error, "NotImplemented");
  EXPECT_EQ(h.on("PutCodeBinding", "s", R"(,"Language":"Python36")").error, "NotImplemented");
}

TEST(SchemasBadInput, IsRefusedAndChangesNothing) {
  Registers h;
  const hosting::testing::BadInput how{
      .good = {{"RegistryName", "\"r\""},
               {"SchemaName", "\"s\""},
               {"Type", "\"OpenApi3\""},
               {"Content", in_quotes(open_api("a"))},
               {"Policy", in_quotes(R"({"Statement":[]})")},
               {"ResourceArn", "\"arn:aws:schemas:us-east-1:000000000000:registry/r\""}}};
  EXPECT_EQ(hosting::testing::send_bad_input(h, how,
                                             [&] {
                                               (void)h.registry("r");
                                               (void)h.create("s", open_api("a"));
                                             }),
            "");
}

}  // namespace
}  // namespace lapwing::schemas
