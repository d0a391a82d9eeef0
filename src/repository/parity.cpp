#include "repository/parity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "base/check.h"
#include "base/guarded.h"
#include "repository/internal/erasure_code.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

constexpr std::string_view kMagic = "BULKPAR1";
constexpr std::size_t kSectorSize = 4096;
constexpr std::size_t kSumSize = 8;
constexpr std::size_t kDigestSize = 32;
// magic, pack's id, pack's size, data sectors, stripes, data and parity sectors of a stripe
constexpr std::size_t kHeaderSize = 8 + 32 + 4 * 5;
constexpr std::size_t kParityShardsMin = 2;

// How a pack is cut up. Sector i belongs to stripe i mod stripes.
struct Layout {
  std::uint32_t pack_size = 0;
  std::uint32_t sectors = 0;
  std::uint32_t stripes = 0;
  std::uint32_t data_shards = 0;
  std::uint32_t parity_shards = 0;

  std::size_t parity_sectors() const { return std::size_t{stripes} * parity_shards; }
  std::size_t table_size() const {
    return kHeaderSize + (sectors + parity_sectors()) * kSumSize + kDigestSize;
  }
  // The table, the sectors of parity, the table again, and its length.
  std::size_t file_size() const {
    return 2 * table_size() + parity_sectors() * kSectorSize + sizeof(std::uint32_t);
  }
  bool operator==(const Layout&) const = default;
};

Layout layout_for(std::size_t pack_size, double percent) {
  const double share = std::clamp(percent, 0.0, kParityPercentMax) / 100;
  Layout layout;
  layout.pack_size = static_cast<std::uint32_t>(pack_size);
  layout.sectors = static_cast<std::uint32_t>((pack_size + kSectorSize - 1) / kSectorSize);
  const auto widest = static_cast<std::uint32_t>((kShardsMax - kParityShardsMin) / (1 + share));
  layout.stripes = (layout.sectors + widest - 1) / widest;
  layout.data_shards = (layout.sectors + layout.stripes - 1) / layout.stripes;
  layout.parity_shards =
      std::max(static_cast<std::uint32_t>(kParityShardsMin),
               static_cast<std::uint32_t>(std::ceil(layout.data_shards * share)));
  return layout;
}

bool plausible(const Layout& layout) {
  return layout.pack_size > 0 && layout.stripes > 0 && layout.data_shards > 0 &&
         layout.parity_shards > 0 && layout.data_shards + layout.parity_shards <= kShardsMax &&
         layout.sectors == (std::uint64_t{layout.pack_size} + kSectorSize - 1) / kSectorSize &&
         std::uint64_t{layout.stripes} * layout.data_shards >= layout.sectors &&
         layout.stripes <= layout.sectors;
}

ByteView sum_of(const crypto::Sha256Digest& digest) { return ByteView(digest).first(kSumSize); }

// Sectors are as long as all others; what a pack lacks of its last one is zeros.
Bytes padded(ByteView bytes, std::size_t size) {
  Bytes out(bytes.begin(), bytes.end());
  out.resize(size);
  return out;
}

ByteView sector(ByteView bytes, std::size_t number) {
  return bytes.subspan(number * kSectorSize, kSectorSize);
}

struct ParityFile {
  Layout layout;
  ByteView sums;     // of data, then of parity
  ByteView sectors;  // of parity: stripe by stripe

  ByteView sum(std::size_t i) const { return sums.subspan(i * kSumSize, kSumSize); }
};

std::optional<Layout> read_table(const PackId& id, ByteView table) {
  if (table.size() < kHeaderSize + kDigestSize) return std::nullopt;
  if (as_text(table.first(kMagic.size())) != kMagic) return std::nullopt;
  if (!std::ranges::equal(table.subspan(kMagic.size(), 32), id.bytes())) return std::nullopt;
  constexpr std::size_t kNumbers = 8 + 32;
  const Layout layout{.pack_size = read_u32le(table, kNumbers),
                      .sectors = read_u32le(table, kNumbers + 4),
                      .stripes = read_u32le(table, kNumbers + 8),
                      .data_shards = read_u32le(table, kNumbers + 12),
                      .parity_shards = read_u32le(table, kNumbers + 16)};
  if (!plausible(layout) || table.size() < layout.table_size()) return std::nullopt;
  const ByteView content = table.first(layout.table_size() - kDigestSize);
  const auto digest = crypto::sha256(content);
  const bool same = std::ranges::equal(digest, table.subspan(content.size(), kDigestSize));
  return same ? std::optional(layout) : std::nullopt;
}

