#include <algorithm>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "repository/internal/pack_inventory.h"
#include "repository/internal/repacker.h"
#include "repository/lock.h"
#include "repository/pack.h"
#include "repository/parity.h"
#include "repository/repair.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

class PackRepair {
 public:
  PackRepair(Repository& repository, const RepairPacksOptions& options)
      : repository_(repository), options_(options), repacker_(repository) {}

  Result<RepairPacksReport> run() {
    inventory_ =
        TRY(PackInventory::read(repository_, PackInventory::OnDamage::skip, options_.progress));
    TRY(choose());
    const auto damaged = TRY(read_all());
    report_.parity_renewed = parity_renewed_;
    for (const std::uint32_t pack : damaged) TRY(mend(inventory_.packs()[pack]));
    if (options_.dry_run == DryRun::yes || report_.salvaged == 0) return std::move(report_);
    // What was saved is in the index before what it came from goes out of it.
    TRY(repacker_.finish());
    TRY(inventory_.write_index(repository_));
    return std::move(report_);
  }

 private:
  Result<void> choose() {
    // Servers that know of no such files answer with an error.
    const auto files = repository_.backend().list(FileType::parity);
    for (const auto& info : files.value_or(std::vector<storage::FileInfo>())) {
      parity_.insert(info.name);
    }
    const std::set<PackId> wanted(options_.packs.begin(), options_.packs.end());
    std::set<PackId> known;
    for (std::uint32_t i = 0; i < inventory_.packs().size(); ++i) {
      const PackRecord& pack = inventory_.packs()[i];
      known.insert(pack.id);
      // restic's prune deletes what ours took out of use, and our index still tells of it.
      const bool deleted = pack.state == PackState::hidden && !pack.present;
      if (wanted.empty() ? !deleted : wanted.contains(pack.id)) chosen_.push_back(i);
    }
    for (const PackId& id : wanted) {
      if (!known.contains(id)) {
        return fail(ErrorKind::not_found, fmt::format("there is no pack {}", id.to_hex()));
      }
    }
    return {};
  }

  // Those that are not what their names say.
  Result<std::vector<std::uint32_t>> read_all() {
    struct Outcome {
      std::vector<std::uint32_t> damaged;
      std::optional<Error> fatal;
    };
    Guarded<Outcome> outcome;
    StageProgress progress{.stage = "reading packs", .things = "packs", .total = chosen_.size()};
    for (const std::uint32_t pack : chosen_) progress.bytes_total += inventory_.packs()[pack].size;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < chosen_.size(); i = next++) {
        if (options_.cancel && *options_.cancel) return;
        const PackRecord& pack = inventory_.packs()[chosen_[i]];
        const auto whole = is_whole(pack);
        outcome.with([&](Outcome& out) {
          ++report_.read;
          if (!whole) out.fatal = whole.error();
          else if (!*whole) out.damaged.push_back(chosen_[i]);
          progress.done = report_.read;
          progress.bytes_done += pack.size;
          if (options_.progress) options_.progress(progress);
        });
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    if (options_.cancel && *options_.cancel) return fail(ErrorKind::unavailable, "cancelled");
    return outcome.with([](Outcome& out) -> Result<std::vector<std::uint32_t>> {
      if (out.fatal) return std::unexpected(*out.fatal);
      std::ranges::sort(out.damaged);
      return std::move(out.damaged);
    });
  }

  Result<bool> is_whole(const PackRecord& pack) {
    const std::string name = pack.id.to_hex();
    const auto bytes = repository_.backend().load({FileType::data, name});
    if (!bytes && bytes.error().kind() == ErrorKind::not_found) return false;
    if (!bytes) return std::unexpected(bytes.error());
    if (PackId::of(*bytes) != pack.id) return false;
    if (!parity_.contains(name)) return true;
    const Bytes parity = TRY(repository_.backend().load({FileType::parity, name}));
    if (parity_is_whole(pack.id, parity)) return true;
    ++parity_renewed_;
    if (options_.dry_run == DryRun::yes) return true;
    TRY(repository_.backend().replace({FileType::parity, name},
                                      make_parity(pack.id, *bytes, ParityOptions().percent)));
    return true;
  }

  Result<void> mend(PackRecord& pack) {
    const std::string name = pack.id.to_hex();
    const auto loaded = repository_.backend().load({FileType::data, name});
    const Bytes there = loaded.value_or(Bytes());
    std::string why_not = "it has no parity";
    if (parity_.contains(name)) {
      const Bytes parity = TRY(repository_.backend().load({FileType::parity, name}));
      const auto rebuilt = rebuild_pack(pack.id, there, parity);
      if (rebuilt) return put_back(pack, *rebuilt);
      why_not = rebuilt.error().message();
    }
    return salvage(pack, there, why_not);
  }

  Result<void> put_back(const PackRecord& pack, const Bytes& rebuilt) {
    ++report_.rebuilt;
    report_.notes.push_back(fmt::format("pack {}: rebuilt, every byte of it", pack.id.to_hex()));
    if (options_.dry_run == DryRun::yes) return {};
    return repository_.backend().replace({FileType::data, pack.id.to_hex()}, rebuilt);
  }

  // By the index, or else by its own header.
  std::vector<PackedBlob> blobs_of(const PackRecord& pack, ByteView there) const {
    std::vector<PackedBlob> blobs;
    const CopyTable& table = inventory_.table();
    for (std::size_t i = 0; i < table.size(); ++i) {
      const CopyTable::Copy& copy = table.at(i);
      if (inventory_.packs()[copy.pack()].id == pack.id) blobs.push_back(copy.blob());
    }
    if (blobs.empty()) {
      blobs = read_pack_header(there, repository_.key()).value_or(std::vector<PackedBlob>());
    }
    return blobs;
  }

  Result<void> salvage(PackRecord& pack, ByteView there, const std::string& why_not) {
    std::uint64_t saved = 0;
    const std::vector<PackedBlob> blobs = blobs_of(pack, there);
    for (const PackedBlob& blob : blobs) {
      const bool whole =
          std::uint64_t{blob.offset} + blob.sealed_size <= there.size() &&
          open_blob(repository_.key(), blob, there.subspan(blob.offset, blob.sealed_size));
      if (!whole) continue;
      ++saved;
      if (options_.dry_run == DryRun::no) TRY(repacker_.copy({pack.id, {blob}}, there));
    }
    ++report_.salvaged;
    report_.blobs_lost += blobs.size() - saved;
    report_.notes.push_back(fmt::format("pack {}: {}; {} of its {} blobs are whole",
                                        pack.id.to_hex(), why_not, saved, blobs.size()));
    // Its file stays until a prune: somebody may have a better idea. Its blobs are forgotten, so
    // that nothing takes them for readable.
    pack.misdescribed = true;
    pack.retired = repository_.clock().now();
    pack.state = pack.present ? PackState::hidden : PackState::gone;
    return {};
  }

  Repository& repository_;
  const RepairPacksOptions& options_;
  Repacker repacker_;
  PackInventory inventory_;
  std::set<std::string> parity_;
  std::vector<std::uint32_t> chosen_;
  std::atomic<std::uint64_t> parity_renewed_{0};
  RepairPacksReport report_;
};

}  // namespace

Result<RepairPacksReport> repair_packs(Repository& repository, const RepairPacksOptions& options) {
  const auto lock = TRY(Lock::shared(repository, kPurposePrune));
  PackRepair repair(repository, options);
  auto report = repair.run();
  if (options.dry_run == DryRun::no) repository.forget_index();
  return report;
}

}  // namespace bulkhead::repository
