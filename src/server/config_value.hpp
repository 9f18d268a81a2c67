// The value of one configuration key: how it is read from TOML, from --set, and printed. For
// server/config*.cpp only, as toml++ must not be seen elsewhere.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/settings.hpp"
#include "server/config.hpp"

// Exceptions are how toml++ reports errors; they end in the files that include this.
#include <toml++/toml.h>

namespace lapwing::server::config {

inline Error invalid(std::string message) {
  return make_error(ErrorKind::kInvalid, std::move(message));
}

// Sets the setting of one name; afterwards: whether there is one, and whether the value will do.
class Setter : public SettingVisitor {
 public:
  explicit Setter(std::string_view name) : name_(name) {}
  bool found() const { return found_; }
  const Status& status() const { return status_; }

 protected:
  bool is_it(std::string_view name) {
    found_ = found_ || name == name_;
    return name == name_;
  }
  void done(Status status) { status_ = std::move(status); }

  std::string_view name_;

 private:
  bool found_ = false;
  Status status_;
};

class TomlSetter final : public Setter {
 public:
  TomlSetter(std::string_view name, const toml::node& node) : Setter(name), node_(node) {}
  void flag(std::string_view name, bool& value, const SettingFacts& facts) override;
  void number(std::string_view name, std::int64_t& value, const SettingFacts& facts) override;
  void text(std::string_view name, std::string& value, const SettingFacts& facts) override;
  void list(std::string_view name, std::vector<std::string>& value,
            const SettingFacts& facts) override;

 private:
  const toml::node& node_;
};

// Plain, or as Lister has it.
class TextSetter final : public Setter {
 public:
  TextSetter(std::string_view name, std::string_view given) : Setter(name), given_(given) {}
  void flag(std::string_view name, bool& value, const SettingFacts& facts) override;
  void number(std::string_view name, std::int64_t& value, const SettingFacts& facts) override;
  void text(std::string_view name, std::string& value, const SettingFacts& facts) override;
  void list(std::string_view name, std::vector<std::string>& value,
            const SettingFacts& facts) override;

 private:
  // The value as TOML has it.
  template <class T>
  Status from_toml(T& value, const SettingFacts& facts,
                   void (TomlSetter::*set)(std::string_view, T&, const SettingFacts&)) const;

  std::string_view given_;
};

// All of them, with their values as a file holds them and --set takes them.
class Lister final : public SettingVisitor {
 public:
  explicit Lister(const MachineSizes& machine) : machine_(machine) {}
  void flag(std::string_view name, bool& value, const SettingFacts& facts) override;
  void number(std::string_view name, std::int64_t& value, const SettingFacts& facts) override;
  void text(std::string_view name, std::string& value, const SettingFacts& facts) override;
  void list(std::string_view name, std::vector<std::string>& value,
            const SettingFacts& facts) override;
  std::vector<ConfigKey> take() { return std::move(keys_); }

 private:
  void add(std::string_view name, const SettingFacts& facts, std::string allowed,
           std::string printed);

  MachineSizes machine_;
  std::vector<ConfigKey> keys_;
};

}  // namespace lapwing::server::config
