#include "repository/restore.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "base/guarded.h"
#include "repository/internal/confined_folder.h"
#include "repository/internal/existing_files.h"
#include "repository/internal/restore_plan.h"
#include "repository/pack.h"

namespace bulkhead::repository {
namespace {

constexpr std::uint64_t kSparseBlock = 4096;

enum class Target { missing, empty, used };

// Of a dry run the target may be missing; of others it is made.
Result<Target> prepare_target(const RestoreOptions& options) {
  if (options.target.empty()) return fail(ErrorKind::invalid, "no folder was given to restore to");
  std::error_code error;
  if (options.dry_run && !std::filesystem::exists(options.target, error)) return Target::missing;
  if (!options.dry_run) TRY(make_directories(options.target, 0700));
  const bool empty = std::filesystem::is_empty(options.target, error);
  if (error) return fail_errno(error.value(), options.target.native());
  if (empty) return Target::empty;
  if (options.existing == Existing::replace) return Target::used;
  return fail(ErrorKind::conflict,
              fmt::format("{} is not empty; restore to a new folder, or say that what is there "
                          "may be replaced",
                          options.target.native()));
}

// The parts of `content` that are not zeros, by whole blocks of the file.
template <typename Write>
Result<void> write_without_zeros(std::uint64_t offset, ByteView content, const Write& write) {
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < content.size()) {
    const std::size_t to_boundary =
        static_cast<std::size_t>(kSparseBlock - (offset + at) % kSparseBlock);
    const std::size_t size = std::min(to_boundary, content.size() - at);
    const bool zeros =
        std::ranges::all_of(content.subspan(at, size), [](std::uint8_t byte) { return byte == 0; });
    if (zeros) {
      if (at > begin) TRY(write(offset + begin, content.subspan(begin, at - begin)));
      begin = at + size;
    }
    at += size;
  }
  if (at > begin) return write(offset + begin, content.subspan(begin));
  return {};
}

RestoreAction action_of(FileFate::Kind fate) {
  switch (fate) {
    case FileFate::Kind::make: return RestoreAction::made;
    case FileFate::Kind::update: return RestoreAction::updated;
    default: return RestoreAction::unchanged;
  }
}

// What a dry run says.
RestoreReport foretell(const RestorePlan& plan, const std::vector<FileFate>& fates,
                       const std::vector<std::string>& unexpected, const RestoreOptions& options) {
  RestoreReport report;
  const auto tell = [&](const std::string& path, RestoreAction action, std::uint64_t size) {
    if (options.item) options.item({path, action, size});
  };
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const RestoreAction action = action_of(fates[i].kind);
    const std::uint64_t size = plan.files[i].node.size;
    const bool unchanged = action == RestoreAction::unchanged;
    ++(unchanged ? report.files_unchanged : report.files);
    (unchanged ? report.bytes_unchanged : report.bytes) += size;
    tell(plan.files[i].path, action, size);
  }
  report.directories = plan.directories.size();
  report.others = plan.others.size() + plan.links.size();
  for (const std::string& path : unexpected) tell(path, RestoreAction::deleted, 0);
  report.deleted = unexpected.size();
  return report;
}

class RestoreRun {
 public:
  RestoreRun(Repository& repository, const RestoreOptions& options, ConfinedFolder folder,
             RestorePlan plan, ContentPlan contents, std::vector<FileFate> fates,
             std::vector<std::string> unexpected)
      : repository_(repository),
        options_(options),
        folder_(std::move(folder)),
        plan_(std::move(plan)),
        contents_(std::move(contents)),
        fates_(std::move(fates)),
        unexpected_(std::move(unexpected)),
        kept_directories_(plan_.directories.size()),
        kept_others_(plan_.others.size()),
        failed_(plan_.files.size()),
        pieces_left_(plan_.files.size()) {}

  Result<RestoreReport> run() {
    delete_unexpected();
    make_all();
    count_totals();
    write_contents();
    if (cancelled()) return fail(ErrorKind::unavailable, "the restore was cancelled");
    finish_all();
    report_.errors = errors_.with([](auto& errors) { return std::move(errors); });
    return std::move(report_);
  }

 private:
  // First of all, since a folder may be where a file is to be made.
  void delete_unexpected() {
    for (const std::string& path : unexpected_) {
      const auto removed = folder_.remove(path);
      if (!removed) {
        report_error(path, removed.error());
        continue;
      }
      report_.deleted += *removed;
      tell(path, RestoreAction::deleted, 0);
    }
  }

