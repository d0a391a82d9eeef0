// What signs and what verifies, against each other and against published notes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "ledger/note_signer.h"
#include "ledger/tile_tree.h"
#include "ledger/verify/inclusion_file.h"

namespace bulkhead::ledger {
namespace {

using verify::parse_note;
using verify::parse_verifier_key;

// The documentation of Go's golang.org/x/mod/sumdb/note.
constexpr const char* kNeumannKey =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr const char* kNeumannVerifier =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kNeumannText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr const char* kNeumannLine =
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n";
constexpr const char* kRootLine =
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLo"
    "x33WWd1RvMc+QQ=\n";

class ZeroRandom final : public Random {
 public:
  void fill(MutableByteView out) override { std::ranges::fill(out, std::uint8_t{0}); }
};

TEST(Note, SignsAsGoDoes) {
  const NoteSigner signer = NoteSigner::from_private_text(kNeumannKey).value();
  EXPECT_EQ(signer.verifier_key(), kNeumannVerifier);
  EXPECT_EQ(signer.sign(kNeumannText), kNeumannLine);
  EXPECT_EQ(trim(signer.private_text().text()), kNeumannKey);
  ZeroRandom zero;
  const NoteSigner root = NoteSigner::generate("EnochRoot", SignerKind::log, zero).value();
  EXPECT_EQ(root.sign(kNeumannText), kRootLine);
}

TEST(Note, VerifiesPublishedNotes) {
  const auto neumann = parse_note(fmt::format("{}\n{}{}", kNeumannText, kNeumannLine, kRootLine));
  ASSERT_TRUE(neumann);
  EXPECT_EQ(neumann->text, kNeumannText);
  EXPECT_EQ(neumann->signatures.size(), 2u);
  EXPECT_TRUE(verify_signature(*neumann, parse_verifier_key(kNeumannVerifier).value()));
  // The specification c2sp.org/signed-note.
  const auto key =
      parse_verifier_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  ASSERT_TRUE(key);
  const auto note = parse_note(
      "This is an example message.\n\n\u2014 example.com/foo "
      "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi"
      "2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n");
  ASSERT_TRUE(note);
  EXPECT_TRUE(verify_signature(*note, *key));
  EXPECT_EQ(verify_signature(*neumann, *key).error().kind(), ErrorKind::not_found);
}

TEST(Note, CheckpointOfTheSpecificationIsRead) {
  // c2sp.org/tlog-cosignature, whose keys are not published.
  const auto note = parse_note(
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
      "\u2014 example.com/behind-the-sofa "
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zh"
      "cyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
      "\u2014 witness.example.com/w1 "
      "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3"
      "b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n");
  ASSERT_TRUE(note);
  const auto checkpoint = verify::parse_checkpoint(note->text);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20852163u);
  // The time of the cosignature, 1679315147, stands in front of it.
  EXPECT_EQ(to_hex(ByteView(note->signatures[1].signature).first(8)), "00000000641850cb");
}

TEST(Note, CheckpointsOfAnotherFormAreRefused) {
  constexpr const char* kRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  EXPECT_TRUE(verify::parse_checkpoint(fmt::format("o\n0\n{}\n", kRoot)));
  EXPECT_TRUE(verify::parse_checkpoint(fmt::format("o\n0\n{}\nextension\n", kRoot)));
  for (const std::string& bad :
       {fmt::format("o\n0\n{}", kRoot), fmt::format("\n0\n{}\n", kRoot),
        fmt::format("o\n00\n{}\n", kRoot), fmt::format("o\n+1\n{}\n", kRoot),
        fmt::format("o\n18446744073709551616\n{}\n", kRoot), fmt::format("o\n0\n{}\n\n", kRoot),
        std::string("o\n0\n"), std::string("o\n0\nAAAA\n"), std::string()}) {
    EXPECT_FALSE(verify::parse_checkpoint(bad)) << bad;
  }
}

TEST(Note, CosignatureSaysWhen) {
  SeededRandom random(3);
  const NoteSigner witness =
      NoteSigner::generate("witness.example/w", SignerKind::witness, random).value();
  const auto key = parse_verifier_key(witness.verifier_key()).value();
  EXPECT_EQ(key.type, verify::SignatureType::cosignature);
  const std::string text = "o\n1\nx\n";
  const auto note = parse_note(text + "\n" + witness.cosign(text, 1679315147)).value();
  EXPECT_EQ(verify_cosignature(note, key).value(), 1679315147u);
  // A cosignature is no signature of a log, although both are by Ed25519.
  EXPECT_FALSE(verify_signature(note, key));
  auto other = note;
  other.text[0] = 'p';
  EXPECT_EQ(verify_cosignature(other, key).error().kind(), ErrorKind::corrupt);
  other = note;
  other.signatures[0].signature[7] ^= 1;  // of the time
  EXPECT_FALSE(verify_cosignature(other, key));
  const NoteSigner again = NoteSigner::from_private_text(witness.private_text().text()).value();
  EXPECT_EQ(again.kind(), SignerKind::witness);
  EXPECT_EQ(again.verifier_key(), witness.verifier_key());
}

TEST(Note, OneWrongSignatureOfAKnownKeySpoilsTheNote) {
  const auto key = parse_verifier_key(kNeumannVerifier).value();
  auto note = parse_note(fmt::format("{}\n{}{}", kNeumannText, kNeumannLine, kNeumannLine)).value();
  EXPECT_TRUE(verify_signature(note, key));
  note.signatures[1].signature[0] ^= 1;
  EXPECT_EQ(verify_signature(note, key).error().kind(), ErrorKind::corrupt);
}

TEST(Note, MalformedOnesAreRefused) {
  const std::string good = fmt::format("{}\n{}", kNeumannText, kNeumannLine);
  ASSERT_TRUE(parse_note(good));
  const std::string line(kNeumannLine);
  for (const std::string& bad :
       {std::string(), std::string("text\n"), std::string("text\n\n"),
        good.substr(0, good.size() - 1), good + "\n", std::string("text\n\n- x AAAAAAAA\n"),
        std::string("text\n\n\u2014 x\n"), std::string("text\n\n\u2014 x AAAA\n"),
        std::string("text\n\n\u2014 x AAAAAAA\n"), std::string("text\n\n\u2014 a+b AAAAAAAA\n"),
        std::string("text\n\n\u2014  AAAAAAAA\n"), std::string("te\txt\n\n") + line,
        std::string("te\xff\n\n") + line}) {
    EXPECT_FALSE(parse_note(bad)) << bad;
  }
  std::string many = "text\n\n";
  for (std::size_t i = 0; i <= verify::kNoteSignaturesMax; ++i) many += line;
  EXPECT_EQ(parse_note(many).error().kind(), ErrorKind::limit);
}

TEST(Note, KeysOfAnotherFormAreRefused) {
  for (const char* bad :
       {"", "x", "x+530d903a", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0="}) {
    EXPECT_FALSE(parse_verifier_key(bad)) << bad;
  }
  const auto wrong = NoteSigner::from_private_text("PRIVATE+KEY+PeterNeumann+c74f20a4+AYEK");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message().find("AYEK"), std::string::npos) << "it is a secret";
  SeededRandom random(1);
  EXPECT_FALSE(NoteSigner::generate("a b", SignerKind::log, random));
  EXPECT_FALSE(NoteSigner::generate("a+b", SignerKind::log, random));
}

// A tree of two entries, the second of which is proven.
std::string proof_file(std::string_view entry, std::uint64_t index, const NoteSigner& signer) {
  TileTree tree;
  tree.add(as_bytes("first"));
  tree.add(as_bytes("second"));
  const std::string text = fmt::format("o\n2\n{}\n", to_base64(tree.root()));
  return fmt::format("c2sp.org/tlog-proof@v1\nextra {}\nindex {}\n{}\n\n{}\n{}",
                     to_base64(as_bytes(entry)), index, to_base64(hash_leaf(as_bytes("first"))),
                     text, signer.sign(text));
}

TEST(InclusionFile, VerifiesByItselfAndNothingElseDoes) {
  SeededRandom random(5);
  const NoteSigner signer = NoteSigner::generate("o", SignerKind::log, random).value();
  const NoteSigner other = NoteSigner::generate("o", SignerKind::log, random).value();
  const auto key = parse_verifier_key(signer.verifier_key()).value();
  const auto verifies = [&](const std::string& text) {
    const auto file = verify::parse_inclusion_file(text);
    return file && verify::verify_inclusion_file(*file, key);
  };
  const std::string good = proof_file("second", 1, signer);
  EXPECT_TRUE(verifies(good));
  EXPECT_FALSE(verifies(proof_file("another", 1, signer)));
  EXPECT_FALSE(verifies(proof_file("second", 0, signer)));
  EXPECT_FALSE(verifies(proof_file("second", 2, signer)));
  EXPECT_FALSE(verifies(proof_file("second", 1, other)));
  EXPECT_FALSE(verifies(good.substr(1)));
  EXPECT_FALSE(verifies(good.substr(0, good.size() - 2)));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(verifies(changed)) << at;
  }
}

}  // namespace
}  // namespace bulkhead::ledger
