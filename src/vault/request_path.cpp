#include "vault/request_path.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "storage/file_names.h"

namespace bulkhead::vault {
namespace {

using storage::FileType;

constexpr std::array kTypes = {FileType::config,   FileType::key,   FileType::lock,
                               FileType::snapshot, FileType::index, FileType::data,
                               FileType::parity};

std::optional<FileType> type_of(std::string_view word) {
  for (const FileType type : kTypes) {
    if (storage::folder_of(type) == word) return type;
  }
  return std::nullopt;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_element(std::string_view text) {
  return !text.empty() && text.size() <= kRepositoryElementSizeMax && !type_of(text) &&
         is_letter_or_digit(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

std::unexpected<Error> unknown() {
  return fail(ErrorKind::not_found, "the REST protocol has no such path");
}

}  // namespace

bool is_repository_name(std::string_view name) {
  const std::vector<std::string_view> elements = split(name, '/');
  return elements.size() <= kRepositoryDepthMax &&
         std::all_of(elements.begin(), elements.end(), is_element);
}

Result<RequestPath> parse_request_path(std::string_view path, RootRepository root) {
  if (!path.starts_with('/')) return unknown();
  path.remove_prefix(1);
  const bool ends_in_slash = path.ends_with('/');
  if (ends_in_slash) path.remove_suffix(1);
  std::vector<std::string_view> elements = split(path, '/');

  RequestPath result;
  std::size_t depth = 0;
  while (depth < elements.size() && !type_of(elements[depth])) ++depth;
  for (std::size_t i = 0; i < depth; ++i) {
    if (i > 0) result.repository += '/';
    result.repository += elements[i];
  }
  const bool is_root = root == RootRepository::yes && (depth == 0 || path.empty());
  if (!is_root && !is_repository_name(result.repository)) return unknown();
  if (path.empty()) return result;
  if (depth == elements.size()) return result;

  result.type = type_of(elements[depth]);
  const std::size_t after = elements.size() - depth - 1;
  if (after == 0) {
    // The config is a file: it has no list.
    if (result.type == FileType::config && ends_in_slash) return unknown();
    return result;
  }
  if (after > 1 || ends_in_slash || result.type == FileType::config ||
      !storage::is_file_name(elements.back())) {
    return unknown();
  }
  result.name = elements.back();
  return result;
}

}  // namespace bulkhead::vault