// By whichever of its two tables is undamaged.
Result<ParityFile> read_parity(const PackId& id, ByteView file) {
  ByteView table = file;
  auto layout = read_table(id, table);
  if (!layout && file.size() > sizeof(std::uint32_t)) {
    const std::size_t size = read_u32le(file, file.size() - 4);
    if (size <= file.size() - 4) {
      table = file.subspan(file.size() - 4 - size, size);
      layout = read_table(id, table);
    }
  }
  if (!layout) return fail(ErrorKind::corrupt, "its parity file is damaged, too");
  const std::size_t begin = layout->table_size();
  const std::size_t size = layout->parity_sectors() * kSectorSize;
  if (file.size() < begin + size) return fail(ErrorKind::corrupt, "its parity file is cut short");
  return ParityFile{*layout, table.subspan(kHeaderSize, layout->table_size() - kHeaderSize),
                    file.subspan(begin, size)};
}

// A lost sector is marked; those of the stripe's end that do not exist are zeros and never lost.
class Stripe {
 public:
  Stripe(const ParityFile& parity, Bytes& data, std::uint32_t number)
      : parity_(parity), data_(data), number_(number) {}

  // False where too much is lost.
  bool mend() {
    const Layout& layout = parity_.layout;
    static const Bytes kZeros(kSectorSize);
    std::vector<std::optional<ByteView>> shards;
    std::vector<std::size_t> lost;
    for (std::uint32_t shard = 0; shard < layout.data_shards; ++shard) {
      const std::size_t i = std::size_t{shard} * layout.stripes + number_;
      if (i >= layout.sectors) {
        shards.emplace_back(kZeros);
        continue;
      }
      shards.push_back(checked(sector(data_, i), i));
      if (!shards.back()) lost.push_back(i);
    }
    for (std::uint32_t shard = 0; shard < layout.parity_shards; ++shard) {
      const std::size_t i = std::size_t{number_} * layout.parity_shards + shard;
      shards.push_back(checked(sector(parity_.sectors, i), layout.sectors + i));
    }
    const auto found = decode_stripe(shards, layout.data_shards, kSectorSize);
    if (!found) return false;
    for (std::size_t i = 0; i < lost.size(); ++i) {
      std::ranges::copy((*found)[i],
                        data_.begin() + static_cast<std::ptrdiff_t>(lost[i] * kSectorSize));
    }
    return true;
  }

 private:
  std::optional<ByteView> checked(ByteView bytes, std::size_t sum) const {
    const auto digest = crypto::sha256(bytes);
    if (std::ranges::equal(sum_of(digest), parity_.sum(sum))) return bytes;
    return std::nullopt;
  }

  const ParityFile& parity_;
  Bytes& data_;
  const std::uint32_t number_;
};

Bytes encode_table(const PackId& id, const Layout& layout, ByteView data, ByteView parity) {
  Bytes table = to_bytes(kMagic);
  const ByteView name = id.bytes();
  table.insert(table.end(), name.begin(), name.end());
  for (const std::uint32_t number : {layout.pack_size, layout.sectors, layout.stripes,
                                     layout.data_shards, layout.parity_shards}) {
    append_u32le(table, number);
  }
  const auto append_sums = [&](ByteView bytes) {
    for (std::size_t i = 0; i < bytes.size() / kSectorSize; ++i) {
      const auto digest = crypto::sha256(sector(bytes, i));
      const ByteView sum = sum_of(digest);
      table.insert(table.end(), sum.begin(), sum.end());
    }
  };
  append_sums(data);
  append_sums(parity);
  const auto digest = crypto::sha256(table);
  table.insert(table.end(), digest.begin(), digest.end());
  return table;
}

}  // namespace

Bytes make_parity(const PackId& id, ByteView pack, double percent) {
  CHECK(!pack.empty() && pack.size() <= UINT32_MAX - kSectorSize);
  const Layout layout = layout_for(pack.size(), percent);
  const Bytes data = padded(pack, std::size_t{layout.sectors} * kSectorSize);
  const Bytes zeros(kSectorSize);
  Bytes parity(layout.parity_sectors() * kSectorSize);
  for (std::uint32_t stripe = 0; stripe < layout.stripes; ++stripe) {
    std::vector<ByteView> in;
    std::vector<MutableByteView> out;
    for (std::uint32_t shard = 0; shard < layout.data_shards; ++shard) {
      const std::size_t i = std::size_t{shard} * layout.stripes + stripe;
      in.push_back(i < layout.sectors ? sector(data, i) : ByteView(zeros));
    }
    for (std::uint32_t shard = 0; shard < layout.parity_shards; ++shard) {
      const std::size_t i = std::size_t{stripe} * layout.parity_shards + shard;
      out.push_back(MutableByteView(parity).subspan(i * kSectorSize, kSectorSize));
    }
    encode_stripe(in, out);
  }
  const Bytes table = encode_table(id, layout, data, parity);
  Bytes file;
  file.reserve(layout.file_size());
  for (const ByteView part : {ByteView(table), ByteView(parity), ByteView(table)}) {
    file.insert(file.end(), part.begin(), part.end());
  }
  append_u32le(file, static_cast<std::uint32_t>(table.size()));
  CHECK(file.size() == layout.file_size());
  return file;
}

