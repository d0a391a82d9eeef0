#include "repository/prune.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "repository/internal/prune_counts.h"
#include "repository/internal/prune_plan.h"
#include "repository/internal/repacker.h"
#include "repository/internal/tree_walk.h"
#include "repository/lock.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

// Clocks of hosts that share a repository are not further apart, or what they hold waits longer.
constexpr std::chrono::hours kClockSkewMax{24};

class PruneRun {
 public:
  PruneRun(Repository& repository, const PruneOptions& options, Lock& lock)
      : repository_(repository), options_(options), lock_(lock) {}

  Result<PruneReport> run() {
    const std::vector<Snapshot> snapshots = TRY(load_new_snapshots());
    report_.snapshots = snapshots.size();
    inventory_ =
        TRY(PackInventory::read(repository_, PackInventory::OnDamage::fail, options_.progress));
    const std::array<PackInventory*, 1> known = {&inventory_};
    TRY(claim_reachable(repository_, known, snapshots,
                        {options_.threads * 2, options_.cancel, options_.progress}));
    plan_ = TRY(plan_prune(repository_, inventory_, options_));
    spare_packs();
    report_.counts = count_for_prune(inventory_, plan_);
    report_.used = plan_.used;
    report_.unused_bytes = plan_.unused_bytes;
    report_.repacked = plan_.repack;
    report_.repack_saves = plan_.repack_saves;
    if (options_.dry_run == DryRun::yes) {
      decide(TRY(lock_.others()));
      report_.deleted = sum_of(due_);
      return std::move(report_);
    }
    TRY(repack());
    TRY(retire());
    TRY(remove_stray_parity());
    return std::move(report_);
  }

 private:
  // Those that were not seen before. One that cannot be read stops everything: what it refers to is
  // not known.
  Result<std::vector<Snapshot>> load_new_snapshots() {
    const auto files =
        TRY_CONTEXT(repository_.backend().list(FileType::snapshot), "listing snapshots");
    std::vector<Snapshot> found;
    for (const storage::FileInfo& info : files) {
      if (!seen_snapshots_.insert(info.name).second) continue;
      const auto text = repository_.load_file({FileType::snapshot, info.name});
      if (!text && text.error().kind() == ErrorKind::not_found) continue;
      const std::string context =
          fmt::format("nothing was removed, since snapshot {} cannot be read (repair snapshots)",
                      info.name.substr(0, 8));
      if (!text) return std::unexpected(text.error().with_context(context));
      Snapshot snapshot = TRY_CONTEXT(decode_snapshot(as_text(*text)), context);
      snapshot.id = TRY(SnapshotId::from_hex(info.name));
      found.push_back(std::move(snapshot));
    }
    return found;
  }

  void spare_packs() {
    if (!options_.spare) return;
    for (std::size_t i = 0; i < plan_.packs.size(); ++i) {
      const PackRecord& pack = inventory_.packs()[i];
      const bool is_shown = pack.state == PackState::live || pack.state == PackState::marked;
      if (is_shown && plan_.packs[i].fate != PackFate::keep && options_.spare(pack.id)) {
        plan_.packs[i].fate = PackFate::keep;
      }
    }
  }

  Result<void> repack() {
    const std::vector<RepackSource> sources = sources_of_repack();
    if (sources.empty()) return {};
    const bool recompress = options_.repack_uncompressed && repository_.version() >= 2;
    Repacker repacker(repository_, recompress ? Recompress::yes : Recompress::no);
    const RepackOptions settings{
        .threads = options_.threads, .progress = options_.progress, .cancel = options_.cancel};
    const DamagedSources damaged = TRY(copy_all(repacker, sources, settings));
    TRY(repacker.finish());
    for (const auto& [position, error] : damaged) {
      const PackId& id = sources[position].pack;
      report_.damaged.push_back(fmt::format("pack {}: {}", id.to_hex(), error.message()));
      for (std::size_t i = 0; i < plan_.packs.size(); ++i) {
        if (inventory_.packs()[i].id == id) plan_.packs[i].fate = PackFate::keep;
      }
    }
    return {};
  }

