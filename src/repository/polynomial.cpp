#include "repository/polynomial.h"

#include <bit>

#include <fmt/format.h>

#include "base/check.h"

namespace bulkhead::repository {

int degree(Polynomial p) { return 63 - std::countl_zero(p); }

Polynomial modulo(Polynomial dividend, Polynomial divisor) {
  CHECK(divisor != 0);
  const int divisor_degree = degree(divisor);
  while (degree(dividend) >= divisor_degree) {
    dividend ^= divisor << (degree(dividend) - divisor_degree);
  }
  return dividend;
}

Polynomial multiply_modulo(Polynomial a, Polynomial b, Polynomial m) {
  CHECK(degree(m) >= 1 && degree(m) <= 62);
  a = modulo(a, m);
  Polynomial product = 0;
  while (b != 0) {
    if (b & 1) product ^= a;
    a = modulo(a << 1, m);
    b >>= 1;
  }
  return product;
}

Polynomial greatest_common_divisor(Polynomial a, Polynomial b) {
  while (b != 0) {
    const Polynomial rest = modulo(a, b);
    a = b;
    b = rest;
  }
  return a;
}

bool is_irreducible(Polynomial p) {
  if (degree(p) < 1) return false;
  if (degree(p) == 1) return true;
  // p has no factor of degree i where x^(2^i) - x and p have no common divisor.
  Polynomial power = 2;
  for (int i = 1; i <= degree(p) / 2; ++i) {
    power = multiply_modulo(power, power, p);
    if (greatest_common_divisor(p, power ^ 2) != 1) return false;
  }
  return true;
}

Polynomial random_chunker_polynomial(Random& random) {
  constexpr Polynomial kTop = Polynomial{1} << kChunkerPolynomialDegree;
  // One in about 53 is irreducible; a generator that never gives one is broken.
  constexpr int kTriesMax = 1'000'000;
  for (int i = 0; i < kTriesMax; ++i) {
    const Polynomial candidate = (random.next_u64() & (2 * kTop - 1)) | kTop | 1;
    if (is_irreducible(candidate)) return candidate;
  }
  CHECK(!"a random generator that gives no irreducible polynomial");
  return 0;
}

Result<void> require_chunker_polynomial(Polynomial p) {
  if (degree(p) == kChunkerPolynomialDegree && is_irreducible(p)) return {};
  return fail(ErrorKind::corrupt,
              fmt::format("chunker polynomial {:x} is not irreducible of degree 53", p));
}

}  // namespace bulkhead::repository
