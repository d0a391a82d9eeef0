// The command line as plain declarations, so that only command.cpp knows CLI11. Each subfolder of
// src/cli is a namespace of its own and offers one function `void register_…(Command& root)` that
// hangs its verbs here and that main.cpp calls. Targets of options must live until the action ran;
// the custom is one struct of options in a shared_ptr that the action captures:
//
//   auto options = std::make_shared<SealOptions>();
//   root.subcommand("seal", "Refuse all visitors of services")
//       .arguments("SERVICE", options->services, "which services", Need::optional)
//       .option("--reason", options->reason, "for the timeline")
//       .on_run([options] { return seal(*options); });
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace bulkhead::cli {

enum class Need { optional, required };

// Exit statuses; the first six are restic's.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitIncomplete = 3;
inline constexpr int kExitNoRepository = 10;
inline constexpr int kExitLocked = 11;
inline constexpr int kExitWrongPassword = 12;

class Command {
 public:
  Command(std::string name, std::string help);

  // Returned references stay valid for the life of the root.
  Command& subcommand(std::string name, std::string help);

  // `names` as in "-r,--repo". The value that the target has now is the default.
  Command& flag(std::string names, bool& target, std::string help);
  // Counts how often it is given: "-vv", or "--verbose=2".
  Command& flag(std::string names, std::uint64_t& count, std::string help);
  // `environment` names a variable that is read where the option is not given; nullptr for none.
  Command& option(std::string names, std::string& target, std::string help,
                  const char* environment = nullptr);
  Command& option(std::string names, std::uint64_t& target, std::string help,
                  const char* environment = nullptr);
  // May be given several times.
  Command& option(std::string names, std::vector<std::string>& target, std::string help);
  Command& argument(std::string name, std::string& target, std::string help, Need need);
  Command& arguments(std::string name, std::vector<std::string>& target, std::string help,
                     Need need);
  // What was declared here may be given in front of the verb as well as behind it: "repo -r R ls"
  // is "repo ls -r R". The verbs declare the same options themselves; `targets` is kept alive.
  void hand_options_to_verbs(std::shared_ptr<void> targets);
  // The exit status, or an error, which is printed and becomes the exit status.
  Command& on_run(std::function<Result<int>()> action);
  // Errors of the action are printed as JSON where `wanted` is true by then.
  Command& errors_as_json(const bool& wanted);

 private:
  friend class Parser;
  struct Declaration {
    enum class Form { option, counter, positional };
    Form form;
    std::string names;
    std::string help;
    std::variant<bool*, std::string*, std::uint64_t*, std::vector<std::string>*> target;
    const char* environment = nullptr;
    Need need = Need::optional;
  };

  std::string name_;
  std::string help_;
  std::vector<Declaration> declarations_;
  std::vector<std::unique_ptr<Command>> subcommands_;
  std::shared_ptr<void> handed_on_;
  std::function<Result<int>()> action_;
  const bool* json_errors_ = nullptr;
};

// Parses, runs the action of the verb that was given, and answers the exit status.
int run_command_line(Command& root, const std::string& version, int argc, char** argv);

enum class ErrorForm { text, json };

// Prints "bulkhead: <message>" on standard error, or an object with restic's keys; answers
// `status`.
int report_error(const Error& error, int status = kExitFailure, ErrorForm form = ErrorForm::text);

}  // namespace bulkhead::cli
