#include "services/website/domain/message_box.h"

#include <gmock/gmock.h>

#include "json/value.h"

namespace bulkhead::services::website {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Message good_message() {
  return {.name = "Amal Haddad",
          .email = "amal@example.org",
          .subject = "Polar Code",
          .text = "Where is the French text?",
          .language = "en"};
}

TEST(Message, FaultsAreNamedInTheOrderOfTheForm) {
  EXPECT_THAT(faults_of(good_message()), IsEmpty());
  EXPECT_THAT(faults_of(Message{}),
              ElementsAre(MessageFault::name_missing, MessageFault::email_invalid,
                          MessageFault::subject_missing, MessageFault::text_missing));
  Message long_message = good_message();
  long_message.text = std::string(10'001, 'x');
  EXPECT_THAT(faults_of(long_message), ElementsAre(MessageFault::text_too_long));
}

TEST(Message, EmailMustBeAnAddressThatCanBeAnswered) {
  for (const std::string email : {"", "a", "@b.org", "a@", "a@b", "a@b@c.org", "a b@c.org",
                                  "a@.org", "a@b.org,c@d.org", "<a@b.org>"}) {
    Message message = good_message();
    message.email = email;
    EXPECT_THAT(faults_of(message), ElementsAre(MessageFault::email_invalid)) << email;
  }
}

TEST(Message, HeaderFieldsBecomeOneLine) {
  Message message = good_message();
  message.subject = " Hello\r\nBcc: all@example.org ";
  message.text = "\nOne\r\nTwo\n";
  message = normalised(message);
  EXPECT_EQ(message.subject, "Hello Bcc: all@example.org");
  EXPECT_EQ(message.text, "One\nTwo");
}

TEST(MessageBox, KeepsAMessageAsOnePrivateFile) {
  const auto folder = TemporaryDirectory::create("message-box").value();
  ManualClock clock(WallTime(std::chrono::seconds(1'790'000'000)));
  SeededRandom random(1);
  MessageBox box(folder.path() / "messages", clock, random);
  const auto reference = box.keep(good_message());
  ASSERT_TRUE(reference) << reference.error().message();
  const Path file = folder.path() / "messages" / (*reference + ".json");
  const auto value = json::parse(read_text_file(file, 10'000).value()).value();
  EXPECT_EQ(value["email"].to_string("email").value(), "amal@example.org");
  EXPECT_EQ(value["text"].to_string("text").value(), "Where is the French text?");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_NE(box.keep(good_message()).value(), *reference);
}

TEST(MessageBox, RefusesAMessageWithFaults) {
  const auto folder = TemporaryDirectory::create("message-box").value();
  ManualClock clock{WallTime{}};
  SeededRandom random(1);
  EXPECT_EQ(MessageBox(folder.path(), clock, random).keep(Message{}).error().kind(),
            ErrorKind::invalid);
}

}  // namespace
}  // namespace bulkhead::services::website
