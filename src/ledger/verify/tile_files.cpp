#include "ledger/verify/tile_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::ledger::verify {
namespace {

constexpr std::size_t kBundleSizeMax = kTileWidth * (2 + kEntrySizeMax);

std::string with_width(std::string name, std::uint64_t width) {
  return width == kTileWidth ? name : fmt::format("{}.p/{}", name, width);
}

Hashes split_hashes(const Result<Bytes>& bytes, std::uint64_t width, bool is_exact) {
  Hashes out;
  if (!bytes) {
    out.defect = bytes.error().message();
    return out;
  }
  const ByteView view(*bytes);
  for (std::uint64_t i = 0; i < width && view.size() >= (i + 1) * sizeof(Hash); ++i) {
    Hash hash{};
    const ByteView part = view.subspan(i * sizeof(Hash), sizeof(Hash));
    std::copy(part.begin(), part.end(), hash.begin());
    out.hashes.push_back(hash);
  }
  if (out.hashes.size() < width) {
    out.defect = fmt::format("it is cut off in hash {}", out.hashes.size());
  } else if (is_exact && view.size() != width * sizeof(Hash)) {
    out.defect = fmt::format("it is {} bytes long, {} hashes are {}", view.size(), width,
                             width * sizeof(Hash));
  }
  return out;
}

Entries split_entries(const Result<Bytes>& bytes, std::uint64_t width, bool is_exact) {
  Entries out;
  if (!bytes) {
    out.defect = bytes.error().message();
    return out;
  }
  ByteView rest(*bytes);
  while (out.entries.size() < width) {
    const std::size_t size = rest.size() < 2 ? 0 : std::size_t{rest[0]} << 8 | rest[1];
    if (rest.size() < 2 + size) {
      out.defect = "it is cut off there";
      return out;
    }
    out.entries.emplace_back(rest.begin() + 2, rest.begin() + 2 + static_cast<long>(size));
    rest = rest.subspan(2 + size);
  }
  if (is_exact && !rest.empty()) {
    out.defect = fmt::format("{} bytes follow its last entry", rest.size());
  }
  return out;
}

}  // namespace

std::string index_path(std::uint64_t index) {
  std::string out = fmt::format("{:03}", index % 1000);
  for (index /= 1000; index > 0; index /= 1000) out = fmt::format("x{:03}/{}", index % 1000, out);
  return out;
}

std::string tile_name(unsigned level, std::uint64_t index, std::uint64_t width) {
  return with_width(fmt::format("tile/{}/{}", level, index_path(index)), width);
}

std::string entries_name(std::uint64_t index, std::uint64_t width) {
  return with_width(fmt::format("tile/entries/{}", index_path(index)), width);
}

Result<Bytes> TileFiles::read(const std::string& full_name, std::uint64_t width,
                              std::size_t size_max) const {
  auto bytes = read_file(folder_ / with_width(full_name, width), size_max);
  if (bytes || bytes.error().kind() != ErrorKind::not_found) return bytes;
  return fail(ErrorKind::not_found, "it is missing");
}

Hashes TileFiles::tile(unsigned level, std::uint64_t index, std::uint64_t width) const {
  const std::string name = tile_name(level, index, kTileWidth);
  auto bytes = read(name, width, kTileWidth * sizeof(Hash));
  const bool is_partial = width < kTileWidth;
  if (!bytes && is_partial) {
    auto full = read(name, kTileWidth, kTileWidth * sizeof(Hash));
    if (full) return split_hashes(full, width, false);
  }
  return split_hashes(bytes, width, true);
}

Entries TileFiles::entries(std::uint64_t index, std::uint64_t width) const {
  const std::string name = entries_name(index, kTileWidth);
  auto bytes = read(name, width, kBundleSizeMax);
  if (!bytes && width < kTileWidth) {
    auto full = read(name, kTileWidth, kBundleSizeMax);
    if (full) return split_entries(full, width, false);
  }
  return split_entries(bytes, width, true);
}

std::vector<std::uint64_t> TileFiles::narrower(const std::string& full_name,
                                               std::uint64_t width) const {
  std::vector<std::uint64_t> out;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_ / (full_name + ".p"), error), end;
       !error && at != end; at.increment(error)) {
    const auto found = parse_u64(at->path().filename().native());
    if (found && *found > 0 && *found < width) out.push_back(*found);
  }
  std::ranges::sort(out);
  return out;
}

std::optional<Hashes> TileFiles::narrow_tile(const std::string& full_name,
                                             std::uint64_t width) const {
  const auto bytes = read(full_name, width, kTileWidth * sizeof(Hash));
  if (!bytes && bytes.error().kind() == ErrorKind::not_found) return std::nullopt;
  return split_hashes(bytes, width, true);
}

std::optional<Entries> TileFiles::narrow_entries(const std::string& full_name,
                                                 std::uint64_t width) const {
  const auto bytes = read(full_name, width, kBundleSizeMax);
  if (!bytes && bytes.error().kind() == ErrorKind::not_found) return std::nullopt;
  return split_entries(bytes, width, true);
}

}  // namespace bulkhead::ledger::verify