  std::vector<RepackSource> sources_of_repack() {
    std::map<std::uint32_t, RepackSource> sources;
    const CopyTable& table = inventory_.table();
    for (std::size_t i = 0; i < table.size(); ++i) {
      const CopyTable::Copy& copy = table.at(i);
      if (!table.kept(i) || plan_.packs[copy.pack()].fate != PackFate::repack) continue;
      sources[copy.pack()].blobs.push_back(copy.blob());
    }
    std::vector<RepackSource> out;
    for (auto& [pack, source] : sources) {
      source.pack = inventory_.packs()[pack].id;
      std::ranges::sort(source.blobs, {}, &PackedBlob::offset);
      out.push_back(std::move(source));
    }
    return out;
  }

  Result<void> retire() {
    // Who is at work is asked before what was made meanwhile: whoever is not found here any more
    // has left a snapshot that is found next.
    const std::vector<LockInfo> holders = TRY(lock_.others());
    const std::vector<Snapshot> newer_snapshots = TRY(load_new_snapshots());
    PackInventory newer = TRY(inventory_.read_newer(repository_));
    const std::array<PackInventory*, 2> known = {&inventory_, &newer};
    TRY(claim_reachable(repository_, known, newer_snapshots, {options_.threads, options_.cancel}));
    keep_newly_claimed(inventory_, plan_);
    decide(holders);
    TRY(delete_packs(due_));
    TRY(inventory_.write_index(repository_));
    TRY(look_again());
    if (options_.keep_delete > std::chrono::nanoseconds(0) || hidden_now_.empty()) return {};
    std::vector<std::uint32_t> packs;
    for (const auto& [pack, before] : hidden_now_) packs.push_back(pack);
    report_.hidden = {};
    TRY(delete_packs(packs));
    return inventory_.write_index(repository_);
  }

  // `holder` may have found the pack's blobs in the index, or have stored the pack, and not have
  // made its snapshot yet. Our own backups refer to nothing that was marked when they began.
  static bool may_rely_on(const LockInfo& holder, const PackRecord& pack) {
    const bool known_to_us = holder.program == kLockProgram &&
                             (pack.state == PackState::marked || pack.state == PackState::hidden);
    return !known_to_us || holder.since <= pack.retired + kClockSkewMax;
  }
  static bool anyone_relies_on(const std::vector<LockInfo>& holders, const PackRecord& pack) {
    return std::ranges::any_of(holders,
                               [&](const LockInfo& holder) { return may_rely_on(holder, pack); });
  }

  // The new state of each pack; due_ and hidden_now_ say which need more than an index entry.
  void decide(const std::vector<LockInfo>& holders) {
    const WallTime now = repository_.clock().now();
    for (std::uint32_t i = 0; i < plan_.packs.size(); ++i) {
      PackRecord& pack = inventory_.packs()[i];
      if (plan_.packs[i].fate == PackFate::keep) {
        if (pack.state == PackState::hidden) ++report_.recovered;
        pack.state = PackState::live;
        continue;
      }
      if (!pack.present) {
        pack.state = PackState::gone;
        continue;
      }
      // A clock that was wrong must not keep a pack for ever.
      if (pack.state != PackState::live) pack.retired = std::min(pack.retired, now);
      const bool relied_on = anyone_relies_on(holders, pack);
      switch (pack.state) {
        case PackState::live:
        case PackState::marked:
          if (!relied_on) hide(i, now);
          else mark(pack, now);
          break;
        case PackState::unindexed: hide(i, now); break;
        case PackState::hidden:
          // One whose blobs are not known was stored by a backup that did not index it (yet).
          if (pack.retired + options_.keep_delete <= now && (pack.described || !relied_on)) {
            due_.push_back(i);
          } else {
            add(report_.waiting, pack);
          }
          break;
        case PackState::gone: break;
      }
    }
  }

  void hide(std::uint32_t number, WallTime now) {
    PackRecord& pack = inventory_.packs()[number];
    hidden_now_.emplace(number, pack);
    pack.state = PackState::hidden;
    pack.retired = now;
    add(report_.hidden, pack);
  }

  void mark(PackRecord& pack, WallTime now) {
    if (pack.state == PackState::live) pack.retired = now;
    pack.state = PackState::marked;
    add(report_.marked, pack);
  }

