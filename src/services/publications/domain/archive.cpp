// The one translation unit that includes libarchive.
#include "services/publications/domain/archive.h"

#include <algorithm>
#include <functional>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <locale.h>

#include "base/text.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::uint64_t kRatioExemptSize = 1024 * 1024;
constexpr std::size_t kReadBlockSize = 64 * 1024;

// libarchive converts names by the locale of the thread, and fails or crashes on UTF-8 names in the
// C locale. Only this thread's locale is changed, and only as long as the scope lasts.
class Utf8LocaleScope {
 public:
  Utf8LocaleScope() : previous_(::uselocale(utf8_locale())) {}
  ~Utf8LocaleScope() { ::uselocale(previous_); }
  Utf8LocaleScope(const Utf8LocaleScope&) = delete;
  Utf8LocaleScope& operator=(const Utf8LocaleScope&) = delete;

 private:
  static locale_t utf8_locale() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;  // a null one leaves uselocale() without effect
  }
  locale_t previous_;
};

struct FreeArchive {
  void operator()(::archive* archive) const { archive_read_free(archive); }
};
using Reader = std::unique_ptr<::archive, FreeArchive>;

std::string reason(::archive* archive) {
  const char* text = archive_error_string(archive);
  return text ? text : "unknown error";
}

Result<Reader> open_reader(const Path& file, const Bytes* bytes) {
  Reader reader(archive_read_new());
  if (!reader) return fail(ErrorKind::internal, "no memory for reading an archive");
  archive_read_support_format_zip_seekable(reader.get());
  const int opened = bytes ? archive_read_open_memory(reader.get(), bytes->data(), bytes->size())
                           : archive_read_open_filename(reader.get(), file.c_str(), kReadBlockSize);
  if (opened != ARCHIVE_OK) {
    return fail(ErrorKind::corrupt, fmt::format("is not a ZIP archive: {}", reason(reader.get())));
  }
  return reader;
}

// Steps through all entries; `each` answers false to stop.
using EachEntry = std::function<Result<bool>(::archive*, archive_entry*, std::string_view name)>;

Result<void> for_each_entry(::archive* reader, const EachEntry& each) {
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK) {
      return fail(ErrorKind::corrupt,
                  fmt::format("the ZIP archive is damaged: {}", reason(reader)));
    }
    const char* name = archive_entry_pathname_utf8(entry);
    if (!name) name = archive_entry_pathname(entry);
    if (!name) return fail(ErrorKind::corrupt, "the ZIP archive has an entry without a name");
    if (!TRY(each(reader, entry, name))) return {};
  }
}

Result<Bytes> read_data(::archive* reader, std::string_view name, std::uint64_t announced) {
  Bytes out;
  out.reserve(std::min<std::uint64_t>(announced, kEntrySizeMax));
  Bytes block(kReadBlockSize);
  for (;;) {
    const la_ssize_t count = archive_read_data(reader, block.data(), block.size());
    if (count == 0) break;
    if (count < 0) {
      return fail(ErrorKind::corrupt, fmt::format("{} is damaged: {}", name, reason(reader)));
    }
    // The announced size was checked when the archive was opened; the data may still be longer.
    if (out.size() + static_cast<std::size_t>(count) > announced) {
      return fail(ErrorKind::corrupt, fmt::format("{} is longer than it says", name));
    }
    out.insert(out.end(), block.begin(), block.begin() + count);
  }
  if (out.size() != announced) {
    return fail(ErrorKind::corrupt, fmt::format("{} is shorter than it says", name));
  }
  return out;
}

bool is_directory(archive_entry* entry, std::string_view name) {
  return archive_entry_filetype(entry) == AE_IFDIR || name.ends_with('/');
}

Result<std::uint64_t> check_file(archive_entry* entry, std::string_view name) {
  if (!is_safe_entry_name(name)) {
    return fail(ErrorKind::corrupt,
                fmt::format("the ZIP archive holds the unsafe name \"{}\"", name));
  }
  if (archive_entry_is_encrypted(entry)) {
    return fail(ErrorKind::invalid, fmt::format("{} is encrypted", name));
  }
  if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != 0) {
    return fail(ErrorKind::corrupt, fmt::format("{} is not an ordinary file", name));
  }
  if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0) {
    return fail(ErrorKind::corrupt, fmt::format("{} does not say how long it is", name));
  }
  const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
  if (size > kEntrySizeMax) {
    return fail(ErrorKind::limit, fmt::format("{} is longer than 32 MiB", name));
  }
  return size;
}

}  // namespace

bool is_safe_entry_name(std::string_view name) {
  if (name.empty() || name.size() > kEntryNameLengthMax || !is_valid_utf8(name)) return false;
  const bool bad_character = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '\\' || c == ':';
  });
  if (bad_character) return false;
  const auto segments = split(name, '/');
  return std::none_of(segments.begin(), segments.end(), [](std::string_view segment) {
    return segment.empty() || segment == "." || segment == "..";
  });
}

Result<void> Archive::look_at_entries(std::uint64_t archive_size) {
  if (archive_size > kArchiveSizeMax) {
    return fail(ErrorKind::limit, "the ZIP archive is larger than 256 MiB");
  }
  const Utf8LocaleScope locale;
  const Reader reader = TRY(open_reader(file_, bytes_.get()));
  std::uint64_t total = 0;
  std::size_t count = 0;
  TRY(for_each_entry(
      reader.get(), [&](::archive*, archive_entry* entry, std::string_view name) -> Result<bool> {
        if (++count > kArchiveEntriesMax) {
          return fail(ErrorKind::limit,
                      fmt::format("the ZIP archive has more than {} entries", kArchiveEntriesMax));
        }
        if (is_directory(entry, name)) return true;
        const std::uint64_t size = TRY(check_file(entry, name));
        total += size;
        if (total > kContentSizeMax) {
          return fail(ErrorKind::limit, "the ZIP archive unpacks to more than 512 MiB");
        }
        if (!entries_.emplace(name, size).second) {
          return fail(ErrorKind::corrupt, fmt::format("{} is there twice", name));
        }
        return true;
      }));
  if (total > kRatioExemptSize && total / kCompressionRatioMax > archive_size) {
    return fail(ErrorKind::limit,
                fmt::format("the ZIP archive of {} bytes would unpack to {}", archive_size, total));
  }
  return {};
}

Result<Archive> Archive::open(const Path& file) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  if (error) return fail_errno(error.value(), fmt::format("reading {}", file.native()));
  Archive archive;
  archive.file_ = file;
  TRY(archive.look_at_entries(size));
  return archive;
}

Result<Archive> Archive::from_bytes(Bytes bytes) {
  Archive archive;
  archive.bytes_ = std::make_shared<const Bytes>(std::move(bytes));
  TRY(archive.look_at_entries(archive.bytes_->size()));
  return archive;
}

Result<Bytes> Archive::read(std::string_view wanted) const {
  const auto found = entries_.find(wanted);
  if (found == entries_.end()) {
    return fail(ErrorKind::not_found, fmt::format("{} is not in the archive", wanted));
  }
  const Utf8LocaleScope locale;
  const Reader reader = TRY(open_reader(file_, bytes_.get()));
  Result<Bytes> out = fail(ErrorKind::corrupt, fmt::format("{} has gone", wanted));
  TRY(for_each_entry(reader.get(),
                     [&](::archive* at, archive_entry*, std::string_view name) -> Result<bool> {
                       if (name != wanted) return true;
                       out = read_data(at, name, found->second);
                       return false;
                     }));
  return out;
}

}  // namespace bulkhead::services::publications
