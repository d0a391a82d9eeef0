#include "ledger/verify/note.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/sha256.h"

namespace bulkhead::ledger::verify {
namespace {

constexpr std::string_view kDash = "\u2014 ";
constexpr std::size_t kKeyIdSize = 4;
constexpr std::size_t kTimestampSize = 8;
constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;

std::uint64_t read_big_endian(ByteView bytes) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) out = out << 8 | byte;
  return out;
}

// The characters with Unicode's property White_Space, in UTF-8.
bool has_space(std::string_view text) {
  constexpr std::string_view kSpaces[] = {
      "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085", "\u00a0", "\u1680",
      "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
      "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  return std::ranges::any_of(kSpaces,
                             [&](std::string_view space) { return text.find(space) != text.npos; });
}

bool is_key_name(std::string_view name) {
  return !name.empty() && is_valid_utf8(name) && !has_space(name) && name.find('+') == name.npos;
}

std::uint32_t key_id_of(std::string_view name, ByteView typed_key) {
  Bytes input = to_bytes(name);
  input.push_back('\n');
  input.insert(input.end(), typed_key.begin(), typed_key.end());
  const crypto::Sha256Digest digest = crypto::sha256(input);
  return static_cast<std::uint32_t>(read_big_endian(ByteView(digest).first(kKeyIdSize)));
}

std::unexpected<Error> no_key(std::string_view text, std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is no verifier key: {}", text, why));
}

Result<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kDash)) {
    return fail(ErrorKind::corrupt, "a signature line does not begin with a dash and a space");
  }
  const auto parts = split_once(line.substr(kDash.size()), ' ');
  if (!parts || !is_key_name(parts->first)) {
    return fail(ErrorKind::corrupt, "a signature line lacks the name of its key");
  }
  const auto bytes = from_base64(parts->second);
  if (!bytes || bytes->size() <= kKeyIdSize) {
    return fail(ErrorKind::corrupt,
                fmt::format("the signature of {} is no base64 of a key's id and a signature",
                            parts->first));
  }
  const ByteView view(*bytes);
  return NoteSignature{std::string(parts->first),
                       static_cast<std::uint32_t>(read_big_endian(view.first(kKeyIdSize))),
                       Bytes(bytes->begin() + kKeyIdSize, bytes->end())};
}

std::unexpected<Error> not_signed(const VerifierKey& key) {
  return fail(ErrorKind::not_found, fmt::format("{} has not signed it", key.name));
}

std::unexpected<Error> wrongly_signed(const VerifierKey& key) {
  return fail(ErrorKind::corrupt, fmt::format("the signature of {} does not verify", key.name));
}

bool is_of(const NoteSignature& signature, const VerifierKey& key) {
  return signature.name == key.name && signature.key_id == key.id;
}

// The time, where it verifies.
std::optional<std::uint64_t> cosigned_at(const Note& note, const NoteSignature& signature,
                                         const VerifierKey& key) {
  const ByteView bytes(signature.signature);
  if (bytes.size() <= kTimestampSize) return std::nullopt;
  const std::uint64_t time = read_big_endian(bytes.first(kTimestampSize));
  if (time > kTimestampMax) return std::nullopt;
  const std::string message = fmt::format("cosignature/v1\ntime {}\n{}", time, note.text);
  if (!crypto::verify_ed25519(key.key, as_bytes(message), bytes.subspan(kTimestampSize))) {
    return std::nullopt;
  }
  return time;
}

}  // namespace

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  const auto after_name = split_once(text, '+');
  if (!after_name) return no_key(text, "it has no three parts with + between them");
  const auto after_id = split_once(after_name->second, '+');
  if (!after_id) return no_key(text, "it has no three parts with + between them");
  VerifierKey key;
  key.name = after_name->first;
  if (!is_key_name(key.name)) return no_key(text, "its name is empty or has a space");
  const auto id = from_hex(after_id->first);
  if (!id || id->size() != kKeyIdSize) return no_key(text, "its id is not 8 hexadecimal digits");
  key.id = static_cast<std::uint32_t>(read_big_endian(*id));
  const auto typed = from_base64(after_id->second);
  if (!typed || typed->size() != 1 + key.key.size()) {
    return no_key(text, "its last part is no base64 of a type and an Ed25519 key");
  }
  const std::uint8_t type = typed->front();
  if (type != 0x01 && type != 0x04) {
    return no_key(text, fmt::format("type {} is neither Ed25519 nor a cosignature", type));
  }
  key.type = static_cast<SignatureType>(type);
  std::copy(typed->begin() + 1, typed->end(), key.key.begin());
  if (key_id_of(key.name, *typed) != key.id) return no_key(text, "its id is of another key");
  return key;
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kNoteSizeMax) {
    return fail(ErrorKind::limit,
                fmt::format("a note of {} bytes; {} are the most", bytes.size(), kNoteSizeMax));
  }
  if (!is_valid_utf8(bytes)) return fail(ErrorKind::corrupt, "the note is not UTF-8");
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') {
      return fail(ErrorKind::corrupt, "the note has a control character");
    }
  }
  const std::size_t empty_line = bytes.rfind("\n\n");
  if (empty_line == bytes.npos) {
    return fail(ErrorKind::corrupt, "the note has no empty line before its signatures");
  }
  Note note{.text = std::string(bytes.substr(0, empty_line + 1)), .signatures = {}};
  std::string_view rest = bytes.substr(empty_line + 2);
  if (!rest.ends_with('\n')) {
    return fail(ErrorKind::corrupt, "the note's last line is not ended, or it has no signature");
  }
  rest.remove_suffix(1);
  for (const std::string_view line : split(rest, '\n')) {
    if (note.signatures.size() == kNoteSignaturesMax) {
      return fail(ErrorKind::limit,
                  fmt::format("a note with more than {} signatures", kNoteSignaturesMax));
    }
    NoteSignature signature = TRY(parse_signature_line(line));
    note.signatures.push_back(std::move(signature));
  }
  return note;
}

Result<void> verify_signature(const Note& note, const VerifierKey& key) {
  if (key.type != SignatureType::ed25519) {
    return fail(ErrorKind::invalid, fmt::format("{} is a key for cosignatures", key.name));
  }
  bool is_signed = false;
  for (const NoteSignature& signature : note.signatures) {
    if (!is_of(signature, key)) continue;
    if (!crypto::verify_ed25519(key.key, as_bytes(note.text), signature.signature)) {
      return wrongly_signed(key);
    }
    is_signed = true;
  }
  if (!is_signed) return not_signed(key);
  return {};
}

Result<std::uint64_t> verify_cosignature(const Note& note, const VerifierKey& key) {
  if (key.type != SignatureType::cosignature) {
    return fail(ErrorKind::invalid, fmt::format("{} is no key for cosignatures", key.name));
  }
  std::optional<std::uint64_t> newest;
  for (const NoteSignature& signature : note.signatures) {
    if (!is_of(signature, key)) continue;
    const auto time = cosigned_at(note, signature, key);
    if (!time) return wrongly_signed(key);
    newest = std::max(newest.value_or(0), *time);
  }
  if (!newest) return not_signed(key);
  return *newest;
}

}  // namespace bulkhead::ledger::verify