  // Folders, empty files of the right size, and all that is neither.
  void make_all() {
    for (std::size_t i = 0; i < plan_.directories.size(); ++i) {
      const PlannedNode& directory = plan_.directories[i];
      kept_directories_[i] = left_as_it_is(folder_, directory, kept_by_overwrite());
      const auto made = folder_.make_directory(directory.path, options_.existing);
      if (made) ++report_.directories;
      else report_error(directory.path, made.error());
    }
    for (const auto& [file, error] : contents_.incomplete) {
      failed_[file] = true;
      report_error(plan_.files[file].path, error);
    }
    for (std::size_t i = 0; i < plan_.files.size(); ++i) {
      const PlannedNode& file = plan_.files[i];
      const auto made = make_file(i);
      if (made) continue;
      failed_[i] = true;
      report_error(file.path, made.error());
    }
    for (std::size_t i = 0; i < plan_.others.size(); ++i) {
      const PlannedNode& other = plan_.others[i];
      kept_others_[i] = left_as_it_is(folder_, other, options_.overwrite);
      if (kept_others_[i]) continue;
      const auto made = in_place_of_folder(other.path, [&] {
        return folder_.make_special(other.path, other.node, options_.existing);
      });
      if (made) ++report_.others;
      else report_error(other.path, made.error());
    }
  }

  // Folders that are there keep their metadata only where nothing at all is overwritten.
  Overwrite kept_by_overwrite() const {
    return options_.overwrite == Overwrite::never ? Overwrite::never : Overwrite::always;
  }

  // A folder that lies where something else belongs goes, where things may be deleted.
  template <typename Make>
  Result<void> in_place_of_folder(const std::string& path, const Make& make) {
    const auto made = make();
    const bool blocked = !made && made.error().kind() == ErrorKind::conflict;
    if (!blocked || !options_.delete_unexpected) return made;
    report_.deleted += TRY(folder_.remove(path));
    return make();
  }

  Result<void> make_file(std::size_t i) {
    const std::string& path = plan_.files[i].path;
    switch (fates_[i].kind) {
      case FileFate::Kind::make:
        return in_place_of_folder(
            path, [&] { return folder_.make_file(path, contents_.sizes[i], options_.existing); });
      case FileFate::Kind::update: return folder_.resize_file(path, contents_.sizes[i]);
      default: return {};
    }
  }

  void count_totals() {
    for (const PlannedRead& read : contents_.reads) {
      for (const PlannedPiece& piece : read.pieces) {
        for (const auto& destination : piece.destinations) ++pieces_left_[destination.file];
      }
    }
    progress_.with([&](RestoreProgress& progress) {
      progress.files_total = plan_.files.size();
      for (const std::uint64_t size : contents_.sizes) progress.bytes_total += size;
      progress.files_done = static_cast<std::uint64_t>(
          std::ranges::count_if(pieces_left_, [](const auto& left) { return left.load() == 0; }));
    });
  }

  void write_contents() {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    const auto work = [&] {
      for (std::size_t i = next++; i < contents_.reads.size() && !cancelled(); i = next++) {
        write_read(contents_.reads[i]);
      }
    };
    for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
  }

  void write_read(const PlannedRead& read) {
    const std::uint64_t begin = read.pieces.front().blob.offset;
    const PackedBlob& last = read.pieces.back().blob;
    const std::uint64_t length = std::uint64_t{last.offset} + last.sealed_size - begin;
    const auto bytes = repository_.backend().load_part(
        {storage::FileType::data, read.pack.to_hex()}, begin, length);
    for (const PlannedPiece& piece : read.pieces) {
      if (!bytes) {
        fail_piece(piece, bytes.error());
        continue;
      }
      const auto content =
          open_blob(repository_.key(), piece.blob,
                    ByteView(*bytes).subspan(piece.blob.offset - begin, piece.blob.sealed_size));
      if (content) write_piece(piece, *content);
      else fail_piece(piece, content.error());
    }
  }

  void write_piece(const PlannedPiece& piece, ByteView content) {
    const bool hole = std::ranges::all_of(content, [](std::uint8_t byte) { return byte == 0; });
    for (const auto& [file, offset] : piece.destinations) {
      if (failed_[file]) continue;
      const auto written = write_part(file, offset, content, hole);
      if (!written) {
        fail_file(file, written.error());
        continue;
      }
      const bool complete = --pieces_left_[file] == 0;
      progress_.with([&](RestoreProgress& progress) {
        progress.bytes_done += content.size();
        if (complete) ++progress.files_done;
        if (options_.progress) options_.progress(progress);
      });
    }
  }

