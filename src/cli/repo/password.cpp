#include "cli/repo/password.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::size_t kPasswordMax = 64 << 10;
// A person may have to unlock something first.
constexpr std::chrono::minutes kCommandTime{5};

Result<crypto::Secret> ask_on_terminal(const PasswordSource& source, std::string_view prompt) {
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) {
    const std::string variable =
        source.variable == nullptr ? "" : fmt::format(", or set {}", source.variable);
    return fail(ErrorKind::invalid,
                fmt::format("no password: give --{0}password-file or --{0}password-command{1}",
                            source.prefix, variable));
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  fmt::print(stderr, "{}: ", prompt);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string line(4096, '\0');
  const char* read = std::fgets(line.data(), static_cast<int>(line.size()), stdin);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print(stderr, "\n");
  if (read == nullptr) return fail(ErrorKind::invalid, "no password was entered");
  crypto::Secret password = crypto::Secret::copy_of(trim(line.c_str()));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(line.data()), line.size()});
  return password;
}

Result<crypto::Secret> password_of_command(const std::string& command) {
  ProcessOptions options;
  options.arguments = TRY_CONTEXT(split_words(command), "password command");
  options.environment = environment_for_children();
  if (options.arguments.empty()) return fail(ErrorKind::invalid, "the password command is empty");
  RunResult done = TRY_CONTEXT(run(options, {}, kPasswordMax, kCommandTime), "password command");
  if (!done.status.success()) {
    return fail(ErrorKind::invalid, fmt::format("the password command failed with {}: {}",
                                                done.status.describe(), trim(done.error_output)));
  }
  crypto::Secret password = crypto::Secret::copy_of(trim(done.output));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(done.output.data()), done.output.size()});
  if (password.empty()) return fail(ErrorKind::invalid, "the password command printed nothing");
  return password;
}

Result<std::optional<crypto::Secret>> given_password(const PasswordSource& source) {
  const char* value = source.variable == nullptr ? nullptr : std::getenv(source.variable);
  const bool from_variable = value != nullptr && *value != '\0';
  if (source.none) {
    if (!source.file.empty() || !source.command.empty() || from_variable) {
      return fail(ErrorKind::invalid,
                  "give a password or say that there is none (…insecure-no-password), not both");
    }
    return std::optional<crypto::Secret>(crypto::Secret());
  }
  if (!source.file.empty() && !source.command.empty()) {
    return fail(ErrorKind::invalid, "give a password file or a password command, not both");
  }
  if (!source.command.empty()) {
    return std::optional<crypto::Secret>(TRY(password_of_command(source.command)));
  }
  if (!source.file.empty()) {
    Bytes content = TRY_CONTEXT(read_file(source.file, kPasswordMax), "password");
    crypto::Secret password = crypto::Secret::copy_of(trim(as_text(content)));
    crypto::wipe(content);
    if (password.empty()) return fail(ErrorKind::invalid, "the password file is empty");
    return std::optional<crypto::Secret>(std::move(password));
  }
  if (!from_variable) return std::optional<crypto::Secret>();
  return std::optional<crypto::Secret>(crypto::Secret::copy_of(std::string_view(value)));
}

}  // namespace

Result<crypto::Secret> read_password(const PasswordSource& source, std::string_view purpose) {
  auto given = TRY(given_password(source));
  return given ? *std::move(given) : ask_on_terminal(source, purpose);
}

Result<crypto::Secret> read_new_password(const PasswordSource& source) {
  auto given = TRY(given_password(source));
  if (given) return *std::move(given);
  crypto::Secret first = TRY(ask_on_terminal(source, "new password"));
  const crypto::Secret second = TRY(ask_on_terminal(source, "the same again"));
  if (first.empty()) {
    return fail(ErrorKind::invalid,
                "an empty password keeps nobody out; where that is meant: --insecure-no-password");
  }
  if (first.text() != second.text()) return fail(ErrorKind::invalid, "the two are not the same");
  return first;
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quotation = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (quotation == '\0' && space) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (c == '\\' && quotation != '\'') {
      if (++i == text.size()) return fail(ErrorKind::invalid, "a backslash ends the text");
      *word += text[i];
    } else if (c == quotation) {
      quotation = '\0';
    } else if (quotation == '\0' && (c == '\'' || c == '"')) {
      quotation = c;
    } else {
      *word += c;
    }
  }
  if (quotation != '\0') return fail(ErrorKind::invalid, "a quotation is not closed");
  if (word) words.push_back(*std::move(word));
  return words;
}

std::vector<std::string> environment_for_children() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool secret = text.starts_with("RESTIC_PASSWORD=") ||
                        text.starts_with("RESTIC_FROM_PASSWORD=") ||
                        text.starts_with("RESTIC_REST_PASSWORD=");
    if (!secret) out.emplace_back(text);
  }
  return out;
}

}  // namespace bulkhead::cli::repo
