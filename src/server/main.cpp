#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "server/clock_command.hpp"
#include "server/commands.hpp"
#include "server/events_command.hpp"
#include "server/instance.hpp"
#include "server/runtime_command.hpp"

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
  std::string runtime_name;
  std::string runtime_from;
  std::string advance;
  bool markdown = false;
  bool insecure = false;
  bool require_isolation = false;
  std::vector<std::string> settings;
};

struct EventsArguments {
  lapwing::server::EventsWanted wanted;
  std::string id;
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
  if (args.require_isolation) {
    LAPWING_CHECK(apply_setting(config, "sandbox.require_isolation=true"));
  }
  return finish_config(config);
}

// Says what is wrong with the command line, and how to go on. `command`: " clock advance".
int misused(const std::string& what, const std::string& command = "") {
  fmt::print(stderr, "lapwing: {} (`lapwing help{}` says more)\n", what, command);
  return kMisused;
}

// The command that was being read: " clock advance"; empty before any.
std::string command_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    out += " " + at->get_name();
  }
  return out;
}

// `lapwing runtime ...`: its commands, none of them parsed yet.
struct RuntimeCommands {
  CLI::App* group = nullptr;
  CLI::App* add = nullptr;
  CLI::App* list = nullptr;
  CLI::App* remove = nullptr;
};

RuntimeCommands add_runtime_commands(CLI::App& app, Arguments& args) {
  RuntimeCommands out;
  out.group = app.add_subcommand("runtime", "interpreters kept in the data directory");
  out.group->require_subcommand(1);
  out.add = out.group->add_subcommand("add", "copy an interpreter's tree under a runtime's name");
  out.list = out.group->add_subcommand("list", "what was added, and what the machine has");
  out.remove = out.group->add_subcommand("remove", "take an added one away");
  for (CLI::App* command : {out.add, out.list, out.remove}) add_options(*command, args);
  for (CLI::App* command : {out.add, out.remove}) {
    command
        ->add_option("name", args.runtime_name,
                     "python3.13, nodejs22.x, ruby3.3, java21; java-client; sdk-python, sdk-node, "
                     "sdk-ruby")
        ->required();
  }
  out.add
      ->add_option("--from", args.runtime_from,
                   "a directory that holds bin/, lib/, or an SDK; an image (oci:DIR[:TAG])")
      ->required();
  out.add->footer(
      "What has a name:\n"
      "  python3.13, nodejs22.x, ruby3.3, java21 ...  an interpreter, with bin/ and lib/\n"
      "  java-client  AWS's runtime interface client, which Java functions need:\n"
      "               runtimes/java/client/fetch.sh DIR (in Lapwing's sources) makes such a DIR\n"
      "  sdk-python   AWS's SDK for Python: pip install --target DIR boto3\n"
      "  sdk-node     AWS's SDK for JavaScript: npm install --prefix DIR @aws-sdk/client-s3 ...\n"
      "  sdk-ruby     AWS's SDK for Ruby: gem install --install-dir DIR aws-sdk-s3 ...\n"
      "With the server's --data-dir; a server that is running takes it up when it is restarted.");
  return out;
}

int run_runtime(const RuntimeCommands& commands, const Arguments& args, const Config& config) {
  if (commands.add->parsed()) {
    return lapwing::server::run_runtime_add(config, args.runtime_name, args.runtime_from);
  }
  if (commands.remove->parsed()) {
    return lapwing::server::run_runtime_remove(config, args.runtime_name);
  }
  return lapwing::server::run_runtime_list(config);
}

// `lapwing events ...`, none of them parsed yet.
struct EventsCommands {
  CLI::App* group = nullptr;
  CLI::App* trace = nullptr;
  CLI::App* replay = nullptr;
};

EventsCommands add_events_commands(CLI::App& app, EventsArguments& args) {
  EventsCommands out;
  out.group = app.add_subcommand("events", "what waits, is tried again and has died in a server");
  out.trace = out.group->add_subcommand("trace", "everything that happened to one event, in order");
  out.replay = out.group->add_subcommand("replay", "send an event again that has died");
  lapwing::server::EventsWanted& wanted = args.wanted;
  for (CLI::App* command : {out.group, out.trace, out.replay}) {
    command->add_option("--listen", wanted.listen,
                        "HOST:PORT of the server (that of AWS_ENDPOINT_URL, else 127.0.0.1:4566)");
    command->add_flag("--json", wanted.json, "print the server's answer as it is");
  }
  for (CLI::App* command : {out.trace, out.replay}) {
    command
        ->add_option("id", args.id,
                     "a request id, a message id, an event's id, or the root of a trace")
        ->required();
  }
  out.replay->add_flag("--again", wanted.again, "also where it was sent again already");
  out.group->add_option("--list", wanted.list,
                        "queues, mappings, schedules, retries or dead-letters (all of them)");
  out.group->add_option("--service", wanted.service, "of this service alone: lambda, sqs, ...");
  out.group->add_option("--function", wanted.function, "of the function of this name alone");
  out.group->add_option("--holds", wanted.holds, "only what has this in its name, target or id");
  out.group->add_option("--limit", wanted.limit, "rows of a list (100)");
  out.group->add_option("--after", wanted.after, "go on where a page has ended");
  out.group->footer(
      "Where requests are signed (--auth verify), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n"
      "to a key of the server's configuration ([[credentials]]).");
  return out;
}

