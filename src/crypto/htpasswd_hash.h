// The hashes of Apache's htpasswd files that rest-server takes: bcrypt ("$2y$…") and, because old
// files hold them, unsalted SHA-1 ("{SHA}…").
#pragma once

#include <string_view>

namespace bulkhead::crypto {

// Whether the text is a hash of one of these forms.
bool is_htpasswd_hash(std::string_view hash);
// False for a wrong password and for a text that is no hash alike.
bool verify_htpasswd(std::string_view hash, std::string_view password);

}  // namespace bulkhead::crypto
