// Runs a fuzzer without libFuzzer: each file of the corpus folder as it is, then a fixed number of
// seeded mutations of it. `make fuzz` does the coverage-guided search; this keeps its finds found.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kMutationsPerFile = 400;
constexpr std::size_t kInputSizeMax = 1 << 20;

using Input = std::vector<std::uint8_t>;

Input read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(file), {});
}

Input mutate(Input input, std::mt19937_64& random) {
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes; ++i) {
    const std::size_t at = input.empty() ? 0 : random() % input.size();
    switch (random() % 5) {
      case 0:
        if (!input.empty()) input[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        if (!input.empty()) input[at] ^= static_cast<std::uint8_t>(1u << random() % 8);
        break;
      case 2:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at),
                     static_cast<std::uint8_t>(random()));
        break;
      case 3: input.resize(at); break;
      default:
        if (!input.empty() && input.size() < kInputSizeMax) {
          const std::size_t length = std::min<std::size_t>(1 + random() % 64, input.size() - at);
          const Input piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                            input.begin() + static_cast<std::ptrdiff_t>(at + length));
          input.insert(input.begin() + static_cast<std::ptrdiff_t>(random() % input.size()),
                       piece.begin(), piece.end());
        }
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER (a folder with at least one file)\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry);
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::fprintf(stderr, "%s holds no file: a fuzzer needs a corpus\n", argv[1]);
    return 2;
  }
  std::mt19937_64 random(20200930);
  for (const auto& file : files) {
    const Input input = read(file);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    for (int i = 0; i < kMutationsPerFile; ++i) {
      const Input mutated = mutate(input, random);
      LLVMFuzzerTestOneInput(mutated.data(), mutated.size());
    }
  }
  std::printf("%zu files, %zu inputs\n", files.size(), files.size() * (kMutationsPerFile + 1));
  return 0;
}
