// For which machine a package's programs are made, by their ELF headers: its `bootstrap`, and the
// modules that an interpreter loads.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/lambda/zip_archive.hpp"

namespace lapwing::lambda {

// "x86_64" or "arm64", as Architectures names them; "other"; empty: it is no ELF file.
std::string machine_of(std::string_view head);

struct NativeFiles {
  std::string bootstrap;  // its machine; empty where there is none, or it is a script
  // The first module for each machine: where it is, and the machine.
  std::vector<std::pair<std::string, std::string>> modules;
};
// What cannot be read says nothing.
NativeFiles native_files(const ZipArchive& archive);

}  // namespace lapwing::lambda
