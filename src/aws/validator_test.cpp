// Runs data/validation.json, and makes sure that every pattern of every model compiles.
#include "aws/validator.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "aws/testing/value_json.hpp"
#include "gen/models.hpp"
#include "gen/toy/model.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/pattern.hpp"

namespace lapwing::aws {
namespace {

const ServiceModel& model_named(std::string_view id) {
  for (const ServiceModel* model : gen::all_models()) {
    if (model->id == id) return *model;
  }
  return gen::toy::kModel;
}

TEST(Validator, Cases) {
  std::ifstream in(std::string(kSourceDir) + "/src/aws/data/validation.json");
  std::stringstream content;
  content << in.rdbuf();
  const auto document = text::parse_json_copy(content.str());
  ASSERT_TRUE(document);
  ASSERT_GT(document->root().size(), 20U);
  text::PatternCache patterns;
  for (const text::JsonValue& item : document->root().items()) {
    const text::JsonValue& input = *item.find("input");
    SCOPED_TRACE(text::to_json(input));
    const ServiceModel& model = model_named(item.find("service")->as_string());
    const OperationRow& operation = *model.find_operation(item.find("operation")->as_string());
    Arena arena;
    const Value value = testing::load(model, model.shape(operation.input), input, arena);
    const Status checked = validate(model, operation, value, patterns);
    const text::JsonValue* message = item.find("message");
    EXPECT_EQ(checked ? "" : checked.error().message(),
              message == nullptr ? "" : message->as_string());
    if (const text::JsonValue* code = item.find("code")) {
      EXPECT_EQ(checked.error().code(), code->as_string());
    }
    if (!checked) {
      EXPECT_EQ(checked.error().http_status(), 400);
    }
  }
}

TEST(Validator, EveryPatternOfEveryModelCompiles) {
  std::size_t count = 0;
  for (const ServiceModel* model : gen::all_models()) {
    for (const ShapeRow& shape : model->shapes) {
      if (shape.pattern == 0) continue;
      ++count;
      const auto pattern = text::Pattern::compile(model->text(shape.pattern));
      EXPECT_TRUE(pattern) << model->id << " " << model->text(shape.name) << ": "
                           << model->text(shape.pattern) << ": " << pattern.error().message();
    }
  }
  EXPECT_GT(count, 200U);
}

TEST(Validator, SizesAreCountedInCharacters) {
  const ServiceModel& model = gen::toy::kModel;
  const OperationRow& operation = *model.find_operation("Check");
  const ShapeRow& shape = model.shape(operation.input);
  Arena arena;
  auto slots = arena.make_array<Value>(shape.count);
  slots[model.find_member(shape, "Name")] = Value::string("ab");
  slots[model.find_member(shape, "Secret")] = Value::string("\u00e9\u00e9\u00e9\u00e9");
  text::PatternCache patterns;
  EXPECT_TRUE(validate(model, operation, Value::structure(slots), patterns));
}

TEST(Validator, ServicesWriteTheSameWords) {
  EXPECT_EQ(validation_message(constraint_violation(
                "x", "functionName", "Member must have length less than or equal to 64")),
            "1 validation error detected: Value 'x' at 'functionName' failed to satisfy "
            "constraint: Member must have length less than or equal to 64");
}

}  // namespace
}  // namespace lapwing::aws
