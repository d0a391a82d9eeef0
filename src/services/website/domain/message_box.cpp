#include "services/website/domain/message_box.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::services::website {
namespace {

constexpr std::size_t kNameLengthMax = 200;
constexpr std::size_t kEmailLengthMax = 254;  // RFC 5321 section 4.5.3.1.3, without the brackets
constexpr std::size_t kSubjectLengthMax = 300;
constexpr std::size_t kTextLengthMax = 10'000;

// Whether an answer could be sent there at all; only sending proves more.
bool looks_like_email(std::string_view email) {
  if (email.size() > kEmailLengthMax) return false;
  const auto parts = split_once(email, '@');
  if (!parts || parts->first.empty() || parts->second.find('@') != std::string_view::npos) {
    return false;
  }
  const std::string_view domain = parts->second;
  const bool has_dot_inside = domain.size() >= 3 && domain.front() != '.' && domain.back() != '.' &&
                              domain.find('.') != std::string_view::npos;
  return has_dot_inside && std::none_of(email.begin(), email.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == ',' ||
                  c == ';' || c == '"';
         });
}

std::string clean(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    if (c != '\r') out += c;
  }
  return out;
}

// A subject or a name is one line, since it may become a header of an e-mail.
std::string one_line(std::string_view text) {
  std::string out = clean(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return out;
}

Result<std::size_t> count_files(const Path& folder) {
  std::error_code error;
  std::size_t count = 0;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    ++count;
  }
  if (error) return fail_errno(error.value(), fmt::format("reading {}", folder.native()));
  return count;
}

}  // namespace

Message normalised(Message message) {
  message.name = one_line(message.name);
  message.email = one_line(message.email);
  message.subject = one_line(message.subject);
  message.text = clean(message.text);
  return message;
}

std::vector<MessageFault> faults_of(const Message& message) {
  std::vector<MessageFault> out;
  if (message.name.empty()) out.push_back(MessageFault::name_missing);
  if (message.name.size() > kNameLengthMax) out.push_back(MessageFault::name_too_long);
  if (!looks_like_email(message.email)) out.push_back(MessageFault::email_invalid);
  if (message.subject.empty()) out.push_back(MessageFault::subject_missing);
  if (message.subject.size() > kSubjectLengthMax) out.push_back(MessageFault::subject_too_long);
  if (message.text.empty()) out.push_back(MessageFault::text_missing);
  if (message.text.size() > kTextLengthMax) out.push_back(MessageFault::text_too_long);
  return out;
}

Result<std::string> MessageBox::keep(const Message& message) {
  if (!faults_of(message).empty()) {
    return fail(ErrorKind::invalid, "the message is not complete");
  }
  TRY(make_directories(folder_, 0700));
  if (TRY(count_files(folder_)) >= kMessagesMax) {
    return fail(ErrorKind::limit, fmt::format("{} holds {} messages: collect them first",
                                              folder_.native(), kMessagesMax));
  }
  const std::string time = to_rfc3339(clock_.now());
  // Date for people, 64 random bits so that references neither collide nor can be guessed.
  const std::string reference =
      fmt::format("{}-{}", std::string_view(time).substr(0, 10), to_hex(random_.bytes(8)));
  const json::Value value(json::Object{{"reference", reference},
                                       {"received", time},
                                       {"language", message.language},
                                       {"name", message.name},
                                       {"email", message.email},
                                       {"subject", message.subject},
                                       {"text", message.text}});
  const std::string content = json::write(value, json::Layout::indented) + "\n";
  TRY(write_file_atomic(folder_ / (reference + ".json"), as_bytes(content), 0600));
  return reference;
}

}  // namespace bulkhead::services::website
