// Runs data/routes.json over all real models: the ambiguous pairs of design/wire.md.
#include "aws/route.hpp"

#include <fstream>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "gen/models.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"

namespace lapwing::aws {
namespace {

std::string_view text_of(const text::JsonValue& json, std::string_view key,
                         std::string_view otherwise) {
  const text::JsonValue* found = json.find(key);
  return found == nullptr ? otherwise : found->as_string();
}

void expect_route(const text::JsonValue& item) {
  std::vector<HeaderView> headers;
  if (const text::JsonValue* given = item.find("headers")) {
    for (const text::JsonMember& header : given->members()) {
      headers.push_back({header.key, header.value.as_string()});
    }
  }
  const Request request{.method = text_of(item, "method", "POST"),
                        .raw_path = text_of(item, "path", "/"),
                        .raw_query = text_of(item, "query", ""),
                        .headers = headers,
                        .body = text_of(item, "body", "")};
  const auto route = Router(gen::all_models()).route(request, text_of(item, "scope", ""));
  const std::string_view service = text_of(item, "service", "");
  if (const text::JsonValue* error = item.find("error")) {
    ASSERT_FALSE(route) << "routed to " << route->service->name(*route->operation);
    EXPECT_EQ(route.error().error.code(), error->as_string());
    EXPECT_EQ(route.error().error.http_status(), item.find("status")->as_int64());
    EXPECT_EQ(to_string(route.error().protocol), text_of(item, "protocol", ""));
    if (const text::JsonValue* message = item.find("message")) {
      EXPECT_EQ(route.error().error.message(), message->as_string());
    }
    if (!service.empty()) {
      ASSERT_NE(route.error().service, nullptr);
      EXPECT_EQ(route.error().service->id, service);
    }
    return;
  }
  ASSERT_TRUE(route) << route.error().error.to_log();
  EXPECT_EQ(route->service->id, service);
  EXPECT_EQ(route->service->name(*route->operation), text_of(item, "operation", ""));
  EXPECT_EQ(to_string(route->protocol), text_of(item, "protocol", ""));
}

TEST(Route, Cases) {
  std::ifstream in(std::string(kSourceDir) + "/src/aws/data/routes.json");
  std::stringstream content;
  content << in.rdbuf();
  const auto document = text::parse_json_copy(content.str());
  ASSERT_TRUE(document);
  ASSERT_GT(document->root().size(), 40U);
  for (const text::JsonValue& item : document->root().items()) {
    SCOPED_TRACE(item.find("name")->as_string());
    expect_route(item);
  }
}

// Every operation of every rest service is reached by its own pattern, labels filled in.
TEST(Route, EveryRestOperationReachesItself) {
  for (const ServiceModel* model : gen::all_models()) {
    if (!model->speaks(Protocol::kRestJson)) continue;
    for (const OperationRow& operation : model->operations) {
      std::string path;
      for (const SegmentRow& segment :
           model->segments.subspan(operation.first_segment, operation.segment_count)) {
        path += '/';
        path += segment.member == kNone ? model->text(segment.literal) : "x";
      }
      const OperationRow* found = match_path(*model, model->text(operation.method), path,
                                             model->text(operation.constant_query));
      ASSERT_NE(found, nullptr) << model->name(operation) << " " << path;
      EXPECT_EQ(model->name(*found), model->name(operation)) << path;
    }
  }
}

TEST(Route, EveryTargetAndActionIsFound) {
  for (const ServiceModel* model : gen::all_models()) {
    for (const OperationRow& operation : model->operations) {
      EXPECT_EQ(model->find_operation(model->name(operation)), &operation);
      EXPECT_EQ(&model->operations[operation.index], &operation);
    }
    EXPECT_EQ(model->find_operation(""), nullptr);
    EXPECT_EQ(model->find_operation("NoSuchOperation"), nullptr);
  }
}

}  // namespace
}  // namespace lapwing::aws
