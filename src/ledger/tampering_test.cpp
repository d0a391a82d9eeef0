// Every kind of change to a ledger's folder is found, and its place is named.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ledger/crashing_files.h"
#include "ledger/ledger.h"
#include "ledger/verify/log_folder.h"
#include "ledger/verify/tile_files.h"

namespace bulkhead::ledger {
namespace {

constexpr const char* kOrigin = "example/ledger";
// More than one bundle, a full tile of level 0 and partial ones of two levels, some of them twice.
constexpr std::uint64_t kFirst = 590;
constexpr std::uint64_t kSize = 600;

class TamperingTest : public testing::Test {
 protected:
  static NoteSigner signer() {
    SeededRandom random(1);
    return NoteSigner::generate(kOrigin, SignerKind::log, random).value();
  }
  static Bytes entry(std::uint64_t number) { return to_bytes(fmt::format("entry {}", number)); }

  // A ledger of these entries, all signed, as it would lie there.
  static std::map<std::string, Bytes> ledger_of(const std::vector<Bytes>& entries) {
    Disk disk;
    const auto ledger =
        Ledger::open(std::make_unique<CrashingFiles>(disk), kOrigin, signer()).value();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      (void)ledger->submit(entries[i]).value();
      if (i + 1 == kFirst) {
        (void)ledger->append(entry(++i)).value();
        (void)ledger->sign_now().value();
      }
    }
    EXPECT_TRUE(ledger->close());
    return disk.files();
  }
  static std::vector<Bytes> entries(std::uint64_t count) {
    std::vector<Bytes> out;
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(entry(i));
    return out;
  }

