// Polynomials over GF(2) of degree below 64, bit i being the coefficient of x^i: what the Rabin
// fingerprint of the chunker computes with.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/result.h"

namespace bulkhead::repository {

using Polynomial = std::uint64_t;

// The degree that restic's chunker needs.
inline constexpr int kChunkerPolynomialDegree = 53;

// -1 for the zero polynomial.
int degree(Polynomial p);
Polynomial modulo(Polynomial dividend, Polynomial divisor);
// a·b mod m without ever exceeding 64 bits; m must have a degree of at most 62.
Polynomial multiply_modulo(Polynomial a, Polynomial b, Polynomial m);
Polynomial greatest_common_divisor(Polynomial a, Polynomial b);
// Ben-Or's test.
bool is_irreducible(Polynomial p);

Polynomial random_chunker_polynomial(Random& random);
// Kind corrupt where it has not the degree, or is not irreducible.
Result<void> require_chunker_polynomial(Polynomial p);

}  // namespace bulkhead::repository
