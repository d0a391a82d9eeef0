#include "cli/drill/mail_probe.h"

#include <thread>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::cli::drill {
namespace {

constexpr std::size_t kPasswordBytesMax = 256;
constexpr std::size_t kTokenBytes = 12;
constexpr std::chrono::milliseconds kSearchPause{2};

// The number in "* SEARCH 17"; nothing where nothing was found.
std::optional<std::uint64_t> found_message(std::string_view answers) {
  for (const std::string_view line : split(answers, '\n')) {
    if (!line.starts_with("* SEARCH ")) continue;
    return parse_u64(split(line.substr(9), ' ').front());
  }
  return std::nullopt;
}

// The count in the "{count}" that ends a line before a literal (RFC 9051, section 4.3).
std::optional<std::uint64_t> literal_length(std::string_view line) {
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos || !line.ends_with('}')) return std::nullopt;
  return parse_u64(line.substr(open + 1, line.size() - open - 2));
}

}  // namespace

Result<std::string> read_probe_password(const Path& dataset) {
  const std::string text = TRY(read_text_file(dataset / "probe.password", kPasswordBytesMax));
  return std::string(trim(text));
}

MailProbe::MailProbe(MailProbeSettings settings, Random& random)
    : settings_(std::move(settings)), random_(random) {}

Result<std::chrono::microseconds> MailProbe::send_and_read_back() {
  const auto start = std::chrono::steady_clock::now();
  const std::string token = to_hex(random_.bytes(kTokenBytes));
  for (const auto step : {&MailProbe::send, &MailProbe::read_back}) {
    const bool was_kept = step == &MailProbe::send ? smtp_.has_value() : imap_.has_value();
    auto done = (this->*step)(token);
    if (!done && was_kept && done.error().kind() == ErrorKind::unavailable) {
      done = (this->*step)(token);
    }
    if (!done) return std::unexpected(std::move(done).error());
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

Result<std::string> MailProbe::smtp_command(std::string_view line, char expected) {
  if (!line.empty()) TRY(smtp_->send_line(line));
  while (true) {
    std::string answer = TRY(smtp_->read_line());
    if (answer.size() > 3 && answer[3] == '-') continue;
    if (!answer.empty() && answer[0] == expected) return answer;
    // 4xx: the server itself says that trying again may help (RFC 5321, section 4.2.1).
    const bool temporary = answer.starts_with('4');
    return fail(temporary ? ErrorKind::unavailable : ErrorKind::denied,
                fmt::format("SMTP: \"{}\" was answered \"{}\"", line, answer),
                temporary ? Retry::may_help : Retry::no);
  }
}

Result<void> MailProbe::open_smtp() {
  smtp_ = TRY_CONTEXT(LineConnection::open(settings_.smtp, settings_.time_max), "SMTP");
  TRY(smtp_command("", '2'));
  TRY(smtp_command("EHLO probe.localhost", '2'));
  return {};
}

Result<void> MailProbe::send(const std::string& token) {
  const auto conversation = [&]() -> Result<void> {
    if (!smtp_) TRY(open_smtp());
    TRY(smtp_command(fmt::format("MAIL FROM:<{}>", settings_.user), '2'));
    TRY(smtp_command(fmt::format("RCPT TO:<{}>", settings_.user), '2'));
    TRY(smtp_command("DATA", '3'));
    TRY(smtp_command(fmt::format("From: <{0}>\r\nTo: <{0}>\r\nSubject: probe {1}\r\n\r\n{1}\r\n.",
                                 settings_.user, token),
                     '2'));
    return {};
  };
  auto result = conversation();
  if (!result) smtp_.reset();
  return result;
}

Result<std::string> MailProbe::imap_command(std::string_view command) {
  const std::string tag = fmt::format("a{}", ++tag_);
  TRY(imap_->send_line(fmt::format("{} {}", tag, command)));
  std::string answers;
  while (true) {
    const std::string line = TRY(imap_->read_line());
    if (line.starts_with(tag + " ")) {
      if (line.substr(tag.size() + 1).starts_with("OK")) return answers;
      const std::string_view verb = command.substr(0, command.find(' '));  // LOGIN hides the rest
      return fail(ErrorKind::denied, fmt::format("IMAP: {} was answered \"{}\"", verb, line));
    }
    answers += line + "\n";
    if (const auto length = literal_length(line)) answers += TRY(imap_->read_exactly(*length));
  }
}

Result<void> MailProbe::open_imap() {
  imap_ = TRY_CONTEXT(LineConnection::open(settings_.imap, settings_.time_max), "IMAP");
  const std::string greeting = TRY(imap_->read_line());
  if (!greeting.starts_with("* OK")) {
    return fail(ErrorKind::unavailable, fmt::format("IMAP: greeted with \"{}\"", greeting));
  }
  if (settings_.password.find_first_of("\"\\\r\n") != std::string::npos) {
    return fail(ErrorKind::invalid, "IMAP: the password has characters that LOGIN cannot quote");
  }
  TRY(imap_command(fmt::format("LOGIN \"{}\" \"{}\"", settings_.user, settings_.password)));
  TRY(imap_command("SELECT INBOX"));
  return {};
}

Result<void> MailProbe::read_back(const std::string& token) {
  const auto conversation = [&]() -> Result<void> {
    if (!imap_) TRY(open_imap());
    const auto end = std::chrono::steady_clock::now() + settings_.time_max;
    std::optional<std::uint64_t> message;
    while (!message) {
      // A mailbox that stays selected shows new messages at NOOP at the latest.
      TRY(imap_command("NOOP"));
      message = found_message(TRY(imap_command(fmt::format("UID SEARCH SUBJECT \"{}\"", token))));
      if (message) break;
      if (std::chrono::steady_clock::now() >= end) {
        return fail(ErrorKind::unavailable, "IMAP: the message that SMTP accepted is not there");
      }
      std::this_thread::sleep_for(kSearchPause);
    }
    const std::string content =
        TRY(imap_command(fmt::format("UID FETCH {} BODY.PEEK[TEXT]", *message)));
    if (content.find(token) == std::string::npos) {
      return fail(ErrorKind::corrupt, "IMAP: the message came back with another content");
    }
    TRY(imap_command(fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", *message)));
    TRY(imap_command("EXPUNGE"));
    return {};
  };
  auto result = conversation();
  if (!result) imap_.reset();
  return result;
}

}  // namespace bulkhead::cli::drill
