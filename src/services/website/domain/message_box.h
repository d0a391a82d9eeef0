// What visitors write in the contact form: checked, then kept as one JSON file a message under
// messages/, for the staff to collect. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"

namespace bulkhead::services::website {

inline constexpr std::size_t kMessagesMax = 10'000;

struct Message {
  std::string name;
  std::string email;
  std::string subject;
  std::string text;
  std::string language;
};

enum class MessageFault {
  name_missing,
  name_too_long,
  email_invalid,
  subject_missing,
  subject_too_long,
  text_missing,
  text_too_long,
};

// White space at both ends removed, line ends made '\n'.
Message normalised(Message message);
// In the order of the form; empty for a message that can be kept.
std::vector<MessageFault> faults_of(const Message& message);

class MessageBox {
 public:
  MessageBox(Path folder, Clock& clock, Random& random)
      : folder_(std::move(folder)), clock_(clock), random_(random) {}

  // Its reference number. Kind invalid for a message with faults; kind limit when the box is full.
  Result<std::string> keep(const Message& message);

 private:
  Path folder_;
  Clock& clock_;
  Random& random_;
};

}  // namespace bulkhead::services::website
