#include "services/lambda/runtimes.hpp"

#include <algorithm>
#include <array>

#include "aws/operation_table.hpp"
#include "runtime/language/catalogue.hpp"
#include "services/lambda/errors.hpp"

namespace lapwing::lambda {

namespace {

constexpr std::array<std::string_view, 26> kActive = {
    "nodejs20.x",   "nodejs22.x",     "nodejs24.x", "nodejs26.x",    "python3.10", "python3.11",
    "python3.12",   "python3.13",     "python3.14", "python3.15",    "java8.al2",  "java8.al2023",
    "java11",       "java11.al2023",  "java17",     "java17.al2023", "java21",     "java25",
    "dotnet8",      "dotnet10",       "ruby3.2",    "ruby3.3",       "ruby3.4",    "ruby4.0",
    "provided.al2", "provided.al2023"};

// Still in the service's enumeration, refused there for new functions.
constexpr std::array<std::string_view, 25> kRetired = {
    "nodejs",        "nodejs4.3",  "nodejs4.3-edge", "nodejs6.10",    "nodejs8.10",
    "nodejs10.x",    "nodejs12.x", "nodejs14.x",     "nodejs16.x",    "nodejs18.x",
    "python2.7",     "python3.6",  "python3.7",      "python3.8",     "python3.9",
    "go1.x",         "java8",      "dotnetcore1.0",  "dotnetcore2.0", "dotnetcore2.1",
    "dotnetcore3.1", "ruby2.5",    "ruby2.7",        "provided",      "dotnet6"};

bool contains(std::span<const std::string_view> set, std::string_view text) {
  return std::ranges::find(set, text) != set.end();
}

}  // namespace

std::span<const std::string_view> active_runtimes() { return kActive; }

bool is_retired(std::string_view runtime) { return contains(kRetired, runtime); }

Status check_runtime(std::string_view operation, std::string_view runtime, bool refuse_retired,
                     const runtime::Catalogue* catalogue) {
  if (!contains(kActive, runtime) && !is_retired(runtime)) {
    return fail(errors::unknown_runtime(runtime));
  }
  if (refuse_retired && is_retired(runtime)) return fail(errors::retired_runtime(runtime));
  if (!runtime::parse_runtime_id(runtime)) {
    return fail(aws::unsupported("lambda", operation, "Runtime " + std::string(runtime),
                                 "python3.x, nodejs*.x, ruby3.x, java* and provided* are served"));
  }
  if (catalogue == nullptr) return {};
  if (const auto choice = catalogue->choose(runtime); !choice) {
    return fail(aws::unsupported("lambda", operation, "Runtime " + std::string(runtime),
                                 choice.error().message()));
  }
  return {};
}

// Lambda developer guide, "Lambda SnapStart": Python from 3.12, Java from 11, .NET from 8. Those
// other than Python have many threads once they run, and what is kept of a process here is its
// memory and one thread.
SnapStartSupport snap_start_support(std::string_view runtime) {
  if (runtime.starts_with("dotnet") && !is_retired(runtime)) return SnapStartSupport::kNotBuilt;
  const auto id = runtime::parse_runtime_id(runtime);
  if (!id) return SnapStartSupport::kNotOfAws;
  if (id->language == runtime::Language::kJava) {
    return id->major >= 11 ? SnapStartSupport::kNotBuilt : SnapStartSupport::kNotOfAws;
  }
  const bool python = id->language == runtime::Language::kPython &&
                      (id->major > 3 || (id->major == 3 && id->minor >= 12));
  return python ? SnapStartSupport::kBuilt : SnapStartSupport::kNotOfAws;
}

}  // namespace lapwing::lambda
