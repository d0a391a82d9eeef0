#include "repository/restore.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "base/guarded.h"
#include "repository/internal/confined_folder.h"
#include "repository/internal/restore_plan.h"
#include "repository/pack.h"

namespace bulkhead::repository {
namespace {

Result<void> prepare_target(const RestoreOptions& options) {
  if (options.target.empty()) return fail(ErrorKind::invalid, "no folder was given to restore to");
  TRY(make_directories(options.target, 0700));
  if (options.existing == Existing::replace) return {};
  std::error_code error;
  const bool empty = std::filesystem::is_empty(options.target, error);
  if (error) return fail_errno(error.value(), options.target.native());
  if (empty) return {};
  return fail(ErrorKind::conflict,
              fmt::format("{} is not empty; restore to a new folder, or say that what is there "
                          "may be replaced",
                          options.target.native()));
}

class RestoreRun {
 public:
  RestoreRun(Repository& repository, const RestoreOptions& options, ConfinedFolder folder,
             RestorePlan plan, ContentPlan contents)
      : repository_(repository),
        options_(options),
        folder_(std::move(folder)),
        plan_(std::move(plan)),
        contents_(std::move(contents)),
        failed_(plan_.files.size()),
        pieces_left_(plan_.files.size()) {}

  Result<RestoreReport> run() {
    make_all();
    count_totals();
    write_contents();
    if (cancelled()) return fail(ErrorKind::unavailable, "the restore was cancelled");
    finish_all();
    report_.errors = errors_.with([](auto& errors) { return std::move(errors); });
    return std::move(report_);
  }

 private:
  // Folders, empty files of the right size, and all that is neither.
  void make_all() {
    for (const PlannedNode& directory : plan_.directories) {
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
      const auto made = folder_.make_file(file.path, contents_.sizes[i], options_.existing);
      if (made) continue;
      failed_[i] = true;
      report_error(file.path, made.error());
    }
    for (const PlannedNode& other : plan_.others) {
      const auto made = folder_.make_special(other.path, other.node, options_.existing);
      if (made) ++report_.others;
      else report_error(other.path, made.error());
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
      const auto written =
          hole ? Result<void>() : folder_.write_at(plan_.files[file].path, offset, content);
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
        ++report_.files;
        report_.bytes += contents_.sizes[i];
        if (contents_.sizes[i] != file.node.size) {
          report_error(file.path,
                       Error(ErrorKind::corrupt, fmt::format("has {} bytes, its node says {}",
                                                             contents_.sizes[i], file.node.size)));
        }
      }
      apply(file);
    }
    for (const PlannedNode& other : plan_.others) apply(other);
    for (const PlannedLink& link : plan_.links) {
      const auto& first = link.special ? plan_.others[link.file] : plan_.files[link.file];
      const auto made = folder_.make_hard_link(first.path, link.path, options_.existing);
      if (made) ++report_.others;
      else report_error(link.path, made.error());
    }
    // From the deepest up: making something in a folder changes the folder's time.
    for (auto directory = plan_.directories.rbegin(); directory != plan_.directories.rend();
         ++directory) {
      apply(*directory);
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

  bool cancelled() const { return options_.cancel && *options_.cancel; }

  Repository& repository_;
  const RestoreOptions& options_;
  const ConfinedFolder folder_;
  const RestorePlan plan_;
  const ContentPlan contents_;
  std::vector<std::atomic<bool>> failed_;
  std::vector<std::atomic<std::size_t>> pieces_left_;
  Guarded<RestoreProgress> progress_;
  Guarded<std::vector<PathError>> errors_;
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreOptions& options) {
  TRY(prepare_target(options));
  TRY(repository.load_index());
  RestorePlan plan = TRY(plan_restore(repository, snapshot, options));
  ContentPlan contents = TRY(plan_contents(repository, plan));
  ConfinedFolder folder = TRY(ConfinedFolder::open(options.target));
  RestoreRun run(repository, options, std::move(folder), std::move(plan), std::move(contents));
  return run.run();
}

}  // namespace bulkhead::repository