int run_events(const EventsCommands& commands, const EventsArguments& args) {
  if (commands.trace->parsed()) return lapwing::server::run_events_trace(args.wanted, args.id);
  if (commands.replay->parsed()) return lapwing::server::run_events_replay(args.wanted, args.id);
  return lapwing::server::run_events(args.wanted);
}

int run_help(CLI::App& app, const std::vector<std::string>& asked) {
  app.clear();  // else it says more of `help`, which was parsed
  CLI::App* of = &app;
  std::string before;
  for (const std::string& name : asked) {
    const auto named = [&name](const CLI::App* command) { return command->get_name() == name; };
    const std::vector<CLI::App*> found = of->get_subcommands(named);
    if (found.empty()) {
      return misused(fmt::format("there is no command '{}' to say more of", name));
    }
    before += (before.empty() ? "" : " ") + (of == &app ? "lapwing" : of->get_name());
    of = found.front();
  }
  fmt::print("{}", of->help(before, CLI::AppFormatMode::Normal));
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Lapwing: AWS Lambda on your own machines");
  app.set_version_flag("--version", fmt::format("lapwing {}", lapwing::server::kVersion));
  app.require_subcommand(1);
  Arguments args;
  std::vector<std::string> asked;  // of `lapwing help`
  CLI::App* serve = app.add_subcommand("serve", "run the server in the foreground");
  CLI::App* doctor = app.add_subcommand("doctor", "what this machine offers");
  CLI::App* keys = app.add_subcommand("config", "list every configuration key");
  keys->add_flag("--markdown", args.markdown, "as a page of the documentation");
  add_options(*serve, args);
  add_options(*doctor, args);
  doctor->add_option("--plan", args.plan, "print the sandbox plan of a runtime, e.g. python3.12");
  const RuntimeCommands runtime = add_runtime_commands(app, args);
  CLI::App* clock = app.add_subcommand(
      "clock", "how the clock of a server stands that was started with --set clock=manual");
  CLI::App* advance = clock->add_subcommand(
      "advance", "move it; answers when everything that fell due has happened");
  for (CLI::App* command : {clock, advance}) {
    command->add_option("--listen", args.listen,
                        "HOST:PORT of the server (that of AWS_ENDPOINT_URL, else 127.0.0.1:4566)");
  }
  advance->add_option("time", args.advance, "how far: 90s, 2m, 1h30m, 7d, 2w")->required();
  EventsArguments events_args;
  const EventsCommands events = add_events_commands(app, events_args);
  CLI::App* help =
      app.add_subcommand("help", "say more of a command: help serve, help runtime add");
  help->add_option("command", asked, "the command");
  if (argc < 2) {
    return misused("say a command: serve, doctor, runtime, clock, events, config or help");
  }
  const std::string_view first = argv[1];
  const auto named = [first](const CLI::App* command) { return command->get_name() == first; };
  if (!first.starts_with('-') && app.get_subcommands(named).empty()) {
    return misused(fmt::format(
        "unknown command '{}': serve, doctor, runtime, clock, events, config or help", argv[1]));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version arrive here too, with status 0.
    return error.get_exit_code() == 0 ? app.exit(error) : misused(error.what(), command_of(app));
  }

  if (help->parsed()) return run_help(app, asked);
  if (clock->parsed()) {
    return lapwing::server::run_clock(
        args.listen, advance->parsed() ? std::optional(args.advance) : std::nullopt);
  }
  if (events.group->parsed()) return run_events(events, events_args);
  if (keys->parsed()) {
    return args.markdown ? lapwing::server::run_config_page() : lapwing::server::run_config();
  }
  Config config;
  if (const Status made = make_config(args, config); !made) {
    fmt::print(stderr, "lapwing: {}\n", made.error().message());
    return kMisused;
  }
  if (runtime.group->parsed()) return run_runtime(runtime, args, config);
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
