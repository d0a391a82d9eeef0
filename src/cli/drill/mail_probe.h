// Proves that mail works by using it: sends a message by SMTP and reads the same message back by
// IMAP, on connections that are kept, ten times a second if need be. One thread at a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "cli/drill/line_connection.h"

namespace bulkhead::cli::drill {

struct MailProbeSettings {
  LineAddress smtp;
  LineAddress imap;
  std::string user = "probe@imo.localhost";  // sender, recipient, and who signs in to read
  std::string password;                      // see read_probe_password()
  std::chrono::milliseconds time_max{5000};  // of each step
};

// The mail service makes it at its first start and leaves it in its dataset, where only those who
// may read the dataset find it.
Result<std::string> read_probe_password(const Path& dataset);

class MailProbe {
 public:
  MailProbe(MailProbeSettings settings, Random& random);

  // From the first byte sent until the message was read back and removed. A connection that was
  // kept and that the server has closed meanwhile is opened anew once, as any mail program does.
  Result<std::chrono::microseconds> send_and_read_back();

 private:
  Result<void> send(const std::string& token);
  Result<void> read_back(const std::string& token);
  Result<void> open_smtp();
  Result<void> open_imap();
  Result<std::string> smtp_command(std::string_view line, char expected);
  // The untagged answers, joined by newlines, with literals in their places.
  Result<std::string> imap_command(std::string_view command);

  MailProbeSettings settings_;
  Random& random_;
  std::optional<LineConnection> smtp_;
  std::optional<LineConnection> imap_;
  std::uint64_t tag_ = 0;
};

}  // namespace bulkhead::cli::drill
