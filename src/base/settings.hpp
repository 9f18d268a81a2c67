// Settings, declared by those who read them: a struct of values, and one function that names them.
//
//   struct Settings {
//     std::int64_t idle_seconds = 600;
//     void visit(SettingVisitor& to) {
//       to.number("engine.idle_seconds", idle_seconds,
//                 {.help = "an idle environment goes away after this", .unit = "s", .low = 1,
//                 ...});
//     }
//     Status check() const;                    // where one value depends on another
//   };
//
// A member's initial value is the default. Reading a file, --set, `lapwing config`, the
// documentation and validation are visitors; none of them knows an owner.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace lapwing {

// For defaults that depend on the machine.
struct MachineSizes {
  std::uint64_t memory_mb = 0;
  std::uint64_t disk_mb = 0;  // of the data directory's file system
  unsigned processors = 1;
};

struct SettingFacts {
  std::string_view help;
  std::string_view unit = {};  // of numbers: "s", "MiB"
  std::int64_t low = 0;        // of numbers, both included
  std::int64_t high = 0;
  std::string_view choices = {};  // of texts: "a|b|c"; any where empty
  std::string_view example = {};  // as a file has it, where the default shows little
  // What the default stands for on a machine of these sizes, where it says "as the machine is".
  std::optional<std::uint64_t> (*stands_for)(const MachineSizes& machine) = nullptr;
};

class SettingVisitor {
 public:
  virtual void flag(std::string_view name, bool& value, const SettingFacts& facts) = 0;
  virtual void number(std::string_view name, std::int64_t& value, const SettingFacts& facts) = 0;
  virtual void text(std::string_view name, std::string& value, const SettingFacts& facts) = 0;
  virtual void list(std::string_view name, std::vector<std::string>& value,
                    const SettingFacts& facts) = 0;

 protected:
  ~SettingVisitor() = default;
};

// The values of all owners, kept by name: those who keep them do not know whose they are.
class SettingValues {
 public:
  // An owner's values as they are kept, its defaults where nothing is.
  template <class Owner>
  Owner read() const {
    Owner out;
    Reader reader(values_);
    out.visit(reader);
    return out;
  }
  // Keeps those of an owner.
  template <class Owner>
  void write(Owner owner) {
    Writer writer(values_);
    owner.visit(writer);
  }

 private:
  using Value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;
  using Values = std::map<std::string, Value, std::less<>>;

  class Reader final : public SettingVisitor {
   public:
    explicit Reader(const Values& values) : values_(values) {}
    void flag(std::string_view name, bool& value, const SettingFacts&) override {
      get(name, value);
    }
    void number(std::string_view name, std::int64_t& value, const SettingFacts&) override {
      get(name, value);
    }
    void text(std::string_view name, std::string& value, const SettingFacts&) override {
      get(name, value);
    }
    void list(std::string_view name, std::vector<std::string>& value,
              const SettingFacts&) override {
      get(name, value);
    }

   private:
    template <class T>
    void get(std::string_view name, T& value) {
      const auto found = values_.find(name);
      if (found != values_.end()) value = std::get<T>(found->second);
    }
    const Values& values_;
  };

  class Writer final : public SettingVisitor {
   public:
    explicit Writer(Values& values) : values_(values) {}
    void flag(std::string_view name, bool& value, const SettingFacts&) override {
      set(name, value);
    }
    void number(std::string_view name, std::int64_t& value, const SettingFacts&) override {
      set(name, value);
    }
    void text(std::string_view name, std::string& value, const SettingFacts&) override {
      set(name, value);
    }
    void list(std::string_view name, std::vector<std::string>& value,
              const SettingFacts&) override {
      set(name, value);
    }

   private:
    template <class T>
    void set(std::string_view name, const T& value) {
      values_.insert_or_assign(std::string(name), Value(value));
    }
    Values& values_;
  };

  Values values_;
};

}  // namespace lapwing
