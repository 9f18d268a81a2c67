#include "services/events/bus.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arena.hpp"
#include "aws/json_codec.hpp"
#include "gen/events/model.hpp"
#include "resources/table.hpp"
#include "text/json_writer.hpp"

namespace lapwing::events {
namespace {

const aws::ShapeRow& target_shape() {
  const aws::ServiceModel& model = gen::events::kModel;
  return *std::ranges::find(model.shapes, std::string_view("Target"),
                            [&](const aws::ShapeRow& shape) { return model.text(shape.name); });
}

}  // namespace

const gen::events::Target* Rule::find_target(std::string_view target_id) const {
  const auto found = std::ranges::find(targets, target_id, &gen::events::Target::id);
  return found == targets.end() ? nullptr : &*found;
}

std::string_view Rule::mark_of(std::string_view target_id) const {
  const auto found = target_marks.find(std::string(target_id));
  return found == target_marks.end() ? std::string_view() : found->second;
}

std::string target_text(const gen::events::Target& target) {
  aws::Arena arena;
  std::string out;
  text::JsonWriter json(out);
  aws::write_json(gen::events::kModel, target_shape(), to(target, arena), json,
                  aws::JsonNames::kModel);
  return out;
}

Result<gen::events::Target> read_target(std::string_view text) {
  aws::Arena arena;
  LAPWING_TRY(const aws::Value value, aws::read_json_text(gen::events::kModel, target_shape(), text,
                                                          arena, aws::JsonNames::kModel));
  gen::events::Target out;
  from(value, out);
  return out;
}

std::string addressee(const Rule& rule, std::string_view target_id) {
  const std::string_view mark = rule.mark_of(target_id);
  return fmt::format("{}/{}/{}{}{}", rule.address.name, target_id, rule.id, mark.empty() ? "" : ".",
                     mark);
}

Addressee read_addressee(std::string_view text) {
  const std::size_t last = text.rfind('/');
  const std::size_t first = text.find('/');
  if (last == std::string_view::npos || first == last) return {};
  const std::string_view ids = text.substr(last + 1);
  const std::size_t dot = std::min(ids.find('.'), ids.size());
  return {std::string(ids.substr(0, dot)), std::string(text.substr(first + 1, last - first - 1)),
          std::string(ids.substr(std::min(dot + 1, ids.size())))};
}

std::string Archive::key() const { return resources::scoped_key(scope, name); }

std::string Replay::key() const { return resources::scoped_key(scope, name); }

}  // namespace lapwing::events
