#include "repository/internal/restore_run.h"

#include <algorithm>
#include <span>
#include <thread>

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "base/guarded.h"
#include "repository/internal/existing_files.h"
#include "repository/internal/file_maker.h"
#include "repository/pack.h"

namespace bulkhead::repository {
namespace {

constexpr std::uint64_t kSparseBlock = 4096;

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

class RestoreRun {
 public:
  RestoreRun(Repository& repository, const RestoreOptions& options, ConfinedFolder folder,
             RestoreWork work)
      : repository_(repository),
        options_(options),
        folder_(std::move(folder)),
        plan_(std::move(work.plan)),
        contents_(std::move(work.contents)),
        fates_(std::move(work.fates)),
        unexpected_(std::move(work.unexpected)),
        kept_directories_(plan_.directories.size()),
        kept_others_(plan_.others.size()),
        failed_(plan_.files.size()),
        pieces_left_(plan_.files.size()) {}

  Result<RestoreReport> run() {
    std::optional<Error> refusal;
    std::thread settling([&] {
      const auto settled = options_.settled ? options_.settled() : Result<void>();
      if (settled) return;
      refusal = settled.error();
      refused_ = true;
    });
    delete_unexpected();
    make_all();
    count_totals();
    prepare_files();
    write_contents();
    settling.join();
    if (refusal) return std::unexpected(*refusal);
    if (full_) {
      return fail(ErrorKind::limit,
                  fmt::format("the file system of {} is full; make room and restore again: what is "
                              "there already is not written again",
                              options_.target.native()));
    }
    if (cancelled()) return fail(ErrorKind::unavailable, "the restore was cancelled");
    finish_all();
    report_.deleted = deleted_;
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
      deleted_ += *removed;
      tell(path, RestoreAction::deleted, 0);
    }
  }

  // Folders, and all that is no file.
  void make_all() {
    for (std::size_t i = 0; i < plan_.directories.size(); ++i) {
      const PlannedDirectory& directory = plan_.directories[i];
      kept_directories_[i] =
          left_as_it_is(folder_, directory.path, directory.node, kept_by_overwrite());
      const auto made = folder_.make_directory(directory.path, options_.existing);
      if (made) ++report_.directories;
      else report_error(directory.path, made.error());
    }
    for (const auto& [file, error] : contents_.incomplete) {
      failed_[file] = true;
      report_error(path_of(file), error);
    }
    for (std::size_t i = 0; i < plan_.others.size(); ++i) {
      const Node& other = plan_.others[i].node;
      const std::string path = plan_.path_of_other(i);
      kept_others_[i] = left_as_it_is(folder_, path, other, options_.overwrite);
      if (kept_others_[i]) continue;
      const auto made = in_place_of_folder(
          path, [&] { return folder_.make_special(path, other, options_.existing); });
      if (made) ++report_.others;
      else report_error(path, made.error());
    }
  }

  // Folders that are there keep their metadata only where nothing at all is overwritten.
  Overwrite kept_by_overwrite() const {
    return options_.overwrite == Overwrite::never ? Overwrite::never : Overwrite::always;
  }

  // A folder that lies where something else belongs goes, where things may be deleted.
  template <typename Make>
  auto in_place_of_folder(const std::string& path, const Make& make) -> decltype(make()) {
    auto made = make();
    const bool blocked = !made && made.error().kind() == ErrorKind::conflict;
    if (!blocked || !options_.delete_unexpected) return made;
    deleted_ += TRY(folder_.remove(path));
    return make();
  }

  FileFate::Kind fate_of(std::size_t file) const {
    return fates_.empty() ? FileFate::Kind::make : fates_[file].kind;
  }

  // A file of one piece is made when that is there, with all that belongs to it.
  bool comes_whole(std::size_t file) const {
    return fate_of(file) == FileFate::Kind::make && pieces_[file] == 1;
  }

  void count_totals() {
    pieces_.resize(plan_.files.size());
    for (const PlannedPiece& piece : contents_.pieces) ++pieces_[piece.file];
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      // What lacks a piece is made at once, as far as it goes.
      if (failed_[i]) pieces_[i] = 0;
      pieces_left_[i] = pieces_[i];
    }
    progress_.with([&](RestoreProgress& progress) {
      progress.files_total = plan_.files.size();
      for (const std::uint64_t size : contents_.sizes) progress.bytes_total += size;
      progress.files_done = static_cast<std::uint64_t>(std::ranges::count(pieces_, 0u));
    });
  }

