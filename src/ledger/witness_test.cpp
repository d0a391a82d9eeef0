#include "ledger/witness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "ledger/add_checkpoint.h"
#include "ledger/crashing_files.h"
#include "ledger/prover.h"

namespace bulkhead::ledger {
namespace {

constexpr const char* kOrigin = "example/ledger";

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() {
    witness_ = open();
    for (std::uint64_t i = 0; i < 20; ++i) grow();
  }

  static NoteSigner signer(const char* name, SignerKind kind, std::uint64_t seed) {
    SeededRandom random(seed);
    return NoteSigner::generate(name, kind, random).value();
  }
  std::unique_ptr<Witness> open() {
    const auto key = verify::parse_verifier_key(log_.verifier_key()).value();
    auto opened = Witness::open(folder_.path() / "witness",
                                signer("vault.example/witness", SignerKind::witness, 2),
                                {{.origin = kOrigin, .keys = {key}}}, clock_);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
  void grow() {
    tree_.add(to_bytes(fmt::format("entry {}", tree_.size())));
    EXPECT_TRUE(files_.put(tree_.unwritten()));
  }
  std::string note(std::uint64_t size, const Hash& root, const char* origin = kOrigin) const {
    const std::string text = fmt::format("{}\n{}\n{}\n", origin, size, to_base64(root));
    return text + "\n" + log_.sign(text);
  }
  std::string note(std::uint64_t size) {
    return note(size, Prover(files_, tree_.size()).root_at(size).value());
  }
  AddCheckpoint request(std::uint64_t old_size, std::uint64_t size) {
    Prover prover(files_, size);
    return {old_size, prover.consistency(old_size).value(), note(size)};
  }
  WitnessAnswer ask(const AddCheckpoint& what) {
    return witness_->add_checkpoint(write_add_checkpoint(what));
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("witness-test").value();
  ManualClock clock_{from_rfc3339("2026-11-22T02:00:00Z").value()};
  const NoteSigner log_ = signer(kOrigin, SignerKind::log, 1);
  Disk disk_;
  CrashingFiles files_{disk_};
  TileTree tree_;
  std::unique_ptr<Witness> witness_;
};

TEST_F(WitnessTest, CosignsGrowth) {
  std::uint64_t before = 0;
  for (const std::uint64_t size : {0u, 1u, 5u, 8u, 8u, 20u}) {
    const WitnessAnswer answer = ask(request(before, size));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto note_and_line = verify::parse_note(note(size) + answer.body);
    ASSERT_TRUE(note_and_line);
    const auto key = verify::parse_verifier_key(witness_->verifier_key()).value();
    EXPECT_EQ(verify_cosignature(*note_and_line, key).value(), 1795312800u);
    before = size;
  }
  const std::string kept = witness_->checkpoint(origin_hash(kOrigin)).value();
  const auto kept_note = verify::parse_note(kept).value();
  EXPECT_EQ(verify::parse_checkpoint(kept_note.text)->size, 20u);
  EXPECT_TRUE(verify_signature(kept_note, verify::parse_verifier_key(log_.verifier_key()).value()));
}

TEST_F(WitnessTest, KnowsAfterARestartWhatItCosigned) {
  ASSERT_EQ(ask(request(0, 8)).status, 200);
  witness_ = open();
  const WitnessAnswer answer = ask(request(0, 9));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.body, "8\n");
  EXPECT_EQ(answer.content_type, "text/x.tlog.size");
  EXPECT_EQ(ask(request(8, 9)).status, 200);
}

TEST_F(WitnessTest, RefusesAForkAndARollBack) {
  ASSERT_EQ(ask(request(0, 8)).status, 200);
  // Signed by the log's own key, and not grown from what was cosigned.
  TileTree fork;
  Disk disk;
  CrashingFiles files(disk);
  for (std::uint64_t i = 0; i < 12; ++i) fork.add(to_bytes(fmt::format("other {}", i)));
  ASSERT_TRUE(files.put(fork.unwritten()));
  const std::vector<Hash> proof = Prover(files, 12).consistency(8).value();
  const WitnessAnswer forked = ask({8, proof, note(12, fork.root())});
  EXPECT_EQ(forked.status, 422);
  EXPECT_EQ(forked.disagreement, Disagreement::forked);
  EXPECT_EQ(forked.origin, kOrigin);
  EXPECT_EQ(forked.known_size, 8u);
  EXPECT_EQ(forked.shown_size, 12u);
  EXPECT_EQ(ask({8, {}, note(8, fork.root())}).status, 422);
  EXPECT_EQ(ask(request(4, 4)).status, 409) << "an older tree";
  EXPECT_EQ(ask(request(4, 4)).disagreement, Disagreement::rolled_back);
  EXPECT_EQ(ask(request(4, 12)).disagreement, Disagreement::none) << "does not know what we know";
  EXPECT_EQ(ask({8, {}, note(7)}).status, 400);
  EXPECT_EQ(ask({8, {}, note(12)}).status, 422) << "no proof";
  EXPECT_EQ(ask(request(8, 12)).status, 200) << "what it refused left no trace";
}

TEST_F(WitnessTest, RefusesWhatIsNoRequest) {
  EXPECT_EQ(witness_->add_checkpoint("").status, 400);
  EXPECT_EQ(witness_->add_checkpoint("old x\n\n").status, 400);
  EXPECT_EQ(witness_->add_checkpoint("old 0\n\n" + note(3).substr(5)).status, 404);
  EXPECT_EQ(ask({0, {}, note(3, tree_.root(), "unknown")}).status, 404);
  EXPECT_EQ(ask({0, {Hash{}}, note(3)}).status, 422) << "a proof where none is needed";
  EXPECT_EQ(ask({0, {}, note(0, tree_.root())}).status, 422) << "no entries with a root";
  AddCheckpoint unsigned_request = request(0, 3);
  const NoteSigner thief = signer(kOrigin, SignerKind::log, 9);
  const std::string text = verify::parse_note(unsigned_request.checkpoint)->text;
  unsigned_request.checkpoint = text + "\n" + thief.sign(text);
  EXPECT_EQ(ask(unsigned_request).status, 403);
  AddCheckpoint changed = request(0, 3);
  changed.checkpoint[changed.checkpoint.find('\n') + 1] = '4';
  EXPECT_EQ(ask(changed).status, 403);
  EXPECT_EQ(witness_->checkpoint(origin_hash(kOrigin)).error().kind(), ErrorKind::not_found);
}

TEST_F(WitnessTest, DoesNotBeginAnewWhereItsMemoryWasChanged) {
  ASSERT_EQ(ask(request(0, 8)).status, 200);
  const Path file = folder_.path() / "witness" / origin_hash(kOrigin) / "checkpoint";
  std::string text = read_text_file(file, 4096).value();
  text[text.find("\n8\n") + 1] = '4';
  ASSERT_TRUE(write_file_atomic(file, as_bytes(text)));
  const auto key = verify::parse_verifier_key(log_.verifier_key()).value();
  const auto opened = Witness::open(folder_.path() / "witness",
                                    signer("vault.example/witness", SignerKind::witness, 2),
                                    {{.origin = kOrigin, .keys = {key}}}, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), ErrorKind::corrupt);
}

TEST(AddCheckpoint, MoreHashesThanTheProtocolAllowsAreRefused) {
  AddCheckpoint request{.old_size = 1, .proof = std::vector<verify::Hash>(63), .checkpoint = "x"};
  EXPECT_TRUE(parse_add_checkpoint(write_add_checkpoint(request)));
  request.proof.resize(64);
  EXPECT_FALSE(parse_add_checkpoint(write_add_checkpoint(request)));
}

}  // namespace
}  // namespace bulkhead::ledger
