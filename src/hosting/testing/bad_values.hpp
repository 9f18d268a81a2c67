// Values of a model's shapes as JSON: one that fits, and those that do not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/model.hpp"
#include "hosting/testing/bad_input.hpp"

namespace lapwing::hosting::testing {

struct BadValue {
  std::string what;  // "Tags.Key: longer than 128"
  std::string json;
  bool surely = false;  // a constraint of the model is broken: it must be refused
};

class BadValues {
 public:
  // Members by their name on the wire, or by the model's.
  BadValues(const aws::ServiceModel& model, const BadInput& how, bool wire_names)
      : model_(model), how_(how), wire_(wire_names) {}

  std::string good(const aws::ShapeRow& shape, int depth = 0) const;
  std::vector<BadValue> bad(const aws::ShapeRow& shape, int depth = 0) const;
  // Each member with the first of its bad values.
  std::string all_bad(const aws::ShapeRow& structure) const;

 private:
  std::string_view name_of(const aws::MemberRow& member) const {
    return model_.text(wire_ ? member.wire : member.name);
  }
  // What is required, and `with` in place of (or beside) the member `changed`.
  std::string compose(const aws::ShapeRow& structure, const aws::MemberRow* changed,
                      std::string_view with, int depth) const;
  void of_structure(const aws::ShapeRow& shape, int depth, std::vector<BadValue>& out) const;
  void of_list(const aws::ShapeRow& shape, int depth, std::vector<BadValue>& out) const;
  void of_map(const aws::ShapeRow& shape, int depth, std::vector<BadValue>& out) const;
  void of_string(const aws::ShapeRow& shape, std::vector<BadValue>& out) const;
  static void of_number(const aws::ShapeRow& shape, std::vector<BadValue>& out);

  const aws::ServiceModel& model_;
  const BadInput& how_;
  bool wire_;
};

}  // namespace lapwing::hosting::testing
