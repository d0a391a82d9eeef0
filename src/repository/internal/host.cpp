#include "repository/internal/host.h"

#include <array>

#include <pwd.h>
#include <unistd.h>

namespace bulkhead::repository {

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::string this_user() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return std::to_string(::geteuid());
  }
  return found->pw_name;
}

}  // namespace bulkhead::repository