  void lay(const std::map<std::string, Bytes>& files) const {
    Disk disk;
    disk.set(files);
    EXPECT_TRUE(disk.write_to(folder()));
  }
  Path folder() const { return folder_.path() / "ledger"; }
  std::optional<verify::BadPlace> bad_place(const std::map<std::string, Bytes>& files,
                                            std::vector<verify::Remembered> remembered = {}) const {
    EXPECT_TRUE(remove_tree(folder()));
    EXPECT_TRUE(make_directories(folder()));
    lay(files);
    return bad_place_here(std::move(remembered));
  }
  std::optional<verify::BadPlace> bad_place_here(
      std::vector<verify::Remembered> remembered = {}) const {
    verify::FolderOptions options;
    options.folder = folder();
    options.key = verify::parse_verifier_key(signer().verifier_key()).value();
    options.remembered = std::move(remembered);
    return verify::verify_folder(options).value().bad;
  }
  void expect_bad(const std::map<std::string, Bytes>& files, const std::string& file,
                  const std::string& when) {
    const auto bad = bad_place(files);
    ASSERT_TRUE(bad) << when;
    EXPECT_EQ(bad->file, file) << when << ": " << bad->what;
  }
  void expect_entry(const std::map<std::string, Bytes>& files, std::uint64_t number,
                    const std::string& when) {
    const auto bad = bad_place(files);
    ASSERT_TRUE(bad) << when;
    ASSERT_TRUE(bad->entry) << when << ": " << bad->describe();
    EXPECT_EQ(*bad->entry, number) << when << ": " << bad->describe();
    EXPECT_TRUE(bad->file.starts_with("tile/entries/")) << bad->describe();
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("tampering-test").value();
  std::map<std::string, Bytes> files_ = ledger_of(entries(kSize));
};

TEST_F(TamperingTest, UntouchedLedgerIsGood) {
  const auto bad = bad_place(files_);
  EXPECT_FALSE(bad) << bad->describe();
  // What the mutations below go through.
  for (const char* name : {"checkpoint", "tile/entries/000", "tile/entries/001",
                           "tile/entries/002.p/79", "tile/entries/002.p/88", "tile/0/000",
                           "tile/0/001", "tile/0/002.p/79", "tile/0/002.p/88", "tile/1/000.p/2"}) {
    EXPECT_TRUE(files_.contains(name)) << name;
  }
}

TEST_F(TamperingTest, ChangeOfAnyByteIsNamed) {
  ASSERT_FALSE(bad_place(files_));
  for (const auto& [name, content] : files_) {
    // Each byte of the small ones; of the others a sample that meets every part.
    const std::size_t step = content.size() < 400 ? 1 : 61;
    for (std::size_t at = 0; at < content.size(); at += step) {
      Bytes changed = content;
      changed[at] ^= static_cast<std::uint8_t>(1u << (at % 8));
      lay({{name, changed}});
      const auto bad = bad_place_here();
      ASSERT_TRUE(bad) << name << ", byte " << at;
      EXPECT_EQ(bad->file, name) << "byte " << at << ": " << bad->what;
    }
    lay({{name, content}});
  }
}

TEST_F(TamperingTest, LossCutAndAdditionAreNamed) {
  for (const auto& [name, content] : files_) {
    if (name.find(".p/79") != name.npos) continue;  // what was signed before may go
    std::map<std::string, Bytes> changed = files_;
    changed.erase(name);
    expect_bad(changed, name, name + " is lost");
    for (const std::size_t size : {content.size() - 1, content.size() / 2, std::size_t{0}}) {
      changed = files_;
      changed[name].resize(size);
      expect_bad(changed, name, fmt::format("{} is cut to {} bytes", name, size));
    }
    changed = files_;
    changed[name].push_back('\n');
    expect_bad(changed, name, name + " is longer");
  }
}

// The bundle with other entries, and everything else as it was.
Bytes bundle_of(const std::vector<Bytes>& entries) {
  Bytes out;
  for (const Bytes& each : entries) {
    out.push_back(static_cast<std::uint8_t>(each.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(each.size() & 0xff));
    out.insert(out.end(), each.begin(), each.end());
  }
  return out;
}

TEST_F(TamperingTest, EntryThatWasEditedDroppedOrMovedIsNamed) {
  for (const std::uint64_t at : {0u, 7u, 254u}) {
    std::vector<Bytes> first = entries(256);
    first[at] = to_bytes("nothing happened");
    std::map<std::string, Bytes> changed = files_;
    changed["tile/entries/000"] = bundle_of(first);
    expect_entry(changed, at, "edited");
    first = entries(256);
    first.erase(first.begin() + static_cast<long>(at));
    changed["tile/entries/000"] = bundle_of(first);
    expect_entry(changed, at, "dropped");
    first = entries(256);
    std::swap(first[at], first[at + 1]);
    changed["tile/entries/000"] = bundle_of(first);
    expect_entry(changed, at, "moved");
  }
}

TEST_F(TamperingTest, EntryAndItsTilesRewrittenTogetherAreFound) {
  std::vector<Bytes> other = entries(kSize);
  other[300] = to_bytes("nothing happened");
  std::map<std::string, Bytes> forged = ledger_of(other);
  // The forger has no key, so the checkpoint stays.
  forged["checkpoint"] = files_["checkpoint"];
  auto bad = bad_place(forged);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->file, "checkpoint");
  EXPECT_NE(bad->what.find("rewritten together"), std::string::npos);
  // With the leaf tile alone rewritten, the tile above it tells.
  std::map<std::string, Bytes> partly = files_;
  partly["tile/entries/001"] = forged["tile/entries/001"];
  partly["tile/0/001"] = forged["tile/0/001"];
  bad = bad_place(partly);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->file, "tile/0/001");
}

TEST_F(TamperingTest, ForkAndRollBackSignedByTheOwnerAreFoundByWhatAWitnessRemembers) {
  const auto root_of = [](const std::map<std::string, Bytes>& files) {
    const auto note = verify::parse_note(as_text(files.at("checkpoint"))).value();
    return verify::parse_checkpoint(note.text)->root;
  };
  const verify::Remembered witness{"the witness", kSize, root_of(files_)};
  EXPECT_FALSE(bad_place(files_, {witness}));
  EXPECT_FALSE(bad_place(ledger_of(entries(kSize + 50)), {witness})) << "it only grew";

  std::vector<Bytes> other = entries(kSize + 50);
  other[3] = to_bytes("nothing happened");
  auto bad = bad_place(ledger_of(other), {witness});
  ASSERT_TRUE(bad);
  EXPECT_NE(bad->what.find("forked: the first 600 entries"), std::string::npos) << bad->what;

  const auto older = ledger_of(entries(kSize - 1));
  EXPECT_FALSE(bad_place(older)) << "nothing in the copy itself tells";
  bad = bad_place(older, {witness});
  ASSERT_TRUE(bad);
  EXPECT_NE(bad->what.find("rolled back: the witness has seen 600 entries, here are 599"),
            std::string::npos)
      << bad->what;
  ASSERT_TRUE(bad->entry);
  EXPECT_EQ(*bad->entry, kSize - 1);
}

TEST_F(TamperingTest, VerifierIncludesNothingOfTheWriter) {
  const Path folder = Path(BULKHEAD_SOURCE_DIR) / "src/ledger/verify";
  int includes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    const std::string text = read_text_file(file.path(), 1 << 20).value();
    for (std::size_t at = 0; (at = text.find("#include \"", at)) != text.npos; ++at, ++includes) {
      const std::string name = text.substr(at + 10, text.find('"', at + 10) - at - 10);
      EXPECT_TRUE(name.starts_with("base/") || name.starts_with("ledger/verify/") ||
                  name == "crypto/sha256.h" || name == "crypto/ed25519.h")
          << file.path() << " includes " << name;
    }
  }
  EXPECT_GT(includes, 10);
}

}  // namespace
}  // namespace bulkhead::ledger