  // `work` gets a position below `count` and what its thread keeps, until it is cancelled.
  template <typename Kept, typename Work>
  void on_threads(std::size_t count, const Work& work) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    const auto go_on = [&] {
      Kept kept(*this);
      for (std::size_t i = next++; i < count && !cancelled(); i = next++) work(i, kept);
    };
    const std::size_t wanted = std::min<std::size_t>(std::max(1u, options_.threads), count);
    for (std::size_t i = 0; i < wanted; ++i) threads.emplace_back(go_on);
    for (std::thread& thread : threads) thread.join();
  }

  struct Maker : FileMaker {
    explicit Maker(const RestoreRun& run) : FileMaker(run.folder_, run.plan_, run.options_) {}
  };
  struct Writer {
    explicit Writer(const RestoreRun& run) : maker(run), opener(run.repository_.key()) {}
    Maker maker;
    BlobOpener opener;
    Bytes sealed;  // of one read
  };

  // All but the files that come whole: made of the right size, or resized; finished where nothing
  // is to be written.
  void prepare_files() {
    on_threads<Maker>(plan_.files.size(), [&](std::size_t i, Maker& maker) {
      if (comes_whole(i)) return;
      const auto prepared = prepare_file(i, maker);
      if (!prepared) fail_file(i, prepared.error());
    });
  }

  Result<void> prepare_file(std::size_t i, Maker& maker) {
    const FileFate::Kind fate = fate_of(i);
    if (fate == FileFate::Kind::keep) return {};
    const PlannedNode file = plan_.files[i];
    if (fate == FileFate::Kind::make) {
      FileDescriptor made = TRY(make_file(i, file, maker));
      TRY(set_size(made, file.node.name, contents_.sizes[i]));
      if (pieces_[i] == 0) finish_new_file(made, i, file, maker);
      return made.close();
    }
    if (fate == FileFate::Kind::update) TRY(folder_.resize_file(path_of(i), contents_.sizes[i]));
    if (pieces_[i] == 0) apply(path_of(i), file.node);
    return {};
  }

  Result<FileDescriptor> make_file(std::size_t i, const PlannedNode& file, Maker& maker) {
    auto made = maker.make(file);
    const bool blocked = !made && made.error().kind() == ErrorKind::conflict;
    if (!blocked) return made;
    return in_place_of_folder(path_of(i), [&] { return maker.make(file); });
  }

  void finish_new_file(const FileDescriptor& made, std::size_t i, const PlannedNode& file,
                       Maker& maker) {
    const auto applied = maker.apply_metadata(made, file);
    if (!applied) report_error(path_of(i), applied.error());
  }

  void write_contents() {
    on_threads<Writer>(contents_.reads.size(), [&](std::size_t i, Writer& writer) {
      write_read(contents_.reads[i], writer);
    });
  }

  void write_read(const PlannedRead& read, Writer& writer) {
    const std::span pieces = std::span(contents_.pieces).subspan(read.first, read.count);
    const std::uint64_t begin = pieces.front().offset;
    std::uint64_t end = begin;
    for (const PlannedPiece& piece : pieces) {
      end = std::max(end, std::uint64_t{piece.offset} + piece.sealed_size);
    }
    const auto size = static_cast<std::size_t>(end - begin);
    if (writer.sealed.size() < size) {
      writer.sealed = Bytes();  // given back first, so that they are not both there
      writer.sealed = Bytes(size);
    }
    const MutableByteView bytes = MutableByteView(writer.sealed).first(size);
    const auto loaded = repository_.backend().load_part_into(
        {storage::FileType::data, contents_.packs[pieces.front().pack].to_hex()}, begin, bytes);
    for (std::size_t i = 0; i < pieces.size();) {
      std::size_t same = i + 1;
      while (same < pieces.size() && pieces[same].offset == pieces[i].offset) ++same;
      const std::span of_blob = pieces.subspan(i, same - i);
      i = same;
      if (!loaded) {
        fail_pieces(of_blob, loaded.error());
        continue;
      }
      const PackedBlob blob = blob_of(plan_, of_blob.front());
      const auto content =
          writer.opener.open(blob, bytes.subspan(blob.offset - begin, blob.sealed_size));
      if (content) write_pieces(of_blob, *content, writer.maker);
      else fail_pieces(of_blob, content.error());
    }
  }

  // All places that this content belongs in.
  void write_pieces(std::span<const PlannedPiece> pieces, ByteView content, Maker& maker) {
    const bool hole = std::ranges::all_of(content, [](std::uint8_t byte) { return byte == 0; });
    std::size_t written_to = 0;
    std::size_t complete = 0;
    for (const PlannedPiece& piece : pieces) {
      const std::size_t file = piece.file;
      if (failed_[file]) continue;
      const auto written = comes_whole(file)
                               ? write_whole(file, content, hole, maker)
                               : write_part(file, piece.offset_in_file, content, hole);
      if (!written) {
        fail_file(file, written.error());
        continue;
      }
      ++written_to;
      if (--pieces_left_[file] > 0) continue;
      ++complete;
      if (!comes_whole(file)) apply(path_of(file), plan_.files[file].node);
    }
    progress_.with([&](RestoreProgress& progress) {
      progress.bytes_done += content.size() * written_to;
      progress.files_done += complete;
      if (options_.progress) options_.progress(progress);
    });
  }

  Result<void> write_whole(std::size_t i, ByteView content, bool hole, Maker& maker) {
    const PlannedNode file = plan_.files[i];
    const std::string& name = file.node.name;
    FileDescriptor made = TRY(make_file(i, file, maker));
    const auto write = [&](std::uint64_t at, ByteView part) {
      return write_to(made, name, at, part);
    };
    if (hole || options_.sparse) TRY(set_size(made, name, content.size()));
    if (!hole && options_.sparse) TRY(write_without_zeros(0, content, write));
    if (!hole && !options_.sparse) TRY(write(0, content));
    finish_new_file(made, i, file, maker);
    return made.close();
  }

  Result<void> write_part(std::size_t file, std::uint64_t offset, ByteView content, bool hole) {
    const std::string path = path_of(file);
    const bool is_new = fate_of(file) == FileFate::Kind::make;
    if (hole) return is_new ? Result<void>() : folder_.make_hole(path, offset, content.size());
    if (!is_new || !options_.sparse) return folder_.write_at(path, offset, content);
    return write_without_zeros(offset, content, [&](std::uint64_t at, ByteView part) {
      return folder_.write_at(path, at, part);
    });
  }

  void fail_pieces(std::span<const PlannedPiece> pieces, const Error& error) {
    const BlobId id = blob_of(plan_, pieces.front()).id;
    const Error named = error.with_context(fmt::format("data blob {}", id.short_hex()));
    for (const PlannedPiece& piece : pieces) fail_file(piece.file, named);
  }

  void fail_file(std::size_t file, const Error& error) {
    if (!failed_[file].exchange(true)) report_error(path_of(file), error);
  }

  void finish_all() {
    for (std::size_t i = 0; i < plan_.files.size(); ++i) {
      if (!failed_[i]) {
        const RestoreAction action = action_of(fate_of(i));
        const bool unchanged = action == RestoreAction::unchanged;
        ++(unchanged ? report_.files_unchanged : report_.files);
        (unchanged ? report_.bytes_unchanged : report_.bytes) += contents_.sizes[i];
        if (options_.item) tell(path_of(i), action, contents_.sizes[i]);
        const std::uint64_t expected = plan_.files.bytes(i);
        if (contents_.sizes[i] != expected) {
          report_error(path_of(i),
                       Error(ErrorKind::corrupt, fmt::format("has {} bytes, its node says {}",
                                                             contents_.sizes[i], expected)));
        }
      } else if (fate_of(i) != FileFate::Kind::keep && !comes_whole(i)) {
        apply(path_of(i), plan_.files[i].node);
      }
    }
    for (std::size_t i = 0; i < plan_.others.size(); ++i) {
      if (!kept_others_[i]) apply(plan_.path_of_other(i), plan_.others[i].node);
    }
    for (const PlannedLink& link : plan_.links) {
      const PlannedNode first = link.special ? plan_.others[link.file] : plan_.files[link.file];
      if (left_as_it_is(folder_, link.path, first.node, options_.overwrite)) continue;
      const auto made = folder_.make_hard_link(plan_.path_in(first.folder, first.node.name),
                                               link.path, options_.existing);
      if (made) ++report_.others;
      else report_error(link.path, made.error());
    }
    // From the deepest up: making something in a folder changes the folder's time.
    for (std::size_t i = plan_.directories.size(); i-- > 0;) {
      if (!kept_directories_[i]) apply(plan_.directories[i].path, plan_.directories[i].node);
    }
  }

  std::string path_of(std::size_t file) const { return plan_.path_of_file(file); }

  void apply(const std::string& path, const Node& node) {
    const auto applied = folder_.apply_metadata(path, node, options_.ownership);
    // What could not be made has been reported already.
    if (!applied && applied.error().kind() != ErrorKind::not_found) {
      report_error(path, applied.error());
    }
  }

  void report_error(const std::string& path, const Error& error) {
    // All that is left would fail the same way, one file after the other.
    if (error.kind() == ErrorKind::limit && target_is_full()) {
      full_ = true;
      return;
    }
    errors_.with([&](std::vector<PathError>& errors) { errors.push_back({path, error}); });
  }

  bool target_is_full() const {
    struct statvfs system{};
    if (::statvfs(options_.target.c_str(), &system) != 0) return false;
    return system.f_bavail == 0 || (system.f_files != 0 && system.f_favail == 0);
  }

  void tell(const std::string& path, RestoreAction action, std::uint64_t size) const {
    if (options_.item) options_.item({path, action, size});
  }

  bool cancelled() const { return refused_ || full_ || (options_.cancel && *options_.cancel); }

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
  std::vector<std::atomic<std::uint32_t>> pieces_left_;
  Guarded<RestoreProgress> progress_;
  Guarded<std::vector<PathError>> errors_;
  std::vector<std::uint32_t> pieces_;  // of each file, to be written
  std::atomic<std::uint64_t> deleted_{0};
  std::atomic<bool> refused_{false};
  std::atomic<bool> full_{false};
  RestoreReport report_;
};

}  // namespace

RestoreAction action_of(FileFate::Kind fate) {
  switch (fate) {
    case FileFate::Kind::make: return RestoreAction::made;
    case FileFate::Kind::update: return RestoreAction::updated;
    default: return RestoreAction::unchanged;
  }
}

Result<RestoreReport> run_restore(Repository& repository, const RestoreOptions& options,
                                  ConfinedFolder folder, RestoreWork work) {
  RestoreRun run(repository, options, std::move(folder), std::move(work));
  return run.run();
}

}  // namespace bulkhead::repository
