#include "vault/orders.h"

#include <fmt/format.h>

#include "base/random.h"
#include "base/text.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kFileSizeMax = 64 * 1024 * 1024;
constexpr std::size_t kDestructionsMax = 1000;

Result<std::string> identity_in(const Path& folder) {
  const Path file = folder / "identity";
  const auto text = read_text_file(file, 100);
  if (text) return std::string(trim(*text));
  if (text.error().kind() != ErrorKind::not_found) return std::unexpected(text.error());
  const std::string identity = to_hex(SystemRandom().bytes(16));
  TRY(write_file_atomic(file, as_bytes(identity + "\n"), 0600));
  return identity;
}

bool is_over(const Destruction& destruction) {
  return destruction.state == DestructionState::cancelled ||
         destruction.state == DestructionState::done;
}

}  // namespace

std::string_view name_of(DestructionState state) {
  switch (state) {
    case DestructionState::asked: return "asked";
    case DestructionState::confirmed: return "confirmed";
    case DestructionState::cancelled: return "cancelled";
    case DestructionState::done: return "done";
  }
  return "";
}

Result<std::unique_ptr<Orders>> Orders::open(const Path& folder, FileLayer& files,
                                             std::chrono::milliseconds delay) {
  std::string identity = TRY(identity_in(folder));
  std::unique_ptr<Orders> orders(
      new Orders(folder / "orders.jsonl", std::move(identity), files, delay));
  TRY_CONTEXT(orders->replay(), orders->file_.native());
  return orders;
}

// The signatures were checked when the orders came; officers may have gone since. A last line that
// a crash cut short belongs to nothing that was acknowledged.
Result<void> Orders::replay() {
  const auto text = read_text_file(file_, kFileSizeMax);
  if (!text && text.error().kind() == ErrorKind::not_found) return {};
  if (!text) return std::unexpected(text.error());
  return state_.with([&](State& state) -> Result<void> {
    for (const std::string_view line : split(*text, '\n')) {
      const auto value = json::parse(line);
      if (!value) continue;
      const std::string* received = (*value)["received"].string();
      const auto at = received != nullptr ? from_rfc3339(*received)
                                          : Result<WallTime>(fail(ErrorKind::corrupt, "no time"));
      if (!at) continue;
      if (const std::string* done = (*value)["done"].string()) {
        const auto found = state.destructions.find(*done);
        if (found != state.destructions.end()) found->second.state = DestructionState::done;
        continue;
      }
      const std::string* envelope = (*value)["envelope"].string();
      if (envelope == nullptr) continue;
      const json::Value order = TRY(json::parse(*envelope));
      const std::string text_of_order = TRY(order["statement"].to_string("statement"));
      const Statement statement = TRY(decode_statement(text_of_order));
      // What was refused was not written; but for a line that a crash put there twice.
      (void)apply(statement, *at, state);
    }
    return {};
  });
}

Result<void> Orders::append(std::string line) {
  FileDescriptor file = TRY(files_.open_log(file_));
  // A line that was cut short is ended by the newline in front.
  TRY(files_.write(file.get(), as_bytes("\n" + line + "\n")));
  TRY(files_.sync_data(file.get()));
  return files_.sync_folder(file_.parent_path());
}

Result<std::string> Orders::apply_destroy(const Statement& statement, WallTime received,
                                          State& state) const {
  const auto found = state.destructions.find(statement.request);
  if (found == state.destructions.end()) {
    if (state.destructions.size() >= kDestructionsMax) {
      return fail(ErrorKind::limit, "too many destructions were asked for");
    }
    Destruction asked{.request = statement.request,
                      .repository = statement.repository,
                      .first_officer = statement.officer};
    asked.asked = received;
    state.destructions.emplace(statement.request, std::move(asked));
    return fmt::format("destruction of {} asked for as {}; a second officer must confirm it",
                       statement.repository, statement.request);
  }
  Destruction& destruction = found->second;
  if (destruction.state != DestructionState::asked) {
    return fail(ErrorKind::conflict, fmt::format("request {} is {} already", statement.request,
                                                 name_of(destruction.state)));
  }
  if (destruction.repository != statement.repository) {
    return fail(ErrorKind::conflict, fmt::format("request {} is for the repository {}",
                                                 statement.request, destruction.repository));
  }
  if (destruction.first_officer == statement.officer) {
    return fail(ErrorKind::conflict, "the officer who asked cannot confirm, too");
  }
  destruction.second_officer = statement.officer;
  destruction.state = DestructionState::confirmed;
  destruction.due = received + delay_;
  return fmt::format("destruction of {} confirmed; it is due at {} unless an officer cancels it",
                     destruction.repository, to_rfc3339(destruction.due));
}

Result<std::string> Orders::apply(const Statement& statement, WallTime received,
                                  State& state) const {
  switch (statement.order) {
    case Order::destroy: return apply_destroy(statement, received, state);
    case Order::cancel: {
      const auto found = state.destructions.find(statement.request);
      if (found == state.destructions.end()) {
        return fail(ErrorKind::not_found, fmt::format("there is no request {}", statement.request));
      }
      if (is_over(found->second)) {
        return fail(ErrorKind::conflict, fmt::format("request {} is {} already", statement.request,
                                                     name_of(found->second.state)));
      }
      found->second.state = DestructionState::cancelled;
      found->second.cancelled_by = statement.officer;
      return fmt::format("request {} is cancelled", statement.request);
    }
    case Order::enrol_key:
      state.keys.emplace(statement.repository, statement.key);
      return fmt::format("{} may be given the key {}", statement.repository, statement.key);
    case Order::accept_clock: return std::string("the system's time is accepted");
  }
  return fail(ErrorKind::internal, "an order of no known kind");
}

Result<std::string> Orders::take(const Statement& statement, std::string_view envelope,
                                 WallTime received) {
  if (statement.vault != vault_) {
    return fail(ErrorKind::denied, "this order is for another vault");
  }
  const std::string line = json::write(
      json::Object{{"received", to_rfc3339(received)}, {"envelope", std::string(envelope)}});
  return state_.with([&](State& state) -> Result<std::string> {
    State after = state;
    std::string said = TRY(apply(statement, received, after));
    TRY(append(line));
    state = std::move(after);
    return said;
  });
}

std::vector<Destruction> Orders::destructions() const {
  return state_.with([](const State& state) {
    std::vector<Destruction> all;
    for (const auto& [request, destruction] : state.destructions) all.push_back(destruction);
    return all;
  });
}

std::vector<Destruction> Orders::due(WallTime now) const {
  std::vector<Destruction> all = destructions();
  std::erase_if(all, [&](const Destruction& one) {
    return one.state != DestructionState::confirmed || one.due > now;
  });
  return all;
}

Result<void> Orders::mark_done(const std::string& request, WallTime at) {
  return state_.with([&](State& state) -> Result<void> {
    const auto found = state.destructions.find(request);
    if (found == state.destructions.end()) return {};
    TRY(append(json::write(json::Object{{"received", to_rfc3339(at)}, {"done", request}})));
    found->second.state = DestructionState::done;
    return {};
  });
}

bool Orders::allows_key(const std::string& repository, const std::string& name) const {
  return state_.with([&](const State& state) { return state.keys.contains({repository, name}); });
}

}  // namespace bulkhead::vault
