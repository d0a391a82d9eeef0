// The officers' orders that the vault has taken, and what follows from them: destructions that
// wait, keys that may be added. Each accepted order is kept, signed as it came, in orders.jsonl,
// and the state is what those lines say when they are read again. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "vault/file_layer.h"
#include "vault/statement.h"

namespace bulkhead::vault {

enum class DestructionState { asked, confirmed, cancelled, done };
std::string_view name_of(DestructionState state);

struct Destruction {
  std::string request;
  std::string repository;
  std::string first_officer;
  std::string second_officer;
  std::string cancelled_by;
  DestructionState state = DestructionState::asked;
  WallTime asked{};
  WallTime due{};  // once it is confirmed
};

class Orders {
 public:
  // Makes the vault's identity where there is none.
  static Result<std::unique_ptr<Orders>> open(const Path& folder, FileLayer& files,
                                              std::chrono::milliseconds delay);

  // Names this vault in statements.
  const std::string& vault() const { return vault_; }
  // `received` is the receive clock's time. Answers what it did, in words. Kind denied: it is for
  // another vault; conflict: it does not fit what was ordered before.
  Result<std::string> take(const Statement& statement, std::string_view envelope,
                           WallTime received);
  std::vector<Destruction> destructions() const;
  // Those that are due, by the receive clock's expiry time.
  std::vector<Destruction> due(WallTime now) const;
  Result<void> mark_done(const std::string& request, WallTime at);
  // Whether an officer allowed this key file.
  bool allows_key(const std::string& repository, const std::string& name) const;

 private:
  struct State {
    std::map<std::string, Destruction> destructions;
    std::set<std::pair<std::string, std::string>> keys;
  };
  Orders(Path file, std::string vault, FileLayer& files, std::chrono::milliseconds delay)
      : file_(std::move(file)), vault_(std::move(vault)), files_(files), delay_(delay) {}
  Result<void> replay();
  // Without writing anything.
  Result<std::string> apply(const Statement& statement, WallTime received, State& state) const;
  Result<std::string> apply_destroy(const Statement& statement, WallTime received,
                                    State& state) const;
  Result<void> append(std::string line);

  const Path file_;
  const std::string vault_;
  FileLayer& files_;
  const std::chrono::milliseconds delay_;
  Guarded<State> state_;
};

}  // namespace bulkhead::vault