  Result<void> write_part(std::size_t file, std::uint64_t offset, ByteView content, bool hole) {
    const std::string& path = plan_.files[file].path;
    const bool is_new = fates_[file].kind == FileFate::Kind::make;
    if (hole) return is_new ? Result<void>() : folder_.make_hole(path, offset, content.size());
    if (!is_new || !options_.sparse) return folder_.write_at(path, offset, content);
    return write_without_zeros(offset, content, [&](std::uint64_t at, ByteView part) {
      return folder_.write_at(path, at, part);
    });
  }

  void fail_piece(const PlannedPiece& piece, const Error& error) {
    const Error named = error.with_context(fmt::format("data blob {}", piece.blob.id.short_hex()));
    for (const auto& destination : piece.destinations) fail_file(destination.file, named);
  }

  void fail_file(std::size_t file, const Error& error) {
    if (!failed_[file].exchange(true)) report_error(plan_.files[file].path, error);
  }

  void finish_all() {
    for (std::size_t i = 0; i < plan_.files.size(); ++i) {
      const PlannedNode& file = plan_.files[i];
      if (!failed_[i]) {
        const RestoreAction action = action_of(fates_[i].kind);
        const bool unchanged = action == RestoreAction::unchanged;
        ++(unchanged ? report_.files_unchanged : report_.files);
        (unchanged ? report_.bytes_unchanged : report_.bytes) += contents_.sizes[i];
        tell(file.path, action, contents_.sizes[i]);
        if (contents_.sizes[i] != file.node.size) {
          report_error(file.path,
                       Error(ErrorKind::corrupt, fmt::format("has {} bytes, its node says {}",
                                                             contents_.sizes[i], file.node.size)));
        }
      }
      if (fates_[i].kind != FileFate::Kind::keep) apply(file);
    }
    for (std::size_t i = 0; i < plan_.others.size(); ++i) {
      if (!kept_others_[i]) apply(plan_.others[i]);
    }
    for (const PlannedLink& link : plan_.links) {
      const auto& first = link.special ? plan_.others[link.file] : plan_.files[link.file];
      if (left_as_it_is(folder_, {link.path, first.node}, options_.overwrite)) continue;
      const auto made = folder_.make_hard_link(first.path, link.path, options_.existing);
      if (made) ++report_.others;
      else report_error(link.path, made.error());
    }
    // From the deepest up: making something in a folder changes the folder's time.
    for (std::size_t i = plan_.directories.size(); i-- > 0;) {
      if (!kept_directories_[i]) apply(plan_.directories[i]);
    }
  }

  void apply(const PlannedNode& planned) {
    const auto applied = folder_.apply_metadata(planned.path, planned.node, options_.ownership);
    // What could not be made has been reported already.
    if (!applied && applied.error().kind() != ErrorKind::not_found) {
      report_error(planned.path, applied.error());
    }
  }

  void report_error(const std::string& path, const Error& error) {
    errors_.with([&](std::vector<PathError>& errors) { errors.push_back({path, error}); });
  }

  void tell(const std::string& path, RestoreAction action, std::uint64_t size) const {
    if (options_.item) options_.item({path, action, size});
  }

  bool cancelled() const { return options_.cancel && *options_.cancel; }

  Repository& repository_;
  const RestoreOptions& options_;
  const ConfinedFolder folder_;
  const RestorePlan plan_;
  const ContentPlan contents_;
  const std::vector<FileFate> fates_;
  const std::vector<std::string> unexpected_;
  std::vector<bool> kept_directories_;
  std::vector<bool> kept_others_;
  std::vector<std::atomic<bool>> failed_;
  std::vector<std::atomic<std::size_t>> pieces_left_;
  Guarded<RestoreProgress> progress_;
  Guarded<std::vector<PathError>> errors_;
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreOptions& options) {
  const Target target = TRY(prepare_target(options));
  TRY(repository.load_index());
  RestorePlan plan = TRY(plan_restore(repository, snapshot, options));
  std::vector<FileFate> fates(plan.files.size());
  std::vector<std::string> unexpected;
  if (target == Target::missing) return foretell(plan, fates, unexpected, options);
  ConfinedFolder folder = TRY(ConfinedFolder::open(options.target));
  if (target == Target::used) {
    fates = TRY(survey_files(repository, folder, plan, options));
    unexpected = TRY(find_unexpected(folder, plan, options));
  }
  if (options.dry_run) return foretell(plan, fates, unexpected, options);
  ContentPlan contents = TRY(plan_contents(repository, plan, fates));
  RestoreRun run(repository, options, std::move(folder), std::move(plan), std::move(contents),
                 std::move(fates), std::move(unexpected));
  return run.run();
}

}  // namespace bulkhead::repository