  // Whoever came while packs were being hidden may have read the index before. What they may refer
  // to is shown again, before they can be done.
  Result<void> look_again() {
    const std::vector<LockInfo> holders = TRY(lock_.others());
    const auto files =
        TRY_CONTEXT(repository_.backend().list(FileType::snapshot), "listing snapshots");
    const bool newer = std::ranges::any_of(
        files, [&](const auto& info) { return !seen_snapshots_.contains(info.name); });
    bool shown = false;
    for (auto at = hidden_now_.begin(); at != hidden_now_.end();) {
      const auto& [number, before] = *at;
      const bool relied_on = newer || anyone_relies_on(holders, before);
      if (!relied_on) {
        ++at;
        continue;
      }
      PackRecord& pack = inventory_.packs()[number];
      if (pack.described) {
        pack.state = PackState::live;
        report_.hidden.packs -= 1;
        report_.hidden.bytes -= pack.size;
        add(report_.marked, pack);
        shown = true;
      }
      at = hidden_now_.erase(at);
    }
    return shown ? inventory_.write_index(repository_) : Result<void>();
  }

  Result<void> delete_packs(const std::vector<std::uint32_t>& numbers) {
    std::uint64_t done = 0;
    for (const std::uint32_t number : numbers) {
      PackRecord& pack = inventory_.packs()[number];
      const auto removed = repository_.backend().remove({FileType::data, pack.id.to_hex()});
      if (!removed && removed.error().kind() != ErrorKind::not_found) {
        return std::unexpected(
            removed.error().with_context("deleting pack " + pack.id.short_hex()));
      }
      pack.state = PackState::gone;
      add(report_.deleted, pack);
      if (!options_.progress) continue;
      options_.progress(
          {.stage = "deleting packs", .things = "packs", .done = ++done, .total = numbers.size()});
    }
    return {};
  }

  // Parity without its pack: the pack was deleted here, or by restic.
  Result<void> remove_stray_parity() {
    const auto files = repository_.backend().list(FileType::parity);
    if (!files) return {};  // a server that knows of no such files
    for (const storage::FileInfo& info : *files) {
      const auto pack = repository_.backend().stat({FileType::data, info.name});
      if (pack || pack.error().kind() != ErrorKind::not_found) continue;
      const auto removed = repository_.backend().remove({FileType::parity, info.name});
      if (!removed && removed.error().kind() != ErrorKind::not_found) return removed;
    }
    return {};
  }

  static void add(PackSum& sum, const PackRecord& pack) {
    ++sum.packs;
    sum.bytes += pack.size;
  }
  PackSum sum_of(const std::vector<std::uint32_t>& numbers) {
    PackSum sum;
    for (const std::uint32_t number : numbers) add(sum, inventory_.packs()[number]);
    return sum;
  }

  Repository& repository_;
  const PruneOptions& options_;
  Lock& lock_;
  std::set<std::string> seen_snapshots_;
  PackInventory inventory_;
  PrunePlan plan_;
  std::vector<std::uint32_t> due_;
  std::map<std::uint32_t, PackRecord> hidden_now_;  // as they were before
  PruneReport report_;
};

}  // namespace

Result<PruneReport> prune(Repository& repository, const PruneOptions& options) {
  const auto lock = TRY(Lock::shared(repository, kPurposePrune));
  PruneRun run(repository, options, *lock);
  auto report = run.run();
  // What was read of the index before says where things were.
  if (options.dry_run == DryRun::no) repository.forget_index();
  if (!report && report.error().kind() == ErrorKind::denied) {
    return std::unexpected(report.error().with_context(
        "the store removes nothing for us, and its own retention decides"));
  }
  return report;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  unsigned shift = 0;
  if (!unit.empty()) {
    const std::size_t power = kUnits.find(static_cast<char>(unit[0] & ~0x20));
    if (power != std::string_view::npos) {
      shift = 10 * static_cast<unsigned>(power + 1);
      unit.remove_prefix(1);
    }
  }
  if (error != std::errc() || !unit.empty() || number > UINT64_MAX >> shift) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no size; write it as 500K, 200M or 10G", text));
  }
  return number << shift;
}

Result<UnusedLimit> parse_unused_limit(std::string_view text) {
  UnusedLimit limit;
  if (text == "unlimited") {
    limit.kind = UnusedLimit::Kind::unlimited;
    return limit;
  }
  if (!text.ends_with('%')) {
    limit.kind = UnusedLimit::Kind::bytes;
    limit.bytes = TRY(parse_size(text));
    return limit;
  }
  const std::string_view number = text.substr(0, text.size() - 1);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), limit.percent);
  if (error != std::errc() || end != number.data() + number.size() || limit.percent < 0 ||
      limit.percent > 100) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is no percentage", text));
  }
  return limit;
}

}  // namespace bulkhead::repository
