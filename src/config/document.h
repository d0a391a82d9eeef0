// Configuration files (TOML): estate.toml, module definitions, service configuration, translations.
// Every error names file, line, key, and what is allowed; keys that nobody asked for are errors
// too, so that a misspelt key is not silently without effect. Not thread-safe while it is read.
//
//   auto document = TRY(config::Document::read(path));
//   config::Table gateway = TRY(document.root().table("gateway"));
//   int port = TRY(gateway.integer("https_port", {.least = 1, .most = 65535}));
//   std::string mode = TRY(gateway.one_of("mode", {"public", "sealed"}));
//   TRY(document.refuse_unknown_keys());
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bulkhead::config {

inline constexpr std::size_t kDocumentSizeMax = 4 * 1024 * 1024;

struct Range {
  std::int64_t least = INT64_MIN;
  std::int64_t most = INT64_MAX;
};

namespace internal {
struct Node;
struct State;
}  // namespace internal

// A view of one table of the document, valid as long as the Document. Reading a key marks it known.
class Table {
 public:
  Table(const internal::Node* node, internal::State* state, std::string path)
      : node_(node), state_(state), path_(std::move(path)) {}

  bool has(std::string_view key) const;
  // In the order of the file.
  std::vector<std::string> keys() const;

  Result<std::string> string(std::string_view key) const;
  Result<std::string> string(std::string_view key, std::string_view otherwise) const;
  // A string that must be one of `allowed`; the error lists them.
  Result<std::string> one_of(std::string_view key, const std::vector<std::string>& allowed) const;
  Result<std::string> one_of(std::string_view key, const std::vector<std::string>& allowed,
                             std::string_view otherwise) const;
  Result<std::int64_t> integer(std::string_view key, Range range) const;
  Result<std::int64_t> integer(std::string_view key, Range range, std::int64_t otherwise) const;
  Result<double> number(std::string_view key) const;
  Result<double> number(std::string_view key, double otherwise) const;
  Result<bool> boolean(std::string_view key) const;
  Result<bool> boolean(std::string_view key, bool otherwise) const;
  // "250ms", "30s", "15m", "2h", "7d".
  Result<std::chrono::milliseconds> duration(std::string_view key) const;
  Result<std::chrono::milliseconds> duration(std::string_view key,
                                             std::chrono::milliseconds otherwise) const;
  // "64KiB", "512MiB", "2GiB", or a plain number of bytes.
  Result<std::uint64_t> size(std::string_view key) const;
  Result<std::uint64_t> size(std::string_view key, std::uint64_t otherwise) const;
  // An absent list is empty.
  Result<std::vector<std::string>> strings(std::string_view key) const;

  Result<Table> table(std::string_view key) const;
  // nullopt where it is absent.
  Result<std::optional<Table>> optional_table(std::string_view key) const;
  // [[key]]; an absent one is empty.
  Result<std::vector<Table>> tables(std::string_view key) const;

  // "estate.toml:12: services.website.memory: <what>", for rules that only the caller knows.
  Error error_at(std::string_view key, std::string_view what) const;
  const std::string& path() const { return path_; }

 private:
  const internal::Node* find(std::string_view key) const;
  Result<const internal::Node*> need(std::string_view key, std::string_view wanted) const;
  std::string full_key(std::string_view key) const;

  const internal::Node* node_;
  internal::State* state_;
  std::string path_;
};

class Document {
 public:
  static Result<Document> read(const std::filesystem::path& path);
  // `name` stands for the file's name in errors.
  static Result<Document> parse(std::string_view text, std::string_view name);

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Table root() const;
  // An error that names the first key that no call asked for, and the nearest known one.
  Result<void> refuse_unknown_keys() const;

 private:
  explicit Document(std::unique_ptr<internal::State> state);
  std::unique_ptr<internal::State> state_;
};

}  // namespace bulkhead::config
