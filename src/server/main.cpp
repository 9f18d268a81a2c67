#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "server/commands.hpp"
#include "server/instance.hpp"

namespace {

using lapwing::Status;
using lapwing::server::Config;

constexpr int kMisused = 2;  // exit status

struct Arguments {
  std::string listen;
  std::string data_dir;
  std::string config_file;
  std::string auth;
  std::string plan;
  bool insecure = false;
  bool require_isolation = false;
  std::vector<std::string> settings;
};

void add_options(CLI::App& command, Arguments& args) {
  command.add_option("--listen", args.listen,
                     "HOST:PORT of the API (127.0.0.1:4566); port 0 takes a free one");
  command.add_option("--data-dir", args.data_dir,
                     "where everything durable lives (~/.local/share/lapwing)");
  command.add_option("--config", args.config_file, "TOML file of configuration keys");
  command.add_option("--auth", args.auth, "off or verify (off); enforce is not built yet");
  command.add_option("--set", args.settings,
                     "key=value, for any configuration key (`lapwing config` lists them)");
  command.add_flag("--insecure", args.insecure,
                   "listen beyond loopback, though policies are not enforced");
  command.add_flag("--require-isolation", args.require_isolation,
                   "refuse to start when anything cannot be enforced");
}

Status make_config(const Arguments& args, Config& config) {
  using lapwing::server::apply_setting;
  if (!args.config_file.empty()) LAPWING_CHECK(load_config_file(config, args.config_file));
  for (const std::string& setting : args.settings) LAPWING_CHECK(apply_setting(config, setting));
  if (!args.listen.empty()) config.listen = args.listen;
  if (!args.data_dir.empty()) config.data_dir = args.data_dir;
  if (!args.auth.empty()) LAPWING_CHECK(apply_setting(config, "auth=" + args.auth));
  config.insecure = config.insecure || args.insecure;
  config.require_isolation = config.require_isolation || args.require_isolation;
  return finish_config(config);
}

// Says what is wrong with the command line, and how to go on.
int misused(const std::string& what) {
  fmt::print(stderr, "lapwing: {} (`lapwing --help` and `lapwing serve --help` say more)\n", what);
  return kMisused;
}

int run(int argc, char** argv) {
  CLI::App app("Lapwing: AWS Lambda on your own machines");
  app.set_version_flag("--version", fmt::format("lapwing {}", lapwing::server::kVersion));
  app.require_subcommand(1);
  Arguments args;
  CLI::App* serve = app.add_subcommand("serve", "run the server in the foreground");
  CLI::App* doctor = app.add_subcommand("doctor", "what this machine offers");
  CLI::App* keys = app.add_subcommand("config", "list every configuration key");
  add_options(*serve, args);
  add_options(*doctor, args);
  doctor->add_option("--plan", args.plan, "print the sandbox plan of a runtime, e.g. python3.12");
  if (argc < 2) return misused("say a command: serve, doctor or config");
  const std::string_view first = argv[1];
  if (!first.starts_with('-') && first != serve->get_name() && first != doctor->get_name() &&
      first != keys->get_name()) {
    return misused(fmt::format("unknown command '{}': serve, doctor or config", argv[1]));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version arrive here too, with status 0.
    return error.get_exit_code() == 0 ? app.exit(error) : misused(error.what());
  }

  if (keys->parsed()) return lapwing::server::run_config();
  Config config;
  if (const Status made = make_config(args, config); !made) {
    fmt::print(stderr, "lapwing: {}\n", made.error().message());
    return kMisused;
  }
  if (doctor->parsed()) {
    return args.plan.empty() ? lapwing::server::run_doctor(config)
                             : lapwing::server::run_doctor_plan(config, args.plan);
  }
  return lapwing::server::run_serve(config);
}

}  // namespace

// The last of the three places where exceptions are caught: a broken world at start.
int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lapwing: {}\n", error.what());
    return 1;
  }
}