bool parity_is_whole(const PackId& id, ByteView file) {
  const auto layout = read_table(id, file);
  if (!layout || file.size() != layout->file_size()) return false;
  const std::size_t table = layout->table_size();
  if (!std::ranges::equal(file.first(table), file.subspan(file.size() - 4 - table, table)) ||
      read_u32le(file, file.size() - 4) != table) {
    return false;
  }
  const auto parity = read_parity(id, file);
  for (std::size_t i = 0; parity && i < layout->parity_sectors(); ++i) {
    const auto digest = crypto::sha256(sector(parity->sectors, i));
    if (!std::ranges::equal(sum_of(digest), parity->sum(layout->sectors + i))) return false;
  }
  return parity.has_value();
}

Result<Bytes> rebuild_pack(const PackId& id, ByteView damaged, ByteView parity_bytes) {
  const ParityFile parity = TRY(read_parity(id, parity_bytes));
  const Layout& layout = parity.layout;
  const ByteView there = damaged.first(std::min<std::size_t>(damaged.size(), layout.pack_size));
  Bytes data = padded(there, std::size_t{layout.sectors} * kSectorSize);
  for (std::uint32_t stripe = 0; stripe < layout.stripes; ++stripe) {
    if (Stripe(parity, data, stripe).mend()) continue;
    return fail(ErrorKind::corrupt, "more of it is damaged than its parity can mend");
  }
  data.resize(layout.pack_size);
  if (PackId::of(data) != id) return fail(ErrorKind::corrupt, "its parity is of something else");
  return data;
}

Result<ParityReport> add_parity(Repository& repository, const ParityOptions& options) {
  if (!(options.percent > 0 && options.percent <= kParityPercentMax)) {
    return fail(ErrorKind::invalid,
                fmt::format("parity is between 0 and {} per cent", kParityPercentMax));
  }
  storage::Backend& backend = repository.backend();
  const auto packs = TRY_CONTEXT(backend.list(FileType::data), "listing packs");
  std::set<std::string> have;
  for (const auto& info : TRY_CONTEXT(backend.list(FileType::parity), "listing parity files")) {
    have.insert(info.name);
  }
  struct Outcome {
    ParityReport report;
    std::optional<Error> fatal;
    StageProgress progress{.stage = "making parity", .things = "packs"};
  };
  Guarded<Outcome> outcome;
  outcome.with([&](Outcome& out) {
    out.progress.total = packs.size();
    for (const auto& info : packs) out.progress.bytes_total += info.size;
  });
  std::atomic<bool> stopped{false};
  const auto protect = [&](const storage::FileInfo& info) -> Result<std::uint64_t> {
    const PackId id = TRY(PackId::from_hex(info.name));
    const Bytes pack = TRY_CONTEXT(backend.load({FileType::data, info.name}), "pack " + info.name);
    if (PackId::of(pack) != id) return fail(ErrorKind::corrupt, "pack " + info.name);
    const Bytes parity = make_parity(id, pack, options.percent);
    TRY_CONTEXT(backend.save({FileType::parity, info.name}, parity), "saving parity");
    return parity.size();
  };
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < packs.size() && !stopped; i = next++) {
      if (options.cancel && *options.cancel) return;
      const bool missing = !have.contains(packs[i].name);
      const auto made = missing ? protect(packs[i]) : Result<std::uint64_t>(0);
      outcome.with([&](Outcome& out) {
        ++out.report.packs;
        if (missing && made) {
          ++out.report.made;
          out.report.bytes_made += *made;
        } else if (!made && made.error().kind() == ErrorKind::corrupt) {
          out.report.damaged.push_back(made.error().message());
        } else if (!made && made.error().kind() != ErrorKind::not_found) {
          out.fatal = made.error();
          stopped = true;
        }
        ++out.progress.done;
        out.progress.bytes_done += packs[i].size;
        if (options.progress) options.progress(out.progress);
      });
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, options.threads); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (options.cancel && *options.cancel) return fail(ErrorKind::unavailable, "cancelled");
  return outcome.with([](Outcome& out) -> Result<ParityReport> {
    if (out.fatal) return std::unexpected(*out.fatal);
    return std::move(out.report);
  });
}

}  // namespace bulkhead::repository
