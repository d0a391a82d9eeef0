// The one translation unit that includes CLI11.
#include "cli/command.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "json/value.h"

namespace bulkhead::cli {

Command::Command(std::string name, std::string help)
    : name_(std::move(name)), help_(std::move(help)) {}

Command& Command::subcommand(std::string name, std::string help) {
  for (const auto& existing : subcommands_) {
    if (existing->name_ == name) return *existing;
  }
  subcommands_.push_back(std::make_unique<Command>(std::move(name), std::move(help)));
  return *subcommands_.back();
}

Command& Command::flag(std::string names, bool& target, std::string help) {
  declarations_.push_back({Declaration::Form::option, std::move(names), std::move(help), &target});
  return *this;
}

Command& Command::flag(std::string names, std::uint64_t& count, std::string help) {
  declarations_.push_back({Declaration::Form::counter, std::move(names), std::move(help), &count});
  return *this;
}

Command& Command::option(std::string names, std::string& target, std::string help,
                         const char* environment) {
  declarations_.push_back(
      {Declaration::Form::option, std::move(names), std::move(help), &target, environment});
  return *this;
}

Command& Command::option(std::string names, std::uint64_t& target, std::string help,
                         const char* environment) {
  declarations_.push_back(
      {Declaration::Form::option, std::move(names), std::move(help), &target, environment});
  return *this;
}

Command& Command::option(std::string names, std::vector<std::string>& target, std::string help) {
  declarations_.push_back({Declaration::Form::option, std::move(names), std::move(help), &target});
  return *this;
}

Command& Command::argument(std::string name, std::string& target, std::string help, Need need) {
  declarations_.push_back(
      {Declaration::Form::positional, std::move(name), std::move(help), &target, nullptr, need});
  return *this;
}

Command& Command::arguments(std::string name, std::vector<std::string>& target, std::string help,
                            Need need) {
  declarations_.push_back(
      {Declaration::Form::positional, std::move(name), std::move(help), &target, nullptr, need});
  return *this;
}

void Command::hand_options_to_verbs(std::shared_ptr<void> targets) {
  handed_on_ = std::move(targets);
}

Command& Command::on_run(std::function<Result<int>()> action) {
  action_ = std::move(action);
  return *this;
}

Command& Command::errors_as_json(const bool& wanted) {
  json_errors_ = &wanted;
  return *this;
}

class Parser {
 public:
  static void declare(CLI::App& app, Command& command) {
    for (const Command::Declaration& declaration : command.declarations_) {
      CLI::Option* option = std::visit([&](auto* target) { return add(app, declaration, target); },
                                       declaration.target);
      // In front of the verb only what is given counts: the verb looks at the environment.
      const bool looks = declaration.environment != nullptr && !command.handed_on_;
      if (looks) option->envname(declaration.environment);
      if (declaration.need == Need::required) option->required();
    }
    for (const auto& subcommand : command.subcommands_) {
      declare(*app.add_subcommand(subcommand->name_, subcommand->help_), *subcommand);
    }
    if (!command.action_ && !command.subcommands_.empty()) app.require_subcommand(1);
  }

  static int run(const CLI::App& app, Command& command) {
    for (const auto& subcommand : command.subcommands_) {
      const CLI::App* parsed = app.get_subcommand(subcommand->name_);
      if (!parsed->parsed()) continue;
      if (command.handed_on_) hand_on(app, command, *subcommand);
      return run(*parsed, *subcommand);
    }
    if (!command.action_) {
      return report_error(Error(ErrorKind::invalid, "no verb given; try --help"));
    }
    const Result<int> status = command.action_();
    if (status) return *status;
    const bool json = command.json_errors_ != nullptr && *command.json_errors_;
    return report_error(status.error(), kExitFailure, json ? ErrorForm::json : ErrorForm::text);
  }

 private:
  static void hand_on(const CLI::App& app, const Command& from, Command& to) {
    for (const Command::Declaration& given : from.declarations_) {
      const std::string name = given.names.substr(0, given.names.find(','));
      if (app.get_option(name)->count() == 0) continue;
      for (Command::Declaration& wanted : to.declarations_) {
        if (wanted.names != given.names || wanted.target.index() != given.target.index()) continue;
        std::visit(
            [&](auto* target) {
              *target = *std::get<std::remove_cvref_t<decltype(target)>>(given.target);
            },
            wanted.target);
      }
      for (const auto& below : to.subcommands_) hand_on(app, from, *below);
    }
  }

  static CLI::Option* add(CLI::App& app, const Command::Declaration& declaration, bool* target) {
    return app.add_flag(declaration.names, *target, declaration.help);
  }
  static CLI::Option* add(CLI::App& app, const Command::Declaration& declaration,
                          std::uint64_t* target) {
    if (declaration.form == Command::Declaration::Form::counter) {
      return app.add_flag(declaration.names, *target, declaration.help);
    }
    return app.add_option(declaration.names, *target, declaration.help);
  }
  template <typename Target>
  static CLI::Option* add(CLI::App& app, const Command::Declaration& declaration, Target* target) {
    CLI::Option* option = app.add_option(declaration.names, *target, declaration.help);
    if constexpr (std::is_same_v<Target, std::vector<std::string>>) {
      // One value for each mention, so that arguments that follow are not swallowed.
      if (declaration.form == Command::Declaration::Form::option) option->allow_extra_args(false);
    }
    return option;
  }
};

int report_error(const Error& error, int status, ErrorForm form) {
  if (form == ErrorForm::json) {
    const json::Object object{{"message_type", "exit_error"},
                              {"code", static_cast<std::int64_t>(status)},
                              {"message", error.message()}};
    fmt::print(stderr, "{}\n", json::write(object));
  } else {
    fmt::print(stderr, "bulkhead: {}\n", error.message());
  }
  return status;
}

namespace {

// What was printed may still wait to be written. Nobody is told where a reader has had enough.
int with_output_written(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  if (status != kExitSuccess || errno == EPIPE) return std::max(status, kExitFailure);
  return report_error(error_from_errno(errno, "writing to standard output"));
}

}  // namespace

int run_command_line(Command& root, const std::string& version, int argc, char** argv) {
  try {
    CLI::App app(
        "Services in watertight compartments, an untouchable copy, and recovery with proof",
        "bulkhead");
    app.set_version_flag("--version", version);
    app.require_subcommand(1);
    app.fallthrough(false);
    Parser::declare(app, root);
    // "bulkhead help repo backup" is "bulkhead repo backup --help". CLI11 takes the last word
    // first.
    std::vector<std::string> words(argv + 1, argv + argc);
    if (!words.empty() && words.front() == "help") {
      words.erase(words.begin());
      words.emplace_back("--help");
    }
    std::ranges::reverse(words);
    try {
      app.parse(std::move(words));
    } catch (const CLI::ParseError& stopped) {
      const int status = app.exit(stopped);
      return status == 0 ? kExitSuccess : kExitUsage;
    }
    return with_output_written(Parser::run(app, root));
  } catch (const std::exception& thrown) {
    return report_error(Error(ErrorKind::internal, thrown.what()));
  }
}

}  // namespace bulkhead::cli
