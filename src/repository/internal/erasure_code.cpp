#include "repository/internal/erasure_code.h"

#include <isa-l/erasure_code.h>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

// What ec_init_tables() needs for each coefficient.
constexpr std::size_t kTableSize = 32;

std::vector<unsigned char> cauchy_matrix(std::size_t data, std::size_t all) {
  std::vector<unsigned char> matrix(all * data);
  gf_gen_cauchy1_matrix(matrix.data(), static_cast<int>(all), static_cast<int>(data));
  return matrix;
}

// libisal takes pointers to what it only reads as pointers to what it could change.
unsigned char* mutable_pointer(ByteView bytes) { return const_cast<unsigned char*>(bytes.data()); }

void multiply(const std::vector<unsigned char>& rows, std::vector<unsigned char*>& in,
              std::vector<unsigned char*>& out, std::size_t length) {
  const int inputs = static_cast<int>(in.size());
  const int outputs = static_cast<int>(out.size());
  std::vector<unsigned char> tables(kTableSize * in.size() * out.size());
  std::vector<unsigned char> coefficients = rows;
  ec_init_tables(inputs, outputs, coefficients.data(), tables.data());
  ec_encode_data(static_cast<int>(length), inputs, outputs, tables.data(), in.data(), out.data());
}

}  // namespace

void encode_stripe(const std::vector<ByteView>& data, const std::vector<MutableByteView>& parity) {
  const std::size_t all = data.size() + parity.size();
  CHECK(!data.empty() && !parity.empty() && all <= kShardsMax);
  const std::vector<unsigned char> matrix = cauchy_matrix(data.size(), all);
  const std::vector<unsigned char> rows(
      matrix.begin() + static_cast<std::ptrdiff_t>(data.size() * data.size()), matrix.end());
  std::vector<unsigned char*> in;
  std::vector<unsigned char*> out;
  for (const ByteView view : data) in.push_back(mutable_pointer(view));
  for (const MutableByteView view : parity) out.push_back(view.data());
  multiply(rows, in, out, data.front().size());
}

std::optional<std::vector<Bytes>> decode_stripe(const std::vector<std::optional<ByteView>>& shards,
                                                std::size_t data_shards, std::size_t length) {
  CHECK(shards.size() <= kShardsMax && data_shards <= shards.size());
  std::vector<std::size_t> lost;
  for (std::size_t i = 0; i < data_shards; ++i) {
    if (!shards[i]) lost.push_back(i);
  }
  if (lost.empty()) return std::vector<Bytes>();
  const std::vector<unsigned char> matrix = cauchy_matrix(data_shards, shards.size());
  std::vector<unsigned char> left;  // the rows of k shards that are there
  std::vector<unsigned char*> in;
  for (std::size_t i = 0; i < shards.size() && in.size() < data_shards; ++i) {
    if (!shards[i]) continue;
    const auto row = matrix.begin() + static_cast<std::ptrdiff_t>(i * data_shards);
    left.insert(left.end(), row, row + static_cast<std::ptrdiff_t>(data_shards));
    in.push_back(mutable_pointer(*shards[i]));
  }
  if (in.size() < data_shards) return std::nullopt;
  std::vector<unsigned char> inverse(left.size());
  // Every square part of a Cauchy matrix over the unit matrix can be inverted.
  CHECK(gf_invert_matrix(left.data(), inverse.data(), static_cast<int>(data_shards)) == 0);
  std::vector<unsigned char> rows;
  std::vector<Bytes> found;
  std::vector<unsigned char*> out;
  for (const std::size_t i : lost) {
    const auto row = inverse.begin() + static_cast<std::ptrdiff_t>(i * data_shards);
    rows.insert(rows.end(), row, row + static_cast<std::ptrdiff_t>(data_shards));
    found.emplace_back(length);
  }
  for (Bytes& bytes : found) out.push_back(bytes.data());
  multiply(rows, in, out, length);
  return found;
}

}  // namespace bulkhead::repository
