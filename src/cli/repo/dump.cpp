#include "repository/dump.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "repository/walk.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SnapshotChoice snapshot;
  std::string path;
  std::string archive = "tar";
  std::string target;
};

Result<repository::ArchiveFormat> parse_format(const std::string& text) {
  if (text == "tar") return repository::ArchiveFormat::tar;
  if (text == "zip") return repository::ArchiveFormat::zip;
  return fail(ErrorKind::invalid, fmt::format("--archive is tar or zip, not \"{}\"", text));
}

// No '/' in front or behind.
std::string trimmed(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

Result<void> dump_to(const Options& options, repository::Repository& repository, int fd) {
  const repository::ArchiveFormat format = TRY(parse_format(options.archive));
  const auto [snapshot, subfolder] = TRY(find_snapshot(repository, options.snapshot));
  TRY(repository.load_index());
  const repository::BlobId root = TRY(find_tree(repository, snapshot.tree, subfolder));
  const std::string path = trimmed(options.path);
  const auto sink = [&](ByteView bytes) { return write_all(fd, bytes); };
  repository::BlobId tree = root;
  if (!path.empty()) {
    const repository::Node node = TRY(find_node(repository, root, "/" + path));
    if (!node.subtree) return repository::dump_file(repository, node, sink);
    tree = *node.subtree;
  }
  const repository::DumpReport report =
      TRY(repository::dump_archive(repository, tree, path, format, sink));
  for (const std::string& left_out : report.left_out) {
    fmt::print(stderr, "not in the archive, which cannot hold it: {}\n", show_name(left_out));
  }
  return {};
}

Result<int> dump(const Options& options, Session& session) {
  if (options.target.empty()) {
    const bool archive_on_terminal = ::isatty(STDOUT_FILENO) == 1 && trimmed(options.path).empty();
    if (archive_on_terminal) {
      return fail(ErrorKind::invalid, "a terminal is no place for an archive; give --target FILE");
    }
    TRY(dump_to(options, session.repository, STDOUT_FILENO));
    return kExitSuccess;
  }
  FileDescriptor file =
      TRY(open_file(options.target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  TRY(dump_to(options, session.repository, file.get()));
  TRY(file.close());
  return kExitSuccess;
}

}  // namespace

void register_dump(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("dump", "Print a file, or a folder as an archive");
  add_session_options(command, options->session);
  add_snapshot_argument(command, options->snapshot);
  command.argument("PATH", options->path, "in the snapshot; / is all of it", Need::required)
      .option("-a,--archive", options->archive, "how folders are packed: tar or zip")
      .option("-t,--target", options->target, "a file to write to, in place of standard output");
  command.on_run([options] {
    return with_repository(options->session, Locking::shared,
                           [&](Session& session) { return dump(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
